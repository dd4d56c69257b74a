"""The smallest problem on which a gradient is wrong is found, small, and reproduced by its code."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

import autograd_ref
import manual_backprop
from autograd_ref.assignment.mistakes.planted import PLANTED, Planted, gradient_with, right_gradient
from autograd_ref.assignment.small_problems import says, shrunk, small_problems
from autograd_ref.commands import main
from autograd_ref.counterexample import Counterexample, Wishes, falsify, literal, where_wrong
from manual_backprop import Parameters
from tests.planted import wrong
from tests.thorough import by_profile, one_in

A = NDArray[Any]
Captured = pytest.CaptureFixture[str]
ONE_HOT = small_problems(one_hot=True)
ONE_NUMBER = st.integers(1, 9).map(lambda number: (np.array([float(number)]),))
TRIED = one_in(17, PLANTED)


def square(x: Any) -> Any:
    return (x**2).sum()


def where_it_can_be_made(planted: Planted) -> Callable[[Parameters, A, A], Parameters]:
    gradient = gradient_with(planted)
    return lambda p, X, Y: gradient(p, X, Y) or right_gradient(p, X, Y)


def found_for(gradient: Callable[..., Any], seed: int = 0) -> Counterexample:
    found = falsify(gradient, problems=ONE_HOT, seed=seed)
    assert found is not None
    return found


@pytest.mark.long
@pytest.mark.parametrize("planted", TRIED, ids=lambda planted: planted.title)
def test_every_mistake_has_a_small_counterexample(planted: Planted) -> None:
    found = found_for(where_it_can_be_made(planted))
    assert found.shape is not None
    # a matrix that is neither square nor a vector has six entries: N_I, N_H, N_O = 3, 2, 2; 1, 2, 3
    most = {"reshaped, not transposed (W0)": 14, "reshaped, not transposed (W1)": 13}
    assert found.shape.parameter_count <= most.get(planted.title, 12)
    assert len(found.X) <= 3
    assert found.report is not None
    wrong_here = [b for b in found.report.blocks if b.verdict == "mismatch"]
    assert any("agrees here" not in block.reason for block in wrong_here)


@pytest.mark.long
def test_nothing_is_found_against_the_right_gradient() -> None:
    examples = by_profile(dev=150, ci=150, thorough=10_000)
    assert falsify(manual_backprop.loss_and_gradients, max_examples=examples) is None
    assert autograd_ref.falsify is falsify


@pytest.mark.untraced
def test_the_code_shows_what_was_found() -> None:
    found = found_for(wrong("softplus derivative at a1"))
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(found.code, {"gradients": wrong("softplus derivative at a1")})
    assert printed.getvalue().strip() == str(found.report).strip()
    assert all(value == round(value, 1) for block in found.parameters for value in block.flat)
    assert found.code in str(found)
    assert str(found.report) in str(found)


@pytest.mark.parametrize(("confirmed", "found"), [([False] * 500, False), ([True, False], True)])
def test_what_the_whole_check_does_not_confirm_is_no_counterexample(
    confirmed: list[bool], found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the smallest problem is not confirmed, the first that was found is returned."""
    answers = iter(confirmed)
    monkeypatch.setattr(
        "autograd_ref.counterexample._is_confirmed", lambda *_arguments: next(answers)
    )
    smallest = falsify(lambda x: -2 * x, problems=ONE_NUMBER, loss=square)
    assert (smallest is not None) == found


def test_what_is_right_when_it_is_tried_again_is_found_all_the_same() -> None:
    """The first problem on which it was wrong, if all are right from then on."""
    phases: list[str] = []

    def gradient(x: A) -> A:
        return 2 * x if phases[-1] == "shrink" else -2 * x

    found = falsify(gradient, problems=ONE_NUMBER, loss=square, watch=phases.append)
    assert found is not None
    assert 1 <= found.parameters <= 9
    assert {*phases} == {"search", "shrink"}


@pytest.mark.untraced
def test_the_same_seed_finds_the_same() -> None:
    one, two = (found_for(wrong("a1 (1 - a1)"), seed=7) for _ in range(2))
    assert one.code == two.code


@pytest.mark.untraced
def test_what_raises_is_a_counterexample() -> None:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        if len(X) == 2:
            raise ZeroDivisionError("of S - 2")
        return right_gradient(p, X, Y)

    found = found_for(gradient)
    assert found.report is None
    assert isinstance(found.error, ZeroDivisionError)
    assert len(found.X) == 2
    assert str(found).startswith("It raises ZeroDivisionError('of S - 2').")


@pytest.mark.untraced
def test_a_problem_that_is_wrong_itself_is_preferred_to_one_beside_one() -> None:
    """Where all is as simple as can be, only the problems nearby are wrong."""
    simplest = 0.2

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        return found if p.W0[0, 0] == simplest else found._replace(b1=-found.b1)

    found = found_for(gradient)
    assert found.parameters.W0[0, 0] != simplest
    assert where_wrong(gradient, found.arguments) == "here"
    found.parameters.W0[0, 0] = simplest
    assert where_wrong(gradient, found.arguments) == "nearby"


@pytest.mark.untraced
def test_what_is_wrong_only_at_a_second_call_is_found() -> None:
    kept: list[Parameters] = []

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        kept.append(right_gradient(p, X, Y))
        return kept[-1]._replace(b1=kept[-1].b1 * len(kept))

    assert found_for(gradient).report is not None

    def stale(p: Parameters, X: A, Y: A) -> Parameters:
        if not cache or cache[0].W0.shape != p.W0.shape or cache[0].b1.shape != p.b1.shape:
            cache[:] = [p]
        return right_gradient(cache[0], X, Y)

    cache: list[Parameters] = []
    report = found_for(stale).report
    assert report is not None
    assert report.verdict == "mismatch"


def test_places_where_the_loss_is_not_defined_are_passed_over() -> None:
    def loss(w: Any, order: Any) -> Any:
        if list(order) != [0, 1]:
            raise ValueError("order needs to be 0, 1")
        return (w**2).sum()

    arguments = (np.ones(2), np.arange(2))
    assert where_wrong(lambda w, _order: 2 * w, arguments, Wishes(loss)) is None
    assert where_wrong(lambda w, _order: 3 * w, arguments, Wishes(loss)) == "here"


@pytest.mark.untraced
def test_the_smallest_problem_says_where_to_look() -> None:
    assert "look at the sum over the batch" in found_for(wrong("1/S missing")).says
    square = PLANTED[[p.title for p in PLANTED].index("W1 transposed on the way back")]
    assert "only where N_H = N_O" in found_for(where_it_can_be_made(square)).says
    assert "only where N_O != S" in found_for(wrong("divided by N_O")).says
    assert found_for(wrong("sign flipped")).says == ""


def test_what_is_wrong_at_equal_sizes_alone_is_said() -> None:
    p = manual_backprop.initialize(manual_backprop.NetworkShape(2, 3, 3), 0)

    def square(other: tuple[Parameters, A, A]) -> bool:
        return other[0].shape.hidden == other[0].shape.outputs

    said = "It is wrong only where N_H = N_O, it seems."
    assert says(square, (p, np.zeros((1, 2)), np.array([0]))) == said


def test_what_is_said_is_tried_first() -> None:
    p = manual_backprop.initialize(manual_backprop.NetworkShape(2, 2, 2), 0)
    arguments = (p, np.zeros((1, 2)), np.array([0]))
    assert says(lambda other: True, arguments) == ""
    assert says(lambda other: other[0].shape.inputs == 2, arguments) == ""
    two_samples = (p, np.zeros((2, 2)), np.array([0, 1]))
    said = says(lambda other: len(other[1]) > 1, two_samples)
    assert said.startswith("Each of its samples alone is right: look at the sum over the batch")
    assert says(lambda other: True, two_samples) == ""


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("least", [(1, 1, 2, 1), (2, 1, 2, 3), (1, 3, 2, 2)])
def test_what_is_not_needed_goes(least: tuple[int, int, int, int], *, one_hot: bool) -> None:
    def sizes(arguments: tuple[Parameters, A, A]) -> tuple[int, int, int, int]:
        p, X, Y = arguments
        assert X.shape == (len(Y), p.shape.inputs)
        assert p.W1.shape == (len(p.b1), len(p.b0)) == (p.shape.outputs, p.shape.hidden)
        labels = Y.argmax(axis=1) if Y.ndim == 2 else Y
        assert 0 <= labels.min() <= labels.max() < p.shape.outputs
        return p.shape.inputs, p.shape.hidden, p.shape.outputs, len(X)

    def wrong(arguments: tuple[Parameters, A, A]) -> bool:
        return all(size >= one for size, one in zip(sizes(arguments), least, strict=True))

    p = manual_backprop.initialize(manual_backprop.NetworkShape(3, 3, 3), 0)
    labels = np.array([0, 1, 1, 2])
    start = p, np.arange(12.0).reshape(4, 3), np.eye(3)[labels] if one_hot else labels
    assert sizes(shrunk(wrong, start)) == least
    assert shrunk(lambda other: other is start, start) is start


# other models


def loss(w: Any, X: Any, y: Any) -> Any:
    return ((X @ w - y) ** 2).mean()


@st.composite
def least_squares(draw: st.DrawFn) -> tuple[A, A, A]:
    numbers = st.integers(-4, 4).map(float)
    w, y = (draw(st.lists(numbers, min_size=2, max_size=2)) for _ in range(2))
    return np.array(w), np.array([[1.0, 2.0], [3.0, 5.0]]), np.array(y)


@pytest.mark.untraced
def test_another_model_is_searched_by_its_own_strategy() -> None:
    def gradients(w: A, X: A, y: A) -> A:
        found = 2 * X.T @ (X @ w - y) / len(y)
        return abs(found)

    found = falsify(gradients, problems=least_squares(), loss=loss)
    assert found is not None
    assert found.shape is None
    assert found.says == ""
    assert found.report is not None
    assert found.report.verdict == "mismatch"
    assert "print(check_gradients(gradients, parameters, X, Y, loss=loss))" in found.code
    right = falsify(lambda w, X, y: X.T @ (X @ w - y), problems=least_squares(), loss=loss)
    assert right is None


def test_another_model_without_a_strategy_is_refused() -> None:
    with pytest.raises(TypeError, match="problems is None; with a loss of your own"):
        _ = falsify(lambda w: w, loss=loss)
    with pytest.raises(ValueError, match="max_examples is 0"):
        _ = falsify(right_gradient, max_examples=0)


@pytest.mark.parametrize(
    "value",
    [
        np.array([[0.1, 1e-300]]),
        np.array([1, 2], np.float32),
        {"w": np.array(0.5), "b": [np.array([1.0]), (2,)]},
        (np.array([3]), "text"),
    ],
)
def test_a_literal_is_the_value_to_the_last_bit(value: Any) -> None:
    again = eval(literal(value), {"np": np})
    assert repr(again) == repr(value)


# the command

PROGRAM = """
import numpy as np

def gradients(theta, X, Y):
    S = X.shape[1]
    z1 = theta["W0"] @ X + theta["b0"][:, None]
    z2 = theta["W1"] @ np.logaddexp(0, z1) + theta["b1"][:, None]
    y_hat = np.exp(z2) / np.exp(z2).sum(axis=0)
    e2 = (y_hat - Y) / S
    delta1 = (theta["W1"].T @ e2) / (1 + np.exp(-z1))
    return {"W0": delta1 @ X.T, "b0": delta1.sum(axis=1), "W1": e2 @ np.logaddexp(0, z1).T,
            "b1": e2.sum(axis=1)WRONG}
"""


def written(folder: Path, mistake: str = "", program: str = PROGRAM) -> str:
    file = folder / "student.py"
    _ = file.write_text(program.replace("WRONG", mistake), encoding="utf-8")
    return f"{file}:gradients"


def test_the_command_finds_and_shows_the_smallest_problem(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "out.json"
    spec = written(tmp_path, " * 2")
    assert main(["falsify", spec, "--json", str(file)]) == 1
    text = capsys.readouterr().out
    assert ": the smallest problem found on which it is wrong has N_I, N_H, N_O = 1, 1, 2" in (
        " ".join(text.split())
    )
    assert "Cause: Your b1 is too large by a factor 2." in text
    found = json.loads(file.read_text())["counterexample"]
    assert found["code"] in text
    assert found["report"]["verdict"] == "mismatch"
    # pasted after the function, it shows the same
    program = f"{PROGRAM.replace('WRONG', ' * 2')}\n{found['code']}"
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(program, {})
    assert "b1 is wrong" in printed.getvalue()


def test_the_command_finds_harm_in_a_gradient_that_is_right(
    tmp_path: Path, capsys: Captured
) -> None:
    program = (
        "import manual_backprop\n"
        "def gradients(p, X, Y):\n"
        "    found = manual_backprop.loss_and_gradients(p, X, Y)\n"
        "    X[...] = 0\n"
        "    return found\n"
    )
    assert main(["falsify", written(tmp_path, program=program)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert ": the smallest problem found on which it does harm has N_I, N_H, N_O = 1, 1, 1" in said
    assert "; besides, the function changes its arguments." in said


@pytest.mark.untraced
def test_the_command_finds_nothing_where_nothing_is_wrong(tmp_path: Path, capsys: Captured) -> None:
    spec = written(tmp_path)
    assert main(["falsify", spec, "--examples", "20"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert ": no problem found on which it is wrong, of 20 problems. Called with " in said
    assert main(["falsify", spec, "--examples", "5", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["counterexample"] is None


@pytest.mark.untraced
def test_code_in_the_plainest_convention_needs_no_adapter(tmp_path: Path, capsys: Captured) -> None:
    program = (
        "import manual_backprop\n"
        "def gradients(p, X, Y):\n"
        "    found = manual_backprop.loss_and_gradients(p, X, Y)[1]\n"
        "    return found._replace(b1=-found.b1)\n"
    )
    assert main(["falsify", written(tmp_path, program=program)]) == 1
    assert "adapter" not in capsys.readouterr().out


METHODS = """
import manual_backprop

class Network:
    def named(self, p, X, Y):
        found = manual_backprop.loss_and_gradients(p, X, Y)[1]
        return found._replace(b1=-found.b1)

    def in_a_list(self, p, X, Y):
        return [*self.named(p, X, Y)]

    def raising(self, p, X, Y):
        if len(X) == 2:
            raise ZeroDivisionError
        return manual_backprop.loss_and_gradients(p, X, Y)[1]

network = Network()
"""


@pytest.mark.untraced
@pytest.mark.parametrize("name", ["named", "in_a_list", "raising"])
def test_the_code_calls_a_method_and_understands_what_it_returns(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    spec = written(tmp_path, program=METHODS).replace("gradients", f"network.{name}")
    assert main(["falsify", spec, "--json", "-"]) == 1
    code = json.loads(capsys.readouterr().out)["counterexample"]["code"]
    assert ("adapter" in code) == (name == "in_a_list")
    pasted = f"{METHODS}\n{code}"
    if name == "raising":
        with pytest.raises(ZeroDivisionError):
            exec(pasted, {})
        return
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(pasted, {})
    assert "b1 is wrong" in printed.getvalue()


def test_what_the_command_cannot_use_is_said_in_a_line(tmp_path: Path, capsys: Captured) -> None:
    fixed = PROGRAM.replace("S = X.shape[1]", "S = X.shape[1]; X = X.reshape(4, S)")
    for arguments, said in (
        ([written(tmp_path), "--json", str(tmp_path / "no" / "file")], "there is no folder"),
        ([f"{tmp_path}/absent.py:gradients"], "cannot read"),
        ([written(tmp_path, "", fixed)], "seems to have its dimensions hard-coded"),
    ):
        assert main(["falsify", *arguments]) == 2
        assert said in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, capsys: Captured) -> None:
    assert main(["falsify", written(tmp_path), "--examples", "2", "--json", str(tmp_path)]) == 2
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("given", [True, 2.0, "3"])
def test_a_number_of_examples_has_to_be_one(given: Any) -> None:
    with pytest.raises(TypeError, match=r"max_examples is .*; it needs to be an integer"):
        _ = falsify(right_gradient, max_examples=given)


def test_of_another_model_nothing_is_concluded_and_nothing_left_out() -> None:
    arguments = ({"w": np.ones(3)}, np.ones((2, 3)), np.zeros(2))
    assert says(lambda _arguments: True, arguments) == ""
    assert shrunk(lambda _arguments: True, arguments) is arguments
    assert Counterexample(arguments, None, ValueError(), "", "").shape is None
