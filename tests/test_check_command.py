"""crosscheck check, as a user meets it."""

import io
import itertools
import json
import platform
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_ref import __version__, check_gradients
from autograd_ref.assignment.conventions import Biases, Convention, adapter
from autograd_ref.commands import main
from autograd_ref.commands.check import problems as check_problems
from autograd_ref.commands.functions import convention_search
from autograd_ref.commands.functions.convention_search import random_inputs, unlike
from autograd_ref.commands.functions.loading import load
from manual_backprop import NetworkShape
from tests.thorough import one_in
from tests.undiagnosed import undiagnosed, without_causes

Captured = pytest.CaptureFixture[str]


ALL = [
    Convention(*one)
    for one in itertools.product(
        (False, True), ("rows", "columns"), ("labels", "one-hot"), ("vectors", "matrices")
    )
]

PLAIN = Convention()

RIGHT = """
import numpy as np

def gradients(parameters, X, Y):
    W0, b0, W1, b1 = UNPACKED
    SHAPED
    X = XROWS
    S = len(X)
    z1 = X @ W0.T + b0
    a1 = np.logaddexp(0, z1)
    z2 = a1 @ W1.T + b1
    y_hat = np.exp(z2 - z2.max(axis=1, keepdims=True))
    y_hat /= y_hat.sum(axis=1, keepdims=True)
    e2 = y_hat / S
    SUBTRACTED
    delta1 = (e2 @ W1) / (1 + np.exp(-z1))
    loss = -np.log(y_hat[np.arange(S), LABELS]).mean()
    W0, b0, W1, b1 = delta1.T @ X, delta1.sum(axis=0), e2.T @ a1, e2.sum(axis=0)
    WRONG
    return RETURNED
"""


def program(
    convention: Convention = PLAIN, *, returned: str = "W0, b0, W1, b1", wrong: str = "pass"
) -> str:
    """A student's gradient, which raises in every convention but its own."""
    rows = convention.layout == "rows"
    names = ("W0", "b0", "W1", "b1")
    values = [f"parameters['{n}']" if convention.theta else f"parameters.{n}" for n in names]
    y = "Y" if rows else "Y.T"
    text = RIGHT.replace("UNPACKED", ", ".join(values)).replace("XROWS", "X" if rows else "X.T")
    if convention.biases == "matrices":
        flat = "assert b0.ndim == 2; b0, b1 = b0.ravel(), b1.ravel()"
        back = f"b0, b1 = b0.reshape({convention.bias_shape}), b1.reshape({convention.bias_shape})"
        text = text.replace("SHAPED", flat).replace("WRONG", f"WRONG; {back}")
    else:
        text = text.replace("SHAPED", "pass")
    if convention.targets == "labels":
        text = text.replace("SUBTRACTED", "e2[np.arange(S), Y] -= 1 / S")
        text = text.replace("LABELS", "Y")
    else:
        text = text.replace("SUBTRACTED", f"e2 -= {y} / S").replace("LABELS", f"{y}.argmax(axis=1)")
    return text.replace("WRONG", wrong).replace("RETURNED", returned)


def written(folder: Path, text: str) -> str:
    file = folder / "student.py"
    assert file.write_text(text, encoding="utf-8") == len(text)
    return f"{file}:gradients"


def output(capsys: Captured) -> str:
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def json_of(arguments: list[str], status: int, capsys: Captured) -> dict[str, Any]:
    assert main(["check", *arguments, "--json", "-"]) == status

    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not strict JSON")

    return json.loads(output(capsys), parse_constant=refuse)


def printed(arguments: list[str], status: int, capsys: Captured) -> str:
    assert main(arguments) == status
    return " ".join(output(capsys).split())


QUICK = ["--problems", "2"]


@pytest.mark.parametrize(
    "convention",
    [*(pytest.param(one, marks=pytest.mark.long) for one in one_in(3, ALL[:-1])), ALL[-1]],
    ids=str,
)
def test_a_right_program_is_a_match_in_its_own_convention_which_is_said(
    convention: Convention, tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program(convention))
    assert main(["check", spec, *QUICK]) == 0
    text = output(capsys)
    flat = " ".join(text.split())
    assert text.startswith(f"{spec}\n")
    assert f"Called with {convention}, detected automatically ({convention.options})." in flat
    assert text.count("  match\n") == 4
    assert "Match: on all 4 problems everything agrees with autograd" in flat
    assert main(["check", spec, "--problems", "1", *convention.options.split()]) == 0
    said = "as the options say" if convention.theta else "detected automatically"
    assert said in " ".join(output(capsys).split())


@pytest.mark.parametrize(
    "convention",
    [ALL[0], *(pytest.param(one, marks=pytest.mark.long) for one in one_in(3, ALL[1:]))],
    ids=str,
)
def test_a_wrong_program_is_a_mismatch_in_its_own_convention(
    convention: Convention, tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program(convention, wrong="W1 = W1 * (1 + 1e-9)"))
    assert main(["check", spec, "--problems", "1"]) == 1
    text = output(capsys)
    flat = " ".join(text.split())
    assert f"Called assuming {convention} (closest of 16 conventions, " in flat
    assert re.search(
        r"conventions, (1 of which runs|2 of which run); choose another with --theta, --tar", flat
    )
    assert f"this one is {convention.options})." in flat
    assert text.count("  mismatch: W1\n") == 2
    assert "the first mismatch, on the penguins, shape 4,16,3, 342 samples," in flat
    assert text.split("\n\n")[1].startswith("Mismatch: W1 is wrong;"), "the report comes first"


@pytest.mark.untraced
def test_a_right_program_that_runs_in_two_conventions_is_judged_in_the_right_one(
    tmp_path: Path, capsys: Captured
) -> None:
    """Labels (S,) are subtracted from (N_O, S) without complaint."""
    text = """
import numpy as np
def gradients(theta, X, Y):
    z1 = theta.W0 @ X + theta.b0[:, None]
    a1 = np.logaddexp(0, z1)
    z2 = theta.W1 @ a1 + theta.b1[:, None]
    y_hat = np.exp(z2) / np.exp(z2).sum(axis=0)
    e2 = (y_hat - Y) / X.shape[1]
    d1 = (theta.W1.T @ e2) / (1 + np.exp(-z1))
    return d1 @ X.T, d1.sum(axis=1), e2 @ a1.T, e2.sum(axis=1)WRONG
"""
    own = Convention(layout="columns", targets="one-hot")
    spec = written(tmp_path, text.replace("WRONG", ""))
    assert f"Called with {own}, detected" in printed(["check", spec, *QUICK], 0, capsys)
    (tmp_path / "wrong").mkdir()
    spec = written(tmp_path / "wrong", text.replace("WRONG", " * 2"))
    flat = printed(["check", spec, *QUICK], 1, capsys)
    assert f"Called assuming {own} (closest" in flat
    assert " 2 of which run;" in flat
    tried = json_of([spec, *QUICK], 1, capsys)["tried"]
    assert str(Convention(layout="columns")) in tried


@pytest.mark.parametrize(
    "returned",
    [
        "[W0, b0, W1, b1]",
        "loss, (W0, b0, W1, b1)",
        "[loss, [W0, b0, W1, b1], None]",
        "loss, W0, b0, W1, b1",
        "dict(b1=b1, W1=W1, b0=b0, W0=W0)",
        "loss, dict(W0=W0, b0=b0, W1=W1, b1=b1)",
        "dict(dW0=W0, db0=b0, dW1=W1, db1=b1)",
        "loss, dict(dW0=W0, db0=b0, dW1=W1, db1=b1), y_hat",
        "type(parameters)(W0, b0, W1, b1)",
        "loss, type(parameters)(W0, b0, W1, b1)",
    ],
)
def test_gradients_may_come_back_in_many_ways(returned: str, tmp_path: Path) -> None:
    function = load(written(tmp_path, program(returned=returned)))
    problem = random_inputs(PLAIN, NetworkShape(3, 4, 2), 5, seed=0)
    report = check_gradients(adapter(function, PLAIN), *problem)
    assert report.verdict == "match", report
    assert (report.loss is not None) == returned.strip("[").startswith("loss")
    assert not report.warnings


@pytest.mark.untraced
@pytest.mark.parametrize("command", ["check", "falsify"])
def test_the_fix_is_said_in_columns_where_samples_are(
    command: str, tmp_path: Path, capsys: Captured
) -> None:
    text = program(Convention(layout="columns")).replace("/ (1 + np.exp(-z1))", "")
    assert text != program(Convention(layout="columns"))
    flat = printed([command, written(tmp_path, text)], 1, capsys)
    assert "Fix: delta1 = (W1.T @ e2) * sigma(z1)." in flat


@pytest.mark.untraced
@pytest.mark.parametrize("biases", ["vectors", "matrices"])
def test_lists_of_numbers_are_arrays(biases: Biases, tmp_path: Path, capsys: Captured) -> None:
    convention = Convention(theta=True, biases=biases)
    lists = "{'W0': W0.tolist(), 'b0': b0.tolist(), 'W1': W1.tolist(), 'b1': b1.tolist()}"
    ragged = lists.replace("b0.tolist()", "[[1.0], [2.0, 3.0]]")
    for name, returned, status in (("right", lists, 0), ("ragged", ragged, 1)):
        (tmp_path / name).mkdir()
        spec = written(tmp_path / name, program(convention, returned=returned))
        flat = printed(["check", spec, *QUICK], status, capsys)
        assert ("b0 is missing" in flat) == (name == "ragged")


@pytest.mark.untraced
def test_a_gradient_of_the_wrong_shape_is_a_mismatch_and_no_convention(
    tmp_path: Path, capsys: Captured
) -> None:
    for i, wrong in enumerate(("W0 = W0.T", "b1 = b1[None]")):
        own = Convention(layout="columns")
        (tmp_path / str(i)).mkdir()
        spec = written(tmp_path / str(i), program(own, wrong=wrong))
        text = printed(["check", spec, *QUICK], 1, capsys)
        assert f"Called assuming {own} (closest" in text
        assert f"mismatch: {wrong[:2]} " in text


def test_nothing_returned_is_a_mismatch(tmp_path: Path, capsys: Captured) -> None:
    text = printed(["check", written(tmp_path, program(returned="None")), *QUICK], 1, capsys)
    assert "is a return missing?" in text


@pytest.mark.untraced
def test_in_place_changes_reach_the_users_arrays() -> None:
    """And so check_gradients can tell, whatever the convention."""

    def changing(theta: Any, X: Any, Y: Any) -> Any:
        for array in (*(theta.values() if isinstance(theta, dict) else theta), X, Y):
            np.add(array, 1, out=array)
        return theta

    for convention in ALL:
        problem = random_inputs(convention, NetworkShape(3, 4, 2), 5, seed=0)
        (note,) = [
            note
            for note in undiagnosed(adapter(changing, convention), *problem).findings
            if note.kind == "changes its arguments"
        ]
        for name in ("W0", "b0", "W1", "b1", "data[0]", "data[1]"):
            assert name in note.text


FIXED = {
    "raises elsewhere": "a1 = np.logaddexp(0, z1.reshape(S, 16))",
    "is wrong elsewhere": "a1 = np.logaddexp(0, z1) * (16 / len(W0))",
}


@pytest.mark.untraced
@pytest.mark.parametrize("how", FIXED)
def test_dimensions_that_are_written_in_are_found_out(
    how: str, tmp_path: Path, capsys: Captured
) -> None:
    text = program().replace("a1 = np.logaddexp(0, z1)", FIXED[how])
    spec = written(tmp_path, text)
    said = "Its dimensions seem to be hard-coded. Checked with N_I, N_H, N_O = 4, 16, 3"
    file = tmp_path / "found.json"
    flat = printed(["check", spec, *QUICK, "--json", str(file)], 0, capsys)
    assert f"{said} only." in flat
    assert " penguins 4 16 3 342 " in flat
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["convention"]["fixed"] == {"shape": [4, 16, 3], "samples": None}
    assert {tuple(p["shape"]) for p in found["problems"]} == {(4, 16, 3)}
    samples = [p["samples"] for p in found["problems"]]
    assert len(set(samples)) > 1
    assert not set(samples) & {4, 16, 3}


@pytest.mark.untraced
def test_a_number_of_samples_that_is_written_in_is_found_out(
    tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program().replace("z2 = a1", "z2 = a1.reshape(342, 16)"))
    file = tmp_path / "found.json"
    flat = printed(["check", spec, *QUICK, "--json", str(file)], 0, capsys)
    assert "N_I, N_H, N_O = 4, 16, 3, S = 342 only." in flat
    found = json.loads(file.read_text(encoding="utf-8"))
    assert {p["samples"] for p in found["problems"]} == {342}


@pytest.mark.untraced
def test_a_shape_that_is_given_is_the_only_one(tmp_path: Path, capsys: Captured) -> None:
    text = program().replace("a1 = np.logaddexp(0, z1)", "a1 = np.logaddexp(0, z1.reshape(S, 9))")
    spec = written(tmp_path, text)
    assert main(["check", spec, *QUICK]) == 2
    _ = capsys.readouterr()
    for shape, has_penguins in (("4,9,3", True), ("4,9,2", False), ("5,9,3", False)):
        found = json_of([spec, *QUICK, "--shape", shape], 0, capsys)
        names = [p["name"] for p in found["problems"]]
        assert names == ["penguins"] * has_penguins + ["random"] * 3
        assert {json.dumps(p["shape"]) for p in found["problems"]} == {
            f"[{shape}]".replace(",", ", ")
        }
    flat = printed(["check", spec, *QUICK, "--shape", "4,9,3"], 0, capsys)
    assert " Checked with N_I, N_H, N_O = 4, 9, 3 only." in flat
    assert "hard-coded" not in flat


@pytest.mark.untraced
def test_all_dimensions_of_the_random_problems_differ(tmp_path: Path, capsys: Captured) -> None:
    found = json_of([written(tmp_path, program()), "--problems", "30", "--seed", "7"], 0, capsys)
    problems = found["problems"][1:]
    assert [p["seed"] for p in problems] == list(range(7, 38))
    assert [p["dtype"] for p in problems] == ["float64"] * 30 + ["float32"]
    for problem in problems:
        assert len({*problem["shape"], problem["samples"]}) == 4
    assert len({json.dumps(p["shape"]) for p in problems}) > 25


@pytest.mark.untraced
def test_one_output_is_inconclusive(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program())
    flat = printed(["check", spec, *QUICK, "--shape", "4,5,1"], 3, capsys)
    assert "the first inconclusive, on a random problem, shape 4,5,1," in flat


def test_a_mismatch_comes_before_what_is_inconclusive(tmp_path: Path, capsys: Captured) -> None:
    """The program is right with up to 20 samples, where the gradient of one output is zero."""
    spec = written(tmp_path, program(wrong="b1 = b1 + (S > 20)"))
    options = ["--shape", "4,5,1", "--problems", "6"]
    found = json_of([spec, *options], 1, capsys)
    assert {p["samples"] > 20 for p in found["problems"]} == {True, False}
    flat = printed(["check", spec, *options], 1, capsys)
    samples = next(p["samples"] for p in found["problems"] if p["samples"] > 20)
    assert f"the first mismatch, on a random problem, shape 4,5,1, {samples} samples" in flat


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("X = X.astype(float)", "not for float32: it returns float64"),
        ("assert X.dtype == float, X.dtype", "not for float32: AssertionError(dtype('float32'))"),
    ],
)
def test_code_that_needs_float64_is_not_condemned(
    text: str, note: str, tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program().replace("S = len(X)", f"S = len(X)\n    {text}"))
    file = tmp_path / "found.json"
    flat = printed(["check", spec, *QUICK, "--json", str(file)], 0, capsys)
    assert note in flat
    assert "on all 3 problems" in flat
    last = json.loads(file.read_text(encoding="utf-8"))["problems"][-1]
    assert last["note"] == note
    assert (last["report"] is None) == ("Assertion" in note)


@pytest.mark.untraced
def test_what_raises_in_both_formats_is_not_blamed_on_one(tmp_path: Path, capsys: Captured) -> None:
    """On the shapes of the problem in float32, and of no other."""
    (tmp_path / "right").mkdir()
    cases = json_of([written(tmp_path / "right", program()), *QUICK], 0, capsys)["problems"]
    inputs, hidden, _outputs = cases[-1]["shape"]
    assert cases[-1]["dtype"] == "float32"
    text = f"S = len(X)\n    assert W0.shape != ({hidden}, {inputs}), 'of all shapes'"
    spec = written(tmp_path, program().replace("S = len(X)", text))
    assert main(["check", spec, *QUICK]) == 2
    assert "your code raises AssertionError" in capsys.readouterr().err


@pytest.mark.untraced
def test_a_wrong_gradient_in_float32_is_a_mismatch(tmp_path: Path, capsys: Captured) -> None:
    for i, wrong in enumerate(("W1 = W1 * X.dtype.type(1.1)", "loss = loss * 2")):
        (tmp_path / str(i)).mkdir()
        text = program(
            wrong=f"if X.dtype == np.float32: {wrong}", returned="loss, (W0, b0, W1, b1)"
        )
        found = json_of([written(tmp_path / str(i), text), *QUICK], 1, capsys)
        assert [p["report"]["verdict"] for p in found["problems"]] == ["match"] * 3 + ["mismatch"]
        assert not any(p["note"] for p in found["problems"])


@pytest.mark.untraced
def test_a_match_that_does_harm_has_status_1(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program(wrong="X += 1"))
    flat = printed(["check", spec, *QUICK], 1, capsys)
    assert "the first with a harmful finding, on the penguins, shape 4,16,3, 342" in flat
    assert "Not passed: the function changes its arguments. Match: error / tolerance is" in flat
    assert flat.count("The function changes data[0] in place.") == 1
    assert flat.count("not passed: changes its arguments") == len(["penguins", 0, 1, "float32"])
    found = json_of([spec, *QUICK], 1, capsys)
    assert (found["verdict"], found["passed"]) == ("match", False)
    assert {problem["report"]["passed"] for problem in found["problems"]} == {False}


@pytest.mark.untraced
def test_what_else_there_is_to_know_is_said_once(tmp_path: Path, capsys: Captured) -> None:
    returned = "dict(W0=W0, b0=b0, W1=W1, b1=b1, spare=b1)"
    flat = printed(["check", written(tmp_path, program(returned=returned)), *QUICK], 0, capsys)
    assert flat.count("gradients also returned spare, which no parameter has.") == 1


def test_a_mismatch_stands_before_a_harmful_finding(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program(wrong="X += 1; W1 = W1 * (2 if S == 342 else 1)"))
    flat = printed(["check", spec, *QUICK], 1, capsys)
    assert "the first mismatch, on the penguins" in flat


UNUSABLE = {
    "no colon": ("student", "expected PATH.py:function, got 'student'"),
    "no file": ("no_such.py:gradients", "cannot read no_such.py: No such file or directory"),
    "no module": ("no_such:gradients", "there is no module no_such"),
    "no name": ("student.py:gradient", "student.py has no gradient; did you mean gradients?"),
    "no function": ("student.py:NUMBER", "student.py:NUMBER is of type int; it needs to be a func"),
    "two parameters": ("student.py:two", "student.py:two takes (X, Y); it is called as two(para"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_names_no_function_is_one_line_and_status_2(
    case: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = written(tmp_path, program() + "NUMBER = 1\ndef two(X, Y):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    spec, message = UNUSABLE[case]
    assert main(["check", spec]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("crosscheck: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


CANDIDATES = """
from numpy.linalg import multi_dot as dot
class Model:
    def gradients(self, p, X, Y): ...
def _helper(p, X, Y): ...
def forward(p, X): ...
NUMBER = 1
"""
NONE = "has no function that takes (parameters, X, Y)"
SEVERAL = """
def b(p, X, Y): raise KeyError
def a(*all): raise KeyError
def c(p, X): raise KeyError
"""


@pytest.mark.untraced
@pytest.mark.parametrize("command", ["check", "falsify"])
def test_a_file_alone_stands_for_its_only_function(
    command: str, tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program() + CANDIDATES)
    quick = QUICK if command == "check" else ["--examples", "3"]
    text = printed([command, spec.removesuffix(":gradients"), *quick], 0, capsys)
    assert text.startswith(spec)
    said = ", the only function there that takes (parameters, X, Y)"
    assert (said in text) == (command == "check")
    assert said not in printed([command, spec, *quick], 0, capsys)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("command", "text", "message"),
    [
        ("falsify", CANDIDATES + SEVERAL, "has: b, a\n"),
        ("check", SEVERAL.replace("*all", "p, X, Y"), "has: b, a\n"),
        ("falsify", CANDIDATES, f"{NONE}, but forward; a method is named by an"),
        ("check", "def forward(p, X): ...", f"{NONE}, but forward; a method is named PATH"),
        ("falsify", f"{CANDIDATES}del forward", f"{NONE}; a method is named by an"),
    ],
)
def test_a_file_with_no_function_or_several_is_one_line_and_status_2(
    command: str, text: str, message: str, tmp_path: Path, capsys: Captured
) -> None:
    file = written(tmp_path, text).removesuffix(":gradients")
    assert main([command, file]) == 2
    captured = capsys.readouterr()
    *waiting, last = captured.err.splitlines(keepends=True)
    assert last.startswith(f"crosscheck: expected PATH.py:function; {file} {message}")
    assert all("still running" in line for line in waiting)  # check tries it as it stands, too
    assert not waiting or command == "check"
    assert captured.out == ""


@pytest.mark.untraced
def test_a_class_without_a_gradient_is_tried_as_it_stands(tmp_path: Path, capsys: Captured) -> None:
    text = "class Model:\n    def gradients(self, p, X, Y): ...\n"
    file = written(tmp_path, text).removesuffix(":gradients")
    assert main(["check", file]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"crosscheck: nothing in {file} returns, keeps or updates a gradi")


BROKEN = {
    "syntax": (
        "def gradients(p, X, Y:\n    pass\n",
        "def gradients(p, X, Y:",
        ".py (SyntaxError); fix",
    ),
    "import": ("import no_such_thing\n", "import no_such_thing", ".py (ModuleNotFoundError)"),
    "at import": ("[][0]\n", "[][0]", ".py (IndexError); fix the error above"),
    "exit": ("import sys; sys.exit()\n", "import sys; sys.exit()", "under: if __name__"),
    "call": (program(wrong="1 / 0"), "1 / 0", "in all conventions that were tried; above is the"),
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", BROKEN)
def test_what_goes_wrong_in_their_code_shows_their_line_and_status_2(
    case: str, tmp_path: Path, capsys: Captured
) -> None:
    text, line, message = BROKEN[case]
    assert main(["check", written(tmp_path, text), "--json", "-"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"    {line}\n" in captured.err
    last = captured.err.splitlines()[-1]
    assert last.startswith("crosscheck: ")
    assert message in last
    for ours in ("autograd_ref", "importlib", "manual_backprop", "site-packages"):
        assert ours not in captured.err


def test_every_convention_that_was_tried_is_said_with_what_it_raises(
    tmp_path: Path, capsys: Captured
) -> None:
    theta = Convention(theta=True, targets="one-hot")
    spec = written(tmp_path, program(theta, wrong="1 / 0"))
    assert main(["check", spec]) == 2
    errors = capsys.readouterr().err
    for convention in ALL:
        assert f"\n  {convention}: " in errors
    assert f"  {theta}: ZeroDivisionError: division by zero\n" in errors
    assert f"  {PLAIN}: TypeError: tuple indices" in errors
    assert f"\n{theta}:\nTraceback" in errors, "the one that gets furthest"
    assert errors.count("Traceback") == 1
    assert "    1 / 0\n" in errors
    assert theta.options in errors.splitlines()[-1]
    assert main(["check", spec, *theta.options.split()]) == 2
    errors = capsys.readouterr().err
    assert "    1 / 0\n" in errors
    assert errors.count("ZeroDivisionError: division by zero") == 3, "with biases of both shapes"


def test_what_is_raised_on_a_later_problem_says_on_which(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program(wrong="assert S < 300"))
    assert main(["check", spec, *QUICK]) == 2
    errors = capsys.readouterr().err
    assert "    assert S < 300\n" in errors
    assert "raises AssertionError on the penguins, shape 4,16,3, 342 samples, float64" in errors


@pytest.mark.parametrize("where", ["find", "check"])
def test_an_error_of_ours_is_not_blamed_on_the_user(
    where: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "find":
        monkeypatch.setattr(convention_search, "examine", None)
    else:
        monkeypatch.setattr(check_problems, "examine", None)
    assert main(["check", written(tmp_path, program())]) == 70
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "TypeError: 'NoneType' object is not callable\n" in captured.err
    last = captured.err.splitlines()[-1]
    assert last.startswith("crosscheck: this is an error of crosscheck's own, and says nothing")
    assert (
        f"(crosscheck {__version__}, Python {platform.python_version()}, numpy {np.__version__}"
        in last
    )


@pytest.mark.untraced
def test_the_mistake_is_looked_for_on_the_first_wrong_problem_alone(
    tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program(wrong="W1 *= 2"))
    reports = [p["report"] for p in json_of([spec, *QUICK], 1, capsys)["problems"]]
    assert {report["verdict"] for report in reports} == {"mismatch"}
    assert [bool(report["causes"]) for report in reports] == [True, *[False] * (len(reports) - 1)]


@pytest.mark.untraced
def test_json_says_everything(tmp_path: Path, capsys: Captured) -> None:
    own = Convention(theta=True, layout="columns")
    spec = written(tmp_path, program(own, wrong="W1 = W1 * 2"))
    with without_causes(check_problems):
        found = json_of([spec, *QUICK, "--seed", "5"], 1, capsys)
        given = json_of([spec, *QUICK, *own.options.split()], 1, capsys)
        exact = json_of([spec, *QUICK, *own.options.split(), "--biases", "vectors"], 1, capsys)
    assert list(found) == [
        *(
            "schema",
            "function",
            "loss",
            "parameters",
            "network",
            "right_for",
            "called",
            "convention",
            "tried",
            "verdict",
            "passed",
            "power",
            "problems",
        )
    ]
    assert (found["schema"], found["function"], found["verdict"]) == (2, spec, "mismatch")
    assert (found["loss"], found["parameters"]) == (None, None)
    assert found["convention"] == {
        "parameters": "dict",
        "targets": "labels",
        "layout": "columns",
        "biases": "vectors",
        "from": "trials",
        "fixed": {"shape": None, "samples": None},
    }
    assert found["tried"] == [str(convention) for convention in ALL]
    assert [(p["name"], p["seed"], p["dtype"]) for p in found["problems"]] == [
        ("penguins", 5, "float64"),
        ("random", 5, "float64"),
        ("random", 6, "float64"),
        ("random", 7, "float32"),
    ]
    assert (found["problems"][0]["shape"], found["problems"][0]["samples"]) == ([4, 16, 3], 342)
    assert all(p["report"]["verdict"] == "mismatch" for p in found["problems"])
    assert given["convention"]["from"] == "options"
    assert given["tried"][0] == str(own)
    assert exact["tried"] == [str(own)]


@pytest.mark.untraced
def test_a_report_can_be_reproduced_from_its_line(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program())
    many = json_of([spec, "--problems", "4"], 0, capsys)["problems"]
    one = json_of([spec, "--problems", "1", "--seed", "3"], 0, capsys)["problems"]
    assert one[1] == many[4]


@pytest.mark.untraced
def test_json_and_html_go_to_files_beside_the_text(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program(wrong="W1 = W1 * (1 + 1e-9) if S == 342 else W1"))
    (tmp_path / "out").mkdir()
    files = [tmp_path / "out" / "r.json", tmp_path / "out" / "r.html"]
    options = ["--json", str(files[0]), "--html", str(files[1])]
    assert "Match" not in printed(["check", spec, *QUICK, *options], 1, capsys)
    assert json.loads(files[0].read_text(encoding="utf-8"))["verdict"] == "mismatch"
    page = files[1].read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert "On the penguins, shape 4,16,3" in page
    assert "mismatch: W1" in page
    assert page.count("  match\n") == 3
    assert sorted((tmp_path / "out").iterdir()) == sorted(files)
    assert main(["check", spec, *QUICK, "--html", "-"]) == 1
    assert output(capsys) == page


@pytest.mark.untraced
def test_a_file_that_cannot_be_written_is_one_line_and_status_2(
    tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program())
    for name, message in (
        (f"{tmp_path}/none/r.json", f"there is no folder {tmp_path}/none"),
        ("/dev/full", "No space left on device"),
    ):
        for option in ("--json", "--html"):
            assert main(["check", spec, *QUICK, option, name]) == 2
            assert capsys.readouterr().err == f"crosscheck: cannot write {name}: {message}\n"


@pytest.mark.untraced
def test_output_that_cannot_be_written_is_one_line_and_status_2(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = written(tmp_path, program())
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["check", spec, *QUICK, "--json", "-"]) == 2
    message = "crosscheck: cannot write standard output: No space left on device\n"
    assert capsys.readouterr().err == message


@pytest.mark.untraced
def test_what_the_program_prints_is_not_in_the_result(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program(wrong="print('hello')"))
    assert main(["check", spec, *QUICK, "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"] == "match"
    assert set(captured.err.split()) == {"hello"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: FILE[:NAME]"),
        (["x.py:f", "--targets", "rows"], "argument --targets: invalid choice: 'rows'"),
        (["x.py:f", "--layout", "one-hot"], "argument --layout: invalid choice: 'one-hot'"),
        (["x.py:f", "--shape", "4"], "argument --shape: got '4'; it needs integers of at least 1"),
        (["x.py:f", "--shape", "4,0,3"], "argument --shape: got '4,0,3'; it needs integers of at"),
        (["x.py:f", "--shape", "4,x,3"], "argument --shape: got '4,x,3'; it needs integers of at"),
        (["x.py:f", "--problems", "0"], "argument --problems: got '0'; it needs an integer at"),
        (["x.py:f", "--loss", "x.py:g"], "--loss and --parameters belong together"),
        (["x.py:f", "--parameters", "x.py:g"], "--loss and --parameters belong together"),
        (["x.py:f", "--json", "-", "--html", "-"], "--json and --html both write to -"),
        *(
            (["x.py:f", "--loss", "x.py:g", "--parameters", "x.py:h", *option], "--theta, --target")
            for option in (
                ["--theta"],
                ["--targets", "labels"],
                ["--layout", "rows"],
                ["--shape", "4,16,3"],
            )
        ),
    ],
)
def test_bad_options_are_one_line_and_status_2(
    arguments: list[str], message: str, capsys: Captured
) -> None:
    with pytest.raises(SystemExit) as stopped:
        _ = main(["check", *arguments])
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"crosscheck check: {message}")
    assert captured.err.count("\n") == 1


def test_help_says_what_the_command_does_and_that_it_is_there(capsys: Captured) -> None:
    for arguments, words in (
        (["--help"], "crosscheck check mine.py:gradients"),
        (["check", "--help"], "usage: crosscheck check "),
    ):
        with pytest.raises(SystemExit) as stopped:
            _ = main(arguments)
        assert stopped.value.code == 0
        assert words in " ".join(output(capsys).split())


def test_check_is_a_word_in_front_only(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as stopped:
        _ = main(["--samples", "3", "check"])
    assert stopped.value.code == 2
    assert "unrecognized arguments: check" in capsys.readouterr().err


def test_an_interrupt_says_the_line_that_it_came_in(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path, program(wrong="raise KeyboardInterrupt"))
    assert main(["check", spec]) == 130
    line = program().splitlines().index("    pass", 10) + 1
    said = f"crosscheck: interrupted: {tmp_path / 'student.py'}:{line}, in gradients\n"
    assert capsys.readouterr() == ("", said)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.untraced
def test_a_terminal_sees_the_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["check", written(tmp_path, program()), *QUICK]) == 0
    assert "problems" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")  # and is gone at the end


MODEL = """
import numpy as np

def make(seed):
    random = np.random.default_rng(seed)
    return {"w": random.normal(size=4), "c": np.array(0.5)}, (random.normal(size=(6, 4)),)

def make_without_a_seed():
    return np.arange(1.0, 5.0), ()

def loss(p, X):
    return ((X @ p["w"] + p["c"]) ** 2).mean()

def loss_alone(w):
    return (w ** 3).sum()

def gradients(p, X):
    e = 2 * (X @ p["w"] + p["c"]) / len(X)
    return {"w": X.T @ e, "c": e.sum()}

def wrong(p, X):
    found = gradients(p, X)
    return {"w": found["w"], "c": found["c"] * 1.01}

def gradient_alone(w):
    return 3 * w ** 2

def raises(p, X):
    return p["v"]

def raising_loss(p, X):
    return p["v"]

def no_loss(p, X):
    return "loss"

def three(): return 1, 2, 3
def not_nested(): return 1, 2
def no_tuple(): return None
def raising_make(seed): return 1 / seed
def no_array(): return {"w": "weights"}, (np.ones(3),)
"""


def model(folder: Path, function: str, loss: str = "loss", make: str = "make") -> list[str]:
    file = folder / "model.py"
    assert file.write_text(MODEL, encoding="utf-8") == len(MODEL)
    return [f"{file}:{function}", "--loss", f"{file}:{loss}", "--parameters", f"{file}:{make}"]


def test_another_model_is_held_against_its_own_loss(tmp_path: Path, capsys: Captured) -> None:
    arguments = model(tmp_path, "gradients")
    text = printed(["check", *arguments, *QUICK], 0, capsys)
    assert text.startswith(f"{arguments[0]} against {arguments[2]} ")
    assert "agrees with autograd of the given loss, in float64; error" in text
    assert text.count(" model 5 float64 ") == 2
    assert "Match: on all 2 problems everything agrees" in text
    text = printed(["check", *arguments, "--problems", "1"], 0, capsys)
    assert "Match: on the problem everything agrees" in text
    found = json_of([*arguments, *QUICK, "--seed", "4"], 0, capsys)
    assert (found["loss"], found["parameters"]) == (arguments[2], arguments[4])
    assert (found["convention"], found["tried"]) == (None, None)
    assert [p["seed"] for p in found["problems"]] == [4, 5]
    assert {(p["shape"], p["samples"]) for p in found["problems"]} == {(None, None)}
    assert found["problems"][0]["report"] != found["problems"][1]["report"], "not the same data"


@pytest.mark.untraced
def test_another_model_that_is_wrong_is_a_mismatch(tmp_path: Path, capsys: Captured) -> None:
    text = printed(["check", *model(tmp_path, "wrong"), *QUICK], 1, capsys)
    assert text.count(" mismatch: c") == 2
    assert "the first mismatch, on the parameters and data of seed 0:" in text


def test_parameters_may_need_neither_seed_nor_data(tmp_path: Path, capsys: Captured) -> None:
    arguments = model(tmp_path, "gradient_alone", "loss_alone", "make_without_a_seed")
    text = printed(["check", *arguments, *QUICK], 0, capsys)
    assert text.count(" float64 0 match") == 1, "they would all be the same"


@pytest.mark.parametrize(
    ("names", "line", "message"),
    [
        (("raises",), 'return p["v"]', "your code raises KeyError on the parameters and data of"),
        (("gradients", "raising_loss"), 'return p["v"]', "your code raises KeyError on the para"),
        (("gradients", "loss", "raising_make"), "return 1 / seed", "ZeroDivisionError on seed 0"),
        (("gradient_alone",), "", "takes (w); it is called as gradient_alone(parameters, data_1)"),
        (("gradients", "loss_alone"), "", "takes (w); it is called as loss_alone(parameters, dat"),
        (("gradients", "no_loss"), "", "loss is no_loss, and it returned the string"),
        (("gradients", "loss", "three"), "", "three returned a tuple; it needs to return a tuple"),
        (("gradients", "loss", "not_nested"), "", "not_nested returned a tuple; it needs to retu"),
        (("gradients", "loss", "no_tuple"), "", "no_tuple returned a NoneType; it needs to retur"),
        (("gradients", "loss", "no_array"), "", "w is of type str and dtype <U7; it needs to be"),
        (("gradient",), "", "has no gradient; did you mean gradients"),
    ],
)
def test_a_model_that_cannot_be_checked_is_status_2(
    names: tuple[str, ...], line: str, message: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["check", *model(tmp_path, *names)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert line in captured.err
    assert message in captured.err.splitlines()[-1]
    assert captured.err.count("\n") == 1 or line
    assert "autograd_ref" not in captured.err


def test_no_number_of_samples_is_a_dimension_too() -> None:
    assert unlike(NetworkShape(5, 7, 2)) == 4
    assert unlike(NetworkShape(4, 5, 6)) == 7
