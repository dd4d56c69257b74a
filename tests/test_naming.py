"""The measurement of names counts what is explained, where, and what is claimed of nothing."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd_ref import check_gradients
from autograd_ref.report.data import Cause
from tests.naming.__main__ import main
from tests.naming.ask import Answer, Both, Question, ask, judged, quoted
from tests.naming.nobody import KINDS, spoilt
from tests.naming.record import Answers
from tests.naming.second_reader import JUDGEMENTS, judgements, thought, unread
from tests.naming.table import claims, explained, row
from tests.naming.zoo import Model, models

Captured = pytest.CaptureFixture[str]

UNSEEN = '''"""A line through points."""
import numpy as np
import torch


def point(random):
    X = random.normal(size=(7, 3))
    return {"w": random.normal(size=3), "b": random.normal(size=2)}, (X, random.normal(size=7))


def loss(p, X, y):
    h = torch.tanh(
        X @ p["w"],
    )
    return ((h - y) ** 2).sum() / len(y) + (p["b"] ** 2).sum()


def gradients(p, X, y, mistake=None):
    h = np.tanh(X @ p["w"])
    e = 2 * (h - y) / len(y)
    slope = h if mistake == "slope" else 1 - h**2
    db = 2 * p["b"] * (-1.0 if mistake == "sign" else 1.0)
    if mistake == "nothing":
        pass
    if mistake == "fails":
        raise ZeroDivisionError("here")
    return {"w": X.T @ (e * slope), "b": db}


MISTAKES = {
    "slope": ("torch.tanh", "the derivative of tanh is taken to be tanh"),
    "sign": ("torch.tanh", "not there"),
    "nothing": ("torch.tanh", "makes no difference"),
    "fails": ("torch.tanh", "raises"),
}
'''


@pytest.fixture
def line(tmp_path: Path) -> Model:
    _ = (tmp_path / "unseen").mkdir()
    _ = (tmp_path / "unseen" / "line.py").write_text(UNSEEN, encoding="utf-8")
    _ = (tmp_path / "unseen" / "helper.py").write_text("A = 1\n", encoding="utf-8")
    return models(tmp_path / "unseen")["line"]


def question(*titles: str, kind: str = "mistake", seed: int = 0) -> Question:
    return Question("line", kind, titles, seed)


ZOO = models()


def test_there_are_enough_models_and_each_quotes_its_own_lines() -> None:
    assert len(ZOO) >= 20
    for model in ZOO.values():
        assert len(model.mistakes) >= 6
        assert model.module.__file__ is not None
        before, _rest = Path(model.module.__file__).read_text(encoding="utf-8").split("MISTAKES")
        for place, said in model.mistakes.values():
            assert place in before
            assert len(said) > 15


@pytest.mark.untraced
@pytest.mark.parametrize("name", ZOO)
def test_the_right_gradient_matches_and_every_mistake_makes_a_difference(name: str) -> None:
    model = ZOO[name]
    parameters, data = model.point(0)
    right = model.gradients()(parameters, *data)
    report = check_gradients(model.gradients(), parameters, *data, loss=model.loss, elsewhere=False)
    assert report.verdict == "match", report
    for title in model.mistakes:
        found = model.gradients(title)(parameters, *data)
        assert any(not np.allclose(found[key], right[key], rtol=1e-4) for key in right), title


@pytest.mark.untraced
def test_what_is_explained_and_where_is_told(line: Model) -> None:
    assert ask(line, question("slope")).result == "here"
    sign = ask(line, question("sign"))
    assert sign.result == "without a place"
    assert "except for the sign" in sign.text
    assert sign.seconds > 0
    assert ask(line, question("nothing")).result == "none"
    failed = ask(line, question("fails"))
    assert (failed.result, failed.text) == ("raised", "ZeroDivisionError: here")


def test_both_mistakes_are_made_at_once(line: Model) -> None:
    both = Both("slope", "sign")
    assert both == "slope"
    assert both == "sign"
    assert both != "nothing"
    parameters, data = line.point(0)
    found = line.module.gradients(parameters, *data, mistake=both)
    one, other = (line.gradients(t)(parameters, *data) for t in ("slope", "sign"))
    assert np.array_equal(found["w"], one["w"])
    assert np.array_equal(found["b"], other["b"])
    assert ask(line, question("slope", "nothing", kind="pair")).result == "none"


def test_a_place_is_the_statement_that_has_the_line(line: Model) -> None:
    def cause(text: str) -> Cause:
        return Cause("", ("w",), text, "", 1.0, 0.0)

    assert quoted(line, cause("in `x` (line 13)")).count("\n") == 2
    assert "X @ p" in quoted(line, cause("in `x` (line 12)"))
    assert quoted(line, cause("alike in lines 13 and 15")).endswith('(p["b"] ** 2).sum()')
    assert quoted(line, cause("in no line")) == ""
    assert quoted(line, cause("in line 1000")) == ""


def test_the_result_is_by_what_the_causes_explain(line: Model) -> None:
    def report(*causes: Cause, verdict: str = "mismatch") -> Any:
        blocks = [SimpleNamespace(name=n, verdict="mismatch") for n in ("w", "b")]
        return SimpleNamespace(verdict=verdict, blocks=blocks, causes=causes)

    def cause(text: str, *blocks: str) -> Cause:
        return Cause("", blocks, text, "", 1.0, 0.0)

    asked = question("slope")
    assert judged(line, asked, report(cause("(line 13)", "w"))) == ("unknown", "(line 13)")
    assert judged(line, asked, report(cause("(line 15)", "w", "b")))[0] == "elsewhere"
    two = report(cause("(line 15)", "w", "b"), cause("(line 13)", "w", "b"))
    assert judged(line, asked, two) == ("here", "(line 13) Fix: .")
    assert judged(line, asked, report(verdict="match")) == ("match", "")
    nobody = question("noise in a block", kind="nobody")
    assert judged(line, nobody, two)[0] == "elsewhere"


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_derived_is_wrong_and_the_same_each_time(kind: str, line: Model) -> None:
    parameters, data = line.point(0)
    right = line.gradients()(parameters, *data)
    wrong = spoilt(line, kind, 3)
    found, again = wrong(parameters, *data), wrong(parameters, *data)
    assert any(not np.allclose(found[key], right[key], rtol=1e-7) for key in right)
    assert all(np.array_equal(found[key], again[key]) for key in right)
    assert {k: np.shape(v) for k, v in found.items()} == {k: np.shape(v) for k, v in right.items()}


def run(folder: Path, *more: str) -> int:
    record = ["--record", str(folder / "record.jsonl")]
    return main(["--unseen", str(folder / "unseen"), *record, *more])


@pytest.mark.untraced
@pytest.mark.usefixtures("line")
def test_a_run_is_counted_and_goes_on_where_it_stopped(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path, "--seconds", "0") == 0
    assert "Explained: 0 of 0 (none)" in capsys.readouterr().out
    assert run(tmp_path) == 1, "one raises"
    text = capsys.readouterr().out
    assert "Explained: 2 of 3 (66.7%), 1 of them at the place." in text
    known = Answers(tmp_path / "record.jsonl", resume=True).known
    assert [answer.result for answer in known.values()] == [
        "here",
        "without a place",
        "none",
        "raised",
    ]
    assert run(tmp_path, "--resume", "--read") == 1
    text = capsys.readouterr().out
    assert "line\tslope\t?\tYour w is what comes out if" in text
    assert "Words: 0 place, 0 equal, 0 clumsy, 0 wrong, 2 not read." in text
    assert len((tmp_path / "record.jsonl").read_text(encoding="utf-8").splitlines()) == 4
    assert run(tmp_path, "--only", "cube") == 2
    assert "There is no model cube; there are line." in capsys.readouterr().out


@pytest.mark.untraced
@pytest.mark.usefixtures("line")
def test_pairs_and_what_nobody_derived_are_asked_too(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path, "--pairs", "1", "--seed", "1") in (0, 1)
    assert "Explained" in capsys.readouterr().out
    assert run(tmp_path, "--nobody", "2") == 0
    assert "Claims of a wrong step: 0." in capsys.readouterr().out


def test_an_interrupt_ends_a_run_between_two(
    tmp_path: Path, line: Model, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def interrupted(*_: object) -> Answer:
        raise KeyboardInterrupt

    monkeypatch.setattr("tests.naming.__main__.ask", interrupted)
    assert run(tmp_path, "--only", line.name) == 0
    assert "with --resume goes on" in capsys.readouterr().out


def test_claims_are_what_is_said_of_a_line() -> None:
    noise = question("noise in a block", kind="nobody")
    said = Answer(noise, "elsewhere", "in line 3", 1.0)
    numbers = Answer(noise, "without a place", "off by a factor", 3.0)
    assert list(claims([said, numbers])) == ["line, noise in a block, seed 0: in line 3"]
    assert row("all", [said, numbers])[-3:] == ["2.00", "2.90", "3.00"]
    assert explained([said, numbers]).startswith("Explained: 2 of 2 (100.0%), 0 of them")


def test_words_are_read_again_where_they_have_changed(tmp_path: Path) -> None:
    file = tmp_path / "judged.tsv"
    _ = file.write_text("line\tslope\tplace\tsaid\nline\tsign\tclumsy\tbefore\n", encoding="utf-8")
    answers = [Answer(question("slope"), "here", "said"), Answer(question("sign"), "here", "now")]
    unknown = Answer(question("none"), "unknown", "")
    assert list(unread([*answers, unknown], file)) == ["line\tsign\t?\tnow"]
    assert thought(answers, file) == "Words: 1 place, 0 equal, 0 clumsy, 0 wrong, 1 not read."


def test_every_judgement_is_about_a_mistake_and_at_most_two_in_a_hundred_are_wrong() -> None:
    known = judgements()
    assert all(title in ZOO[model].mistakes for model, title in known)
    found = [judged.judgement for judged in known.values()]
    assert set(found) <= set(JUDGEMENTS)
    assert found.count("wrong") <= 0.02 * len(found)
