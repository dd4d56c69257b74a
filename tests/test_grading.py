"""Points of a submission: the grading file, credit, and the files that say so."""

import csv
import io
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_ref import check_gradients
from autograd_ref.assignment.mistakes.planted import PLANTED
from autograd_ref.commands.grade.asked.requirements import require_known
from autograd_ref.commands.grade.graded import Graded, mistake_of, mistakes
from autograd_ref.commands.grade.grading import DEFAULT, Grading, grading_of
from autograd_ref.commands.grade.isolation.source import marks_in
from autograd_ref.commands.grade.outcome import Mark, Outcome, as_line, outcome_in, report_of
from autograd_ref.commands.grade.results.page import as_page
from autograd_ref.commands.grade.results.records import as_csv, as_gradescope, as_json
from autograd_ref.commands.grade.results.table import as_text, said_of
from autograd_ref.commands.grade.scoring import scored
from autograd_ref.commands.grade.submissions import Submission, copied, submissions_in
from autograd_ref.commands.mistakes import names
from autograd_ref.commands.options import Unusable
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients

SHAPE = NetworkShape(inputs=3, hidden=4, outputs=2)
PARAMETERS = initialize(SHAPE, seed=0, std=0.5)
X = np.random.default_rng(0).normal(size=(5, 3))
Y = np.arange(5) % 2

LIST = "needs a name that crosscheck mistakes lists"

Change = Callable[[Parameters], Any]


def report_with(change: Change, **named: Any) -> Report:
    def gradients(parameters: Parameters, X: Any, Y: Any) -> Any:
        value, right = loss_and_gradients(parameters, X, Y)
        return value, change(right)

    return check_gradients(gradients, PARAMETERS, X, Y, **named)


def outcome_with(change: Change, **named: Any) -> Outcome:
    report = report_with(change)
    return Outcome(
        function="mine.py:gradients",
        called=("Called with Parameters.",),
        where="a random problem",
        verdicts={block.name: block.verdict for block in report.quantities},
        harmful=tuple(note.kind for note in report.harmful),
        report=report.to_dict(),
    )._replace(**named)


@cache
def right() -> Outcome:
    return outcome_with(lambda right: right)


@cache
def summed() -> Outcome:
    return outcome_with(lambda right: right._replace(W0=right.W0 * 5, b1=right.b1 * 5))


@cache
def unnamed() -> Outcome:
    return outcome_with(lambda right: right._replace(W0=right.W0 + np.cos(right.W0)))


def raised() -> Outcome:
    return Outcome(error="raises")


def graded(outcome: Outcome, name: str = "mine.py", grading: Grading | None = None) -> Graded:
    by = grading_with("") if grading is None else grading
    return Graded(Submission(name, Path(name), "hash"), outcome, scored(outcome, by))


def grading_with(text: str) -> Grading:
    from autograd_ref.commands.grade import grading as module

    found: dict[str, object] = module.tomllib.loads(text)
    return module.grading_from(found, Path(), text)


def test_the_example_says_what_holds_without_a_file(tmp_path: Path) -> None:
    file = tmp_path / "grading.toml"
    assert file.write_text(DEFAULT, encoding="utf-8")
    same = {"text": "", "folder": Path()}
    assert grading_of(file)._replace(**same) == grading_of(None)._replace(**same)


def test_what_a_file_leaves_out_is_the_default() -> None:
    found = grading_with("seeds = [4]\n[points]\nloss = 1.5\nb1 = 0\n[limits]\nmemory = 10\n")
    assert found.seeds == (4,)
    assert found.points == {**grading_of(None).points, "loss": 1.5, "b1": 0}
    assert found.limits == grading_of(None).limits._replace(memory=10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = []", "seeds is []; it needs to be a list of integers of at least 0"),
        ("seeds = [-1]", "seeds is [-1]"),
        ("seeds = [true]", "seeds is [True]; it needs to be a list of integers"),
        ("seeds = 3", "seeds is 3; it needs to be a list"),
        ("point = 3", "the file has 'point'; did you mean 'points'? It needs seeds, file,"),
        ("quux = 3", "the file has 'quux'; it needs seeds, file,"),
        ("points = 3", "points is 3; it needs to be a table [points]"),
        ("[points]\nW0 = -1", "points.W0 is -1; it needs to be a number of at least 0"),
        ("[points]\nW0 = '2'", "points.W0 is '2'; it needs to be a number"),
        ("[points]\nW0 = inf", "points.W0 is inf; it needs to be a number of at least 0"),
        ("[points]\nbehavior = 1", "has 'behavior'; did you mean 'behaviour'? It needs loss, W0,"),
        ("[points]\nseeds = [3]", "[points] has 'seeds'; it stands at the top of the file, before"),
        ("credit = 1", "credit is 1; it needs to be a table [credit]"),
        ("[credit]\n'1/S mising' = 1", f"has '1/S mising'; did you mean '1/S missing'? It {LIST}"),
        ("[credit]\n'twice + zeros' = 1", f"[credit] has 'zeros'; did you mean 'zero'? It {LIST}"),
        ("[credit]\nquux = 1", f"[credit] has 'quux'; it {LIST}"),
        ("[credit]\ntwice = true", "credit.twice is True; it needs to be a share"),
        ("[credit]\ntwice = nan", "credit.twice is nan; it needs to be a share"),
        ("[points]\nW0=0\nb0=0\nW1=0\nb1=0\nbehaviour=0", "one part with more than 0"),
        ("[points]\nW2 = 1", "[points] has 'W2'; it needs loss, W0,"),
        ("[credit]\n'1/S missing' = 2", "credit.1/S missing is 2; it needs to be a share"),
        ("[credit]\n'1/S missing' = 'half'", "needs to be a share from 0 to 1"),
        ("[limits]\nmemory = 0", "limits.memory is 0; it needs to be greater than 0"),
        ("[limits]\nseconds = 0", "limits.seconds is 0; it needs to be greater than 0"),
        ("[limits]\nseconds = inf", "limits.seconds is inf; it needs to be greater than 0"),
        (
            "[limits]\nfiles = 9999999",
            "limits.files is 9999999; it needs to be greater than 0, and",
        ),
        (
            "[limits]\nsecond = 1",
            "[limits] has 'second'; did you mean 'seconds'? It needs seconds,",
        ),
        ("[limits]\nmemory = 1.5", "limits.memory is 1.5; it needs to be an integer"),
        ("[limits]\nprocesses = 1", "limits.processes is 1; it needs to be true or false"),
        ("[marks]\nimports = 'no'", 'is \'no\'; it needs to be "zero", "flag" or "allow"'),
        ("[marks]\nimport = 'zero'", "[marks] has 'import'; did you mean 'imports'? It needs"),
        ("page = 'all'", 'page is \'all\'; it needs to be "full" or "where"'),
        ("function = 3", "function is 3; it needs to be a text"),
        ("function = 'a:b'", "function is 'a:b'; it needs to be a name, as in"),
        ("file = 'x.txt'", "file is 'x.txt'; it needs to be a Python file or a notebook"),
        ("adapter = 'adapt'", "adapter is 'adapt'; it needs to be as in"),
        (
            "adapter = 'none.py:adapt'",
            "adapter is 'none.py:adapt'; it needs to be in a file that is",
        ),
        ("[network]\nactivaton = 'tanh'", "[network] has 'activaton'; did you mean 'activation'?"),
        ("[network]\nactivation = 'tan'", "[network]: activation is 'tan'; it needs to be one of"),
        ("[network]\nshape = [4]", "network.shape is [4]; it needs to be a list of the sizes"),
        ("[convention]\nshape = [1, 2]", "convention.shape is [1, 2]"),
        ("[convention]\nrows = true", "[convention] has 'rows'; it needs theta, targets,"),
        ("[convention]\ntheta = 1", "convention.theta is 1; it needs to be true or false"),
        ("[convention]\nlayout = 'row'", 'is \'row\'; it needs to be "rows" or "columns"'),
        ("x = ", "it is no TOML"),
    ],
)
def test_a_file_that_says_something_else_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "grading.toml"
    _ = file.write_text(text, encoding="utf-8")
    with pytest.raises(Unusable) as refused:
        _ = grading_of(file)
    assert said in str(refused.value)
    assert "grading.toml" in str(refused.value)


def test_credit_is_taken_by_every_name_and_a_title_leads_to_one() -> None:
    known = (*names(), "sign flipped + 1/S missing")
    lines = "\n".join(f"{json.dumps(name)} = 0.5" for name in known)
    assert {*grading_with(f"[credit]\n{lines}").credit} == {*known}
    for planted in PLANTED:
        if planted.title != planted.of.name:
            with pytest.raises(ValueError, match=re.escape(f"did you mean {planted.of.name!r}?")):
                require_known([planted.title], known, "[credit]")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="No such file"):
        _ = grading_of(tmp_path / "none.toml")
    file = tmp_path / "latin.toml"
    _ = file.write_bytes(b'file = "\xe9"')
    with pytest.raises(Unusable, match="no text in UTF-8"):
        _ = grading_of(file)


def parts(outcome: Outcome, text: str = "") -> dict[str, float]:
    return {part.name: part.points for part in scored(outcome, grading_with(text)).parts}


def test_every_part_has_its_points() -> None:
    assert parts(right()) == {"W0": 2, "b0": 2, "W1": 2, "b1": 2, "behaviour": 2}
    assert parts(summed()) == {"W0": 0, "b0": 2, "W1": 2, "b1": 0, "behaviour": 2}
    assert parts(right(), "[points]\nloss = 3")["loss"] == 3
    assert parts(Outcome(error="raises"))["W0"] == 0


@pytest.mark.untraced
def test_a_mistake_with_a_name_keeps_its_share() -> None:
    named = "[credit]\n'1/S missing' = 0.8"
    assert parts(summed(), named) == {"W0": 1.6, "b0": 2, "W1": 2, "b1": 1.6, "behaviour": 2}
    assert parts(unnamed(), named)["W0"] == 0


def test_two_mistakes_at_once_keep_both_shares() -> None:
    report = dict(summed().report or {})
    cause = {**report["causes"][0], "kind": "1/S missing + sign flipped"}
    both = summed()._replace(report={**report, "causes": [cause]})
    assert parts(both, "[credit]\n'1/S missing' = 0.8\n'sign flipped' = 0.5")["W0"] == 0.8
    assert parts(both, "[credit]\n'1/S missing' = 0.8")["W0"] == 0
    assert parts(both, "[credit]\n'1/S missing + sign flipped' = 0.5")["W0"] == 1


def test_of_several_causes_the_best_for_the_student_counts() -> None:
    report = dict(summed().report or {})
    first = report["causes"][0]
    other = {**first, "kind": "twice"}
    either = summed()._replace(report={**report, "causes": [other, first]})
    assert parts(either, "[credit]\n'1/S missing' = 0.8\ntwice = 0.1")["W0"] == 1.6


def test_doing_nothing_does_no_harm_and_gets_no_points() -> None:
    nothing = outcome_with(lambda right: Parameters(*(0 * block for block in right)))
    assert parts(nothing) == dict.fromkeys(("W0", "b0", "W1", "b1", "behaviour"), 0)


def test_what_does_harm_costs_the_points_of_behaviour() -> None:
    harm = right()._replace(harmful=("changes its arguments",))
    assert parts(harm)["behaviour"] == 0
    assert mistake_of(graded(harm)) == "changes its arguments"
    assert "The function changes its arguments." in as_page(graded(harm), grading_with(""))


def test_what_cannot_be_decided_is_to_be_looked_at() -> None:
    open_ = right()._replace(verdicts={**right().verdicts, "W1": "inconclusive"})
    one = graded(open_)
    assert one.score.review == "W1 cannot be decided"
    assert (parts(open_)["W1"], mistake_of(one)) == (0, "cannot be decided")


def test_what_is_not_returned_is_said() -> None:
    without = right()._replace(verdicts={"W0": "match"})
    found = {p.name: p.said for p in scored(without, grading_with("[points]\nloss = 1")).parts}
    assert (found["W0"], found["b0"], found["loss"]) == ("Right.", "Not returned.", "Not returned.")


def test_intermediates_are_judged_on_those_before_them() -> None:
    def gradients(parameters: Parameters, X: Any, Y: Any) -> Any:
        from manual_backprop import forward

        value, right = loss_and_gradients(parameters, X, Y)
        found = forward(parameters, X)
        return value, right, {"a1": found.a1, "y_hat": found.y_hat * 2}

    report = check_gradients(gradients, PARAMETERS, X, Y)
    with_steps = right()._replace(report=report.to_dict())
    points = "[points]\nintermediates = 4"
    assert [step.name for step in report.intermediates] == ["a1", "y_hat"]
    assert parts(with_steps, points)["intermediates"] == 2
    assert parts(right(), points)["intermediates"] == 0
    page = as_page(graded(with_steps), grading_with(f"page = 'where'\n{points}"))
    assert "Look at the step that makes y_hat." in page


@pytest.mark.parametrize(("rule", "points", "zeroed"), [("zero", 0, True), ("flag", 10, False)])
def test_the_file_says_what_a_mark_does(rule: str, points: float, *, zeroed: bool) -> None:
    marked = right()._replace(marks=(Mark("imports", "imports torch"),))
    score = scored(marked, grading_with(f"[marks]\nimports = '{rule}'"))
    assert (score.points, score.zeroed, score.review) == (points, zeroed, "imports torch")
    assert scored(marked, grading_with("[marks]\nimports = 'allow'")).review == ""


@pytest.mark.untraced
@pytest.mark.parametrize("made", [right, summed, unnamed, raised])
def test_an_outcome_comes_back_from_its_line(made: Callable[[], Outcome]) -> None:
    outcome = made()
    back = outcome_in(as_line(outcome))
    assert back._replace(report=None) == outcome._replace(report=None)
    assert json.loads(as_line(back)) == json.loads(as_line(outcome))
    if outcome.report is not None:
        first, second = report_of(back), report_of(outcome)
        assert first is not None
        assert second is not None
        assert first.quantities == second.quantities
        assert first.causes == second.causes
        assert first.witness == second.witness


def test_numbers_that_json_lacks_come_back() -> None:
    outcome = outcome_with(lambda right: right._replace(b0=right.b0 * np.nan))
    report = report_of(outcome_in(as_line(outcome)))
    assert report is not None
    assert np.isnan(report.blocks[1].hand or 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"points": 10},
        {"report": {"blocks": []}},
        {"report": []},
        {"verdicts": []},
        {"seconds": "long"},
        {"marks": [{"kind": "imports"}]},
        {"marks": ["imports"]},
    ],
)
def test_what_is_no_outcome_is_refused(change: dict[str, object]) -> None:
    refused(change)


def test_a_report_of_other_blocks_is_refused() -> None:
    refused({"report": {**(right().report or {}), "blocks": [{"name": 3}]}})


def refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="the result"):
        _ = outcome_in(json.dumps({**json.loads(as_line(right())), **change}))
    with pytest.raises(ValueError, match="other fields"):
        _ = outcome_in("[]")


def test_the_page_says_why_or_only_where() -> None:
    full = as_page(graded(summed()), grading_with(""))
    where = as_page(graded(summed()), grading_with("page = 'where'"))
    for page in (full, where):
        assert "<b>6 of 10 points.</b>" in page
        assert "W0 and b1 are wrong" in page
    assert "divide by S" in full
    assert "1/S missing" in full
    for word in ("divide", "1/S", "averaged"):
        assert word not in where


def test_nothing_of_a_submission_becomes_html() -> None:
    bad = Outcome(error="raises <b>", trace="<script>", output="\x1b[31m<i>")
    page = as_page(graded(bad, "<s>.py"), grading_with(""))
    for tag in ("<b>.", "<script>", "<i>", "<s>", "\x1b"):
        assert tag not in page


def test_the_table_says_what_the_class_got_wrong() -> None:
    long = Outcome(error="takes longer than 5 s: at the end it ran mine.py:3, in gradients")
    all_ = [
        graded(one, f"{i}.py")
        for i, one in enumerate((right(), summed(), summed(), unnamed(), long))
    ]
    text = as_text(all_, left=2)
    assert text.startswith("5 submissions graded, 1 of them right; 6 of 10 points on average. 2")
    assert "2 submissions not graded yet: --resume goes on." in " ".join(text.split())
    assert mistakes(all_)[0] == ("1/S missing", 2)
    assert "takes longer than 5 s\n" in text
    assert max(map(len, text.splitlines())) <= 80
    assert as_text([], left=1) == (
        "No submission was graded. 1 submission not graded yet: --resume goes on.\n"
    )


def test_what_is_marked_is_said_below_the_table() -> None:
    marked = graded(right()._replace(marks=(Mark("imports", "imports torch"),)))
    assert "Look at mine.py: imports torch." in as_text([marked])
    assert said_of(marked) == "no points: imports torch"


def test_spreadsheets_get_no_formulas() -> None:
    rows = list(csv.reader(io.StringIO(as_csv([graded(right(), "=cmd.py"), graded(summed())]))))
    assert rows[0][:4] == ["submission", "points", "most", "W0"]
    assert rows[1][:3] == ["'=cmd.py", "10.0", "10.0"]
    assert rows[2][rows[0].index("mistake")] == "1/S missing"


def test_gradescope_gets_a_test_for_every_part() -> None:
    found = json.loads(as_gradescope(graded(summed()), grading_with("")))
    assert found["score"] == 6
    tests = {test["name"]: test for test in found["tests"]}
    assert tests["W0"] == {
        "name": "W0",
        "score": 0,
        "max_score": 2,
        "output": "Wrong: 1/S missing.",
        "visibility": "visible",
    }
    where = json.loads(as_gradescope(graded(summed()), grading_with("page = 'where'")))
    assert {test["output"] for test in where["tests"]} == {"Right.", "Wrong."}
    assert "1/S" not in json.dumps(where)


def test_json_has_every_outcome() -> None:
    found = json.loads(as_json([graded(summed())], left=3))
    assert (found["schema"], found["not_graded"]) == (1, 3)
    assert found["submissions"][0]["outcome"]["report"]["verdict"] == "mismatch"
    assert found["mistakes"] == [{"mistake": "1/S missing", "submissions": 1}]


def test_submissions_are_files_and_folders_known_by_their_content(tmp_path: Path) -> None:
    for name in ("b.py", "a.ipynb", "text.txt", ".hidden.py"):
        assert (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    inside = tmp_path / "c" / "inside"
    inside.mkdir(parents=True)
    (tmp_path / "__pycache__").mkdir()
    found = submissions_in(tmp_path)
    assert [one.name for one in found] == ["a.ipynb", "b.py", "c"]
    assert (inside / "new.py").write_text("x = 2\n", encoding="utf-8")
    (inside / "nowhere").symlink_to("gone")
    again = submissions_in(tmp_path)
    assert [one.content for one in again[:2]] == [one.content for one in found[:2]]
    assert again[2].content != found[2].content


def test_a_file_that_cannot_be_read_has_a_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_file: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    assert (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    readable = submissions_in(tmp_path)[0].content
    monkeypatch.setattr(Path, "read_bytes", refused)
    assert submissions_in(tmp_path)[0].content != readable


def test_a_folder_without_submissions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="holds no submissions"):
        _ = submissions_in(tmp_path)
    with pytest.raises(Unusable, match="No such file"):
        _ = submissions_in(tmp_path / "none")


@pytest.mark.parametrize(
    ("files", "text", "said"),
    [
        (["a.py"], "", "a.py"),
        (["a.py", "b.py"], "file = 'b.py'", "b.py"),
        (["a.py", "b.py"], "", "has several Python files: a.py and b.py; the grading says which"),
        (["a.txt"], "", "has no Python file at the top of its folder"),
        (["a.py"], "file = 'main.py'", "has no file main.py"),
    ],
)
def test_the_file_of_a_folder_is_the_only_one_or_named(
    files: list[str], text: str, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "all" / "one"
    folder.mkdir(parents=True)
    for name in files:
        assert (folder / name).write_text("x = 1\n", encoding="utf-8")
    (one,) = submissions_in(tmp_path / "all")
    try:
        got = copied(one, grading_with(text), tmp_path).name
    except Unusable as refused:
        got = str(refused)
    assert got.startswith(said)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import sys\nsys.modules['torch']", ["sys.modules"]),
        ("from sys import modules, argv", ["sys.modules"]),
        ("import builtins\nbuiltins.open = None", ["builtins.open"]),
        ("f.f_back.f_locals", ["f_back", "f_locals"]),
        ("import sys\nsys.argv, np.modules, open(x).read", []),
        ("import sys\nfrom math import exp", []),
        ("this is no Python", []),
    ],
)
def test_ways_into_the_grader_are_seen_in_the_text(
    text: str, what: list[str], tmp_path: Path
) -> None:
    assert (tmp_path / "one.py").write_text(text, encoding="utf-8")
    found = sorted(mark.what.removeprefix("reads ") for mark in marks_in(tmp_path))
    assert found == what
