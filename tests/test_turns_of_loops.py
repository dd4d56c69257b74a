"""Mistakes over whole turns of a loop: truncated, cut, not transposed; and what is none of them."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import Report, check_gradients
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.loops.states import loops_of
from autograd_ref.tree.point import Point
from tests.thorough import one_in

A = NDArray[Any]
Blocks = dict[str, A]
TURNS = 6
POINT = {"start": np.array([0.7, -0.4]), "k": np.array(1.3)}
FORCES = np.random.default_rng(0).normal(size=5)


def loss(p: Any, x: Any, y: Any) -> Any:
    h, total = p["h0"], 0.0
    for step in range(len(x)):
        h = torch.tanh(x[step] * p["b"] + p["U"] @ h)
        total = total + ((h - y[step]) ** 2).sum()
    return total


def by_hand(p: Any, x: A, y: A, how: str = "", k: int = 0) -> Blocks:
    """The gradient by sums over pairs of turns, so that any of them can be left out."""
    states = [p["h0"]]
    for row in x:
        states.append(np.tanh(row * p["b"] + p["U"] @ states[-1]))
    found = {name: np.zeros_like(block) for name, block in p.items()}
    for end in range(len(x)):
        c = 2 * (states[end + 1] - y[end])
        for turn in range(end, -1, -1):
            if how == "truncated" and end - turn >= k:
                break
            da = c * (1 - states[turn + 1] ** 2)
            found["b"] += da * x[turn]
            found["U"] += np.outer(da, states[turn])
            if how == "cut" and turn and turn % k == 0:
                break
            slope = 1 - states[turn + 1] ** 2
            c = slope * (p["U"] @ c) if how == "not transposed" else p["U"].T @ da
            if turn == 0:
                found["h0"] += c
    return found


def checked(how: str, k: int = 0) -> Report:
    random = np.random.default_rng(4)
    p = {"h0": random.normal(size=3), "b": random.normal(size=3), "U": random.normal(size=(3, 3))}
    data = random.normal(size=(TURNS, 3)), random.normal(size=(TURNS, 3))
    return check_gradients(lambda q, x, y: by_hand(q, x, y, how, k), p, *data, loss=loss)


def test_the_right_gradient_is_not_accused() -> None:
    assert checked("").verdict == "match"


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("how", "k", "said"),
    [
        ("truncated", 2, "goes back over 1 turn at most"),
        ("truncated", 4, "goes back over 3 turns at most"),
        ("cut", 2, "is cut at every turn whose number 2 divides"),
        ("cut", 3, "is cut at every turn whose number 3 divides"),
    ],
)
def test_turns_that_are_left_out_are_named(how: str, k: int, said: str) -> None:
    report = checked(how, k)
    assert [cause.kind for cause in report.causes] == ["turns left out"], report
    assert said in report.causes[0].explanation


@pytest.mark.untraced
def test_a_derivative_that_is_not_transposed_is_named() -> None:
    report = checked("not transposed")
    assert [cause.kind for cause in report.causes] == ["forwards for back"], report
    assert "the derivative of h by its value of the turn before" in report.causes[0].explanation


def spring(p: Any, forces: Any) -> Any:
    x, v = p["start"]
    total = 0.0
    for force in forces:
        x, v = x + 0.3 * v, v + 0.3 * (force - torch.sin(p["k"] * x))
        total = total + x**2 + 0.5 * v**2
    return total


def of_spring(p: Any, forces: A, how: str = "") -> Blocks:
    """The adjoint method."""
    (x, v), k = p["start"], float(p["k"])
    states = [(x, v)]
    for force in forces:
        x, v = x + 0.3 * v, v + 0.3 * (force - np.sin(k * x))
        states.append((x, v))
    c, dk = np.zeros(2), 0.0
    for (x, _v), (x1, v1) in zip(states[-2::-1], states[:0:-1], strict=True):
        c = c + np.array([2 * x1, v1])
        dk -= c[1] * 0.3 * np.cos(k * x) * x
        jacobian = np.array([[1.0, 0.3], [-0.3 * k * np.cos(k * x), 1.0]])
        c = {
            "": jacobian.T @ c,
            "not transposed": jacobian @ c,
            "themselves only": np.diag(jacobian) * c,
            "halved": 0.5 * (jacobian.T @ c + c),
        }[how]
    return {"start": c, "k": np.array(dk)}


def sprung(how: str) -> Report:
    return check_gradients(lambda q, f: of_spring(q, f, how), POINT, FORCES, loss=spring)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("not transposed", "forwards for back", "the derivative of x and v by their values of"),
        ("themselves only", "a path not followed", "x and v are taken to depend on themselves"),
    ],
)
def test_two_states_that_are_taken_for_each_other_are_named(how: str, kind: str, said: str) -> None:
    report = sprung(how)
    assert [cause.kind for cause in report.causes] == [kind], report
    assert said in report.causes[0].explanation


@pytest.mark.untraced
def test_another_wrong_derivative_of_two_states_is_none_of_these() -> None:
    assert sprung("").verdict == "match"
    assert not any(
        cause.kind in ("forwards for back", "a path not followed", "turns left out")
        for cause in sprung("halved").causes
    )


def with_the_new(which: str) -> Any:
    """The loss of the spring, in which one step is made with what the other has made."""

    def made(p: Any, forces: Any) -> Any:
        x, v = p["start"]
        total = 0.0
        for force in forces:
            if which == "x":
                x = x + 0.3 * v
                v = v + 0.3 * (force - torch.sin(p["k"] * x))
            else:
                v = v + 0.3 * (force - torch.sin(p["k"] * x))
                x = x + 0.3 * v
            total = total + x**2 + 0.5 * v**2
        return total

    return made


def of(other_loss: Any) -> Any:
    def gradients(p: Any, forces: A) -> Blocks:
        leaves = {name: torch.tensor(block, requires_grad=True) for name, block in p.items()}
        other_loss(leaves, torch.tensor(forces)).backward()
        return {name: leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None}

    return gradients


@pytest.mark.long
@pytest.mark.parametrize(("which", "other"), one_in(2, [("x", "v"), ("v", "x")]))
def test_a_state_that_is_taken_after_its_update_is_named(which: str, other: str) -> None:
    report = check_gradients(of(with_the_new(which)), POINT, FORCES, loss=spring)
    assert [cause.kind for cause in report.causes] == ["a state already updated"], report
    said = f"the new {which} is used for {other}, where that of the turn before is due."
    assert said in report.causes[0].explanation


@pytest.mark.long
@pytest.mark.parametrize("which", one_in(2, ["v", "x"]))
def test_a_state_that_is_taken_before_its_update_is_named(which: str) -> None:
    report = check_gradients(of(spring), POINT, FORCES, loss=with_the_new(which))
    assert [cause.kind for cause in report.causes] == ["a state not yet updated"], report
    assert f"{which} of the turn before is used for" in report.causes[0].explanation


def test_a_state_that_begins_with_a_constant_is_not_taken_forwards() -> None:
    def filtered(p: Any, forces: Any) -> Any:
        x, spread = p["start"][0], torch.ones(2, dtype=forces.dtype)
        for force in forces:
            gain = torch.atan2(spread.sum(), p["k"])
            spread = torch.maximum(spread * gain, p["start"])
            x = x + gain * (force - x)
        return x**2

    def gradients(_p: Any, forces: A) -> Blocks:
        return {"start": np.array([1.0, 2.0]), "k": np.array(forces[0])}

    report = check_gradients(gradients, POINT, FORCES, loss=filtered)
    assert report.verdict == "mismatch"
    assert not report.causes


def recursion(p: Any, x: Any) -> Any:
    y = [x[0] * p["gain"]]
    for t in range(1, len(x)):
        y.append(torch.sin(x[t]) + p["a"] * y[t - 1])
    return (torch.stack(y) ** 2).sum()


@pytest.mark.untraced
@pytest.mark.parametrize(("by", "said"), [(1, "one step later"), (-1, "one step earlier")])
def test_a_value_of_a_list_that_is_off_by_one_is_named(by: int, said: str) -> None:
    def gradients(p: Any, x: A) -> Blocks:
        y = [x[0] * p["gain"]]
        for t in range(1, len(x)):
            y.append(np.sin(x[t]) + p["a"] * y[t - 1])
        c, da = 2 * y[-1], 0.0
        for t in range(len(x) - 1, 0, -1):
            other = t - 1 + by
            da += c * y[other if other >= 0 else t - 1]
            c = 2 * y[t - 1] + p["a"] * c
        return {"gain": np.array(c * x[0]), "a": np.array(da)}

    point = {"gain": np.array(0.7), "a": np.array(0.4)}
    report = check_gradients(gradients, point, FORCES, loss=recursion)
    assert [cause.kind for cause in report.causes] == ["another value used"], report
    assert said in report.causes[0].explanation


def test_a_loop_whose_state_no_parameter_moves_has_no_states() -> None:
    def decayed(p: Any, forces: Any) -> Any:
        weight, total = torch.ones(2, dtype=forces.dtype), 0.0
        for force in forces:
            total = total + force * (weight * p["start"]).sum()
            weight = weight * 0.9
        return total

    assert not list(loops_of(recorded(decayed, Point(POINT, (FORCES,)))))


def test_a_value_that_is_no_state_begins_no_turn() -> None:
    tape = recorded(spring, Point(POINT, (FORCES,)))
    (loop,) = loops_of(tape)
    assert [loop.turn_of(tape, ref) for ref in loop.begins(tape, 3)] == [(3, 0), (3, 1)]
    assert loop.turn_of(tape, tape.result) is None


def test_states_that_are_taken_directly_from_each_other_are_followed_once() -> None:
    def grown(p: Any, forces: Any) -> Any:
        x, v = p["start"]
        for force in forces:
            x = x + p["k"] * v * force
            a = torch.sin(v)
            v = v * x + a * a
        return x * v

    report = check_gradients(of(spring), POINT, FORCES, loss=grown)
    assert report.verdict == "mismatch"
    assert not report.causes


def test_a_new_state_that_is_made_of_one_value_twice_is_computed_once() -> None:
    def dragged(new: bool) -> Any:
        def loss(p: Any, forces: Any) -> Any:
            x, v = p["start"]
            total = 0.0
            for force in forces:
                step, a = 0.3 * v, torch.sin(p["k"] * x)
                v = v + 0.3 * (force - a * a)
                x = x + (0.3 * v if new else step)
                total = total + x**2 + 0.5 * v**2
            return total

        return loss

    report = check_gradients(of(dragged(True)), POINT, FORCES, loss=dragged(False))
    assert "a state already updated" in [cause.kind for cause in report.causes], report


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("how", "kind"),
    [("", ""), ("not transposed", "forwards for back"), ("themselves only", "a path not followed")],
)
def test_a_new_state_that_another_is_made_of_is_an_end_of_its_own(how: str, kind: str) -> None:
    """The derivative of v by the old x goes by the new x, whose derivative has it already."""

    def gradients(p: Any, forces: A) -> Blocks:
        (x, v), k = p["start"], float(p["k"])
        states = [(x, v)]
        for force in forces:
            x = x + 0.3 * v
            v = v + 0.3 * (force - np.sin(k * x))
            states.append((x, v))
        c, dk = np.zeros(2), 0.0
        for x, v in states[:0:-1]:
            c = c + np.array([2 * x, v])
            dk -= c[1] * 0.3 * np.cos(k * x) * x
            c[0] -= c[1] * 0.3 * k * np.cos(k * x)
            jacobian = np.array([[1.0, 0.3], [0.0, 1.0]])
            c = {
                "": jacobian.T @ c,
                "not transposed": jacobian @ c,
                "themselves only": np.diag(jacobian) * c,
            }[how]
        return {"start": c, "k": np.array(dk)}

    report = check_gradients(gradients, POINT, FORCES, loss=with_the_new("x"))
    assert [cause.kind for cause in report.causes] == ([kind] if kind else []), report
    assert (report.verdict == "match") is not bool(kind)
