"""Wrong steps: what is foretold is what the sweep finds, and what is made is found again."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.finding.claims import Search
from autograd_ref.recording.slips.finding.effects import Scored, all_scored, scored
from autograd_ref.recording.slips.finding.guesses import SlipClaim
from autograd_ref.recording.slips.finding.seen import seen
from autograd_ref.recording.slips.finding.turns import in_every_turn
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.slips.telling.in_words import worded
from autograd_ref.recording.sweep import swept
from autograd_ref.reference.model import WrongGradient
from autograd_ref.tree.point import Point, Results

A = NDArray[Any]
Loss = Callable[..., Any]
RANDOM = np.random.default_rng(0)

NEARLY_TOO_LARGE = 1e300
"""Of larger numbers, the order of a sum tells which overflows: that differs between machines."""


def perceptron(p: Any, x: Any, y: Any) -> Any:
    h = torch.tanh(x @ p["W"] + p["b"])
    return ((h @ p["v"] - y) ** 2).mean()


def recurrent(p: Any, x: Any, y: Any) -> Any:
    h = torch.zeros(3, dtype=x.dtype)
    for row in x[:3]:
        h = torch.tanh(row @ p["W"] + h @ p["U"] + p["b"])
    return ((h - y[:3]) ** 2).sum()


LOSSES = {"perceptron": perceptron, "recurrent": recurrent}


def point(loss: Loss, seed: int = 0) -> Point:
    random = np.random.default_rng(seed)
    sizes = {"W": (2, 3), "b": (3,), "v": (3,), "U": (3, 3)}
    used = [name for name in sizes if f'"{name}"' in source(loss)]
    parameters = {name: random.normal(size=sizes[name]) for name in used}
    return Point(parameters, (X, Y))


X, Y = RANDOM.normal(size=(4, 2)), RANDOM.normal(size=4)


def source(loss: Loss) -> str:
    return {perceptron: '"W" "b" "v"', recurrent: '"W" "b" "U"'}[loss]


def gradient(loss: Loss, at: Point, *slips: Slip, apart: bool = False) -> Results:
    """The gradient with some steps made wrongly."""
    steps = Steps(recorded(loss, at, apart=apart))
    right = swept(steps)
    found = swept(steps, [slips], right.cotangents).gradients
    return {path: g[0].numpy() for path, g in found.items()}


def wrong_gradient(
    loss: Loss, hand: Callable[[Point], Results], *, again: bool = True
) -> WrongGradient:
    """The question to a search, about a gradient as a function of the point."""
    here, there = point(loss), point(loss, 1)
    right, found = gradient(loss, here), hand(here)
    allowed = {path: 1e-13 * (1 + float(np.abs(block).max())) for path, block in right.items()}
    wrong = tuple(p for p in right if np.abs(found[p] - right[p]).max() > 4 * allowed[p])
    second = (there, hand(there), gradient(loss, there))
    return WrongGradient(here, found, right, allowed, wrong, lambda: second if again else None)


def every(loss: Loss, apart: bool) -> Iterator[Scored]:
    """Every slip, with what it is foretold to change of a gradient that is wrong everywhere."""
    steps = Steps(recorded(loss, point(loss), apart=apart))
    hand = {path: g[0].numpy() + 1 for path, g in swept(steps).gradients.items()}
    state = seen(steps, hand, dict.fromkeys(hand, 1e-13))
    yield all_scored(state, scored(state))
    yield from in_every_turn(state)


@pytest.mark.untraced
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("apart", [False, True])
def test_what_is_foretold_of_a_slip_is_what_the_sweep_finds(name: str, apart: bool) -> None:
    loss = LOSSES[name]
    steps = Steps(recorded(loss, point(loss), apart=apart))
    right = swept(steps)
    hand = {path: g[0].numpy() + 1 for path, g in right.gradients.items()}
    state = seen(steps, hand, dict.fromkeys(hand, 1e-13))
    found = all_scored(state, scored(state))
    assert len(found.slips) > 200
    every = [i for i, slip in enumerate(found.slips) if not depends_on_itself(steps, slip)]
    some = every[:: 1 + len(every) // 400]
    made = swept(steps, [(found.slips[i],) for i in some], right.cotangents).gradients
    for row, i in enumerate(some):
        changes = [
            float(((made[path][row] - right.gradients[path][0]) * u).sum())
            for path, u in zip(state.blocks, state.along, strict=True)
        ]
        if np.isfinite(changes).all():
            room = 1e-9 * (1 + found.scales[i])
            assert (np.abs(np.array(changes) - found.effects[i]) <= room).all(), found.slips[i]
        else:
            assert not (np.abs(found.effects[i]) < NEARLY_TOO_LARGE).all()


def depends_on_itself(steps: Steps, slip: Slip) -> bool:
    """True where a turn uses the cotangent of a value of another, which the slip changes too."""
    turns = len(steps.tape.turns[slip.sites[0].site])
    return slip.other is not None and "derivative" in slip.rule.name and turns > 1


def one_of_each_kind(loss: Loss) -> dict[str, Slip]:
    """A slip of every rule that changes something, in the middle of the record."""
    by_name: dict[str, list[Slip]] = {}
    for found in every(loss, apart=False):
        sizes = np.abs(found.effects).max(axis=1, initial=0.0)
        for slip, size in zip(found.slips, sizes, strict=True):
            if 1e-6 < size < 1e6:
                by_name.setdefault(slip.rule.name, []).append(slip)
    return {name: slips[len(slips) // 2] for name, slips in by_name.items()}


@pytest.mark.untraced
@pytest.mark.parametrize("name", LOSSES)
def test_a_slip_that_is_made_is_found_again(name: str) -> None:
    loss = LOSSES[name]
    kinds = list(one_of_each_kind(loss).items())
    for kind, slip in kinds[:: 1 if loss is perceptron else 12]:  # in a loop each costs sweeps

        def hand(at: Point, slip: Slip = slip) -> Results:
            return gradient(loss, at, slip)

        wrong = wrong_gradient(loss, hand)
        claims = list(Search(loss, wrong).claims())
        assert claims, (kind, slip)
        for claim in claims:
            for path, block in wrong.hand.items():
                np.testing.assert_allclose(claim.gradients[path], block, rtol=1e-9, atol=1e-11)


def first(loss: Loss, hand: Callable[[Point], Results], **how: bool) -> SlipClaim | None:
    claims = Search(loss, wrong_gradient(loss, hand, **how)).claims()
    return next(iter(claims), None)


def with_tanh_at_z(at: Point) -> Results:
    """The derivative of tanh at its input, derived by hand."""
    p, (x, y) = at.parameters, at.data
    z = x @ p["W"] + p["b"]
    h = np.tanh(z)
    e = 2 * (h @ p["v"] - y) / len(x)
    dz = np.outer(e, p["v"]) * (1 - z**2)
    found = {"W": x.T @ dz, "b": dz.sum(0), "v": h.T @ e}
    return {(name,): block for name, block in found.items()}


@pytest.mark.untraced
def test_two_slips_at_once_are_found() -> None:
    """Each in another block; one on what the other has left; one beside a factor of all."""

    def in_two_blocks(at: Point) -> Results:
        return {path: -2 * g if path == ("v",) else g for path, g in with_tanh_at_z(at).items()}

    def on_one_path(at: Point) -> Results:
        found = with_tanh_at_z(at)
        return {**found, ("W",): -found["W",]}

    def with_another_sign(at: Point) -> Results:
        p, (x, _y) = at.parameters, at.data
        h = np.tanh(x @ p["W"] + p["b"])
        e = -2 * (h @ p["v"]) / len(x)  # without y
        dz = np.outer(e, p["v"]) * (1 - h**2)
        found = {"W": x.T @ dz, "b": dz.sum(0), "v": h.T @ e}
        return {(name,): block for name, block in found.items()}

    for hand in (in_two_blocks, on_one_path, with_another_sign):
        wrong = wrong_gradient(perceptron, hand)
        assert first(perceptron, hand) is None
        claim = next(iter(Search(perceptron, wrong).pairs()), None)
        assert claim is not None
        assert len(claim.guess.slips) == 2
        assert " + " in worded(claim)[0]


def test_the_place_is_quoted_with_its_line() -> None:
    claim = first(perceptron, with_tanh_at_z)
    assert claim is not None
    _name, what, fix = worded(claim)
    line = perceptron.__code__.co_firstlineno + 1
    assert f'`torch.tanh(x @ p["W"] + p["b"])` (line {line})' in what
    assert fix


@pytest.mark.untraced
def test_what_holds_at_one_point_only_is_not_claimed() -> None:
    here = point(perceptron)

    def by_chance(at: Point) -> Results:
        same = np.array_equal(at.parameters["W"], here.parameters["W"])
        right = gradient(perceptron, at)
        return with_tanh_at_z(at) if same else {path: 1.3 * g + 0.1 for path, g in right.items()}

    assert first(perceptron, by_chance) is None
    assert first(perceptron, by_chance, again=False) is not None


def test_one_number_is_not_enough_without_a_second_point() -> None:
    def loss(p: Any, x: Any, _y: Any) -> Any:
        return (torch.exp(p["a"]) * x).sum()

    def twice(at: Point) -> Results:
        return {path: 2 * g for path, g in gradient(loss, at).items()}

    here, there = (Point({"a": np.array(a)}, (X, Y)) for a in (0.3, 0.7))
    right = gradient(loss, here)
    allowed, wrong = dict.fromkeys(right, 1e-13), tuple(right)
    for second in (None, (there, twice(there), gradient(loss, there))):
        asked = WrongGradient(here, twice(here), right, allowed, wrong, lambda s=second: s)
        assert bool(list(Search(loss, asked).claims())) == (second is not None)


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(3))
def test_what_nobody_derived_is_not_named(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise: Results = {
        (name,): random.normal(size=b.shape) for name, b in point(perceptron)[0].items()
    }
    factors: Results = {
        path: random.uniform(0.5, 1.5, size=block.shape) for path, block in noise.items()
    }

    def noisy(at: Point) -> Results:
        return {path: g + 0.1 * noise[path] for path, g in gradient(perceptron, at).items()}

    def scaled(at: Point) -> Results:
        return {path: g * factors[path] for path, g in gradient(perceptron, at).items()}

    for hand in (noisy, scaled):
        assert first(perceptron, hand) is None
        assert not list(Search(perceptron, wrong_gradient(perceptron, hand)).pairs())


@pytest.mark.untraced
def test_a_gradient_that_is_not_finite_is_no_explanation() -> None:
    """A division by a value that is zero gives infinity, which is close to nothing."""
    zeros = np.array([0.0, 0.0, 1.0, 2.0])

    def loss(p: Any, _x: Any, y: Any) -> Any:
        return (torch.exp(p["b"][:1] * y) * y - torch.lgamma(p["v"][:1] + y)).sum()

    def gradients(p: Any, *data: Any) -> Any:
        tensors = {name: torch.from_numpy(b).requires_grad_() for name, b in p.items()}
        loss(tensors, *map(torch.from_numpy, data)).backward()
        found = {name: np.asarray(b.grad) for name, b in tensors.items()}
        return {**found, "v": 1.37 * found["v"] + 0.01}

    p = {"b": np.array([0.3]), "v": np.array([1.3])}
    report = check_gradients(gradients, p, X, zeros, loss=loss)
    assert report.verdict == "mismatch"
    assert not [cause for cause in report.causes if "line" in cause.explanation], report


def heads(p: Any, x: Any) -> Any:
    scores = x @ p["Q"] @ p["K"].T / np.sqrt(7)
    return (scores**2).sum()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("by", "kind", "said"),
    [
        (np.sqrt(7), "a derivative left out", "the division by 2.64575 is left out"),
        (1.37, "a constant factor", "off by a factor 1.37"),
    ],
)
def test_a_step_says_more_than_a_number_and_a_number_more_than_nothing(
    by: float, kind: str, said: str
) -> None:
    def gradients(p: Any, x: A) -> Any:
        e = 2 * (x @ p["Q"] @ p["K"].T / np.sqrt(7)) / np.sqrt(7) * by
        return {"Q": x.T @ e @ p["K"], "K": e.T @ x @ p["Q"]}

    p = {"Q": RANDOM.normal(size=(4, 3)), "K": RANDOM.normal(size=(6, 3))}
    (cause, *_others) = check_gradients(gradients, p, RANDOM.normal(size=(5, 4)), loss=heads).causes
    assert cause.kind == kind
    assert said in cause.explanation


@pytest.mark.untraced
def test_a_sum_of_terms_is_not_said_to_be_followed_in_one_turn_where_another_term_is_right() -> (
    None
):
    """sum() adds the first term to 0: in that turn there is no such operand."""

    def penalised(p: Any) -> Any:
        squares = sum((p[name] ** 2).sum() for name in "abc")
        return (p["a"] * p["b"] * p["c"]).sum() + 0.3 * squares

    def gradients(p: Any) -> Any:
        a, b, c = (p[name] for name in "abc")
        return {"a": b * c + 0.6 * a, "b": a * c, "c": a * b + 0.6 * c}

    p = {name: RANDOM.normal(size=3) for name in "abc"}
    (cause,) = check_gradients(gradients, p, loss=penalised).causes
    assert "the path to `0.3 * squares` is not followed, in the derivation by b alone" in (
        cause.explanation
    )


def turned_and_unit(x: Any) -> Any:
    h = torch.sin(x)
    return h / torch.linalg.vector_norm(h, dim=1, keepdim=True)


def in_two_calls(p: Any, x: Any) -> Any:
    a, b = turned_and_unit(x @ p["W"]), turned_and_unit(x**2 @ p["W"])
    return (a**3 + a * b).sum()


@pytest.mark.untraced
@pytest.mark.parametrize("of", [(0, 1), (0,)])
def test_a_value_that_a_function_computes_anew_in_each_call_is_that_of_the_call(
    of: tuple[int, ...],
) -> None:
    def gradients(p: Any, x: A) -> Any:
        rows = (x, x**2)
        h = [np.sin(one @ p["W"]) for one in rows]
        sizes = [np.linalg.norm(one, axis=1, keepdims=True) for one in h]
        a, b = (one / size for one, size in zip(h, sizes, strict=True))
        total = np.zeros_like(p["W"])
        for i, (u, c) in enumerate(((a, 3 * a**2 + b), (b, a))):
            back = (c - u * (c * u).sum(1, keepdims=True)) / (1 if i in of else sizes[i])
            total += rows[i].T @ (back * np.cos(rows[i] @ p["W"]))
        return {"W": total}

    p = {"W": RANDOM.normal(size=(3, 4))}
    report = check_gradients(gradients, p, RANDOM.normal(size=(5, 3)), loss=in_two_calls)
    (cause,) = report.causes
    assert "the division by" in cause.explanation
    assert "is left out in what reaches" in cause.explanation
    assert "; and if " not in cause.explanation
