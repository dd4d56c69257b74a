"""A weight that is already updated when what comes back through it is computed is named."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from autograd_ref import check_gradients
from autograd_ref.recording.slips.finding.claims import Search
from autograd_ref.recording.slips.finding.guesses import SlipClaim
from autograd_ref.reference.effort import budget
from autograd_ref.reference.model import WrongGradient
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.tree.point import Point, Results

Array = NDArray[np.float64]

RANDOM = np.random.default_rng(2)
X, T = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=(6, 2))
POINT = {
    "A": RANDOM.normal(size=(3, 5)),
    "a": RANDOM.normal(size=5),
    "B": RANDOM.normal(size=(5, 4)),
    "C": RANDOM.normal(size=(4, 2)),
}


def loss(p: Mapping[str, Tensor], x: Tensor, t: Tensor) -> Tensor:
    first = torch.tanh(x @ p["A"] + p["a"])
    second = torch.tanh(first @ p["B"])
    return ((second @ p["C"] - t) ** 2).mean() + 0.01 * (p["B"] ** 2).sum()


def gradients(
    p: Mapping[str, Array], x: Array, t: Array, rates: Mapping[str, float]
) -> dict[str, Array]:
    """The gradient, where weights are updated as soon as theirs is known."""
    first = np.tanh(x @ p["A"] + p["a"])
    second = np.tanh(first @ p["B"])
    d = 2 * (second @ p["C"] - t) / np.size(t)
    found: dict[str, Array] = {"C": second.T @ d}
    d = d @ (p["C"] - rates.get("C", 0) * found["C"]).T * (1 - second**2)
    found["B"] = first.T @ d + 0.02 * p["B"]
    d = d @ (p["B"] - rates.get("B", 0) * found["B"]).T * (1 - first**2)
    return {**found, "A": x.T @ d, "a": d.sum(0)}


def told(rates: Mapping[str, float], model: Callable[..., Tensor] = loss) -> str:
    report = check_gradients(lambda p, x, t: gradients(p, x, t, rates), POINT, X, T, loss=model)
    assert report.verdict == "mismatch"
    return " | ".join(cause.explanation for cause in report.causes)


def with_layers(p: Mapping[str, Tensor], x: Tensor, t: Tensor) -> Tensor:
    """Return the loss of the network, written with PyTorch's layers."""
    first = torch.tanh(linear(x, p["A"].T, p["a"]))
    second = torch.tanh(linear(first, p["B"].T, torch.zeros(4, dtype=x.dtype)))
    return ((linear(second, p["C"].T) - t) ** 2).mean() + 0.01 * (p["B"] ** 2).sum()


@pytest.mark.untraced
@pytest.mark.parametrize("rate", [0.1, 0.037, 1 / 7, -0.5])
def test_one_weight_is_named_with_the_rate(rate: float) -> None:
    found = told({"C": rate})
    assert 'in `second @ p["C"]`' in found
    assert f"already updated: `W {'-+'[rate < 0]} {abs(rate):.6g} * dW`" in found
    assert "alike" not in found


@pytest.mark.untraced
@pytest.mark.parametrize("model", [loss, with_layers])
def test_all_weights_are_named_together(model: Callable[..., Tensor]) -> None:
    found = told({"B": 0.1, "C": 0.1}, model)
    assert "already updated: `W - 0.1 * dW`" in found
    assert "alike" in found


@pytest.mark.untraced
def test_weights_of_two_rates_are_not_said_to_be_updated() -> None:
    assert "updated" not in told({"B": 0.1, "C": 0.3})


def asked(rates: Mapping[str, float], right: Results | None = None) -> WrongGradient:
    """The question that a search is asked, without another point."""
    point = Point(POINT, (X, T))
    hand: Results = {(name,): np.asarray(g) for name, g in gradients(POINT, X, T, rates).items()}
    known = {path: np.asarray(g) for path, g in differentiate(loss, POINT, (X, T))[1].items()}
    allowed = dict.fromkeys(hand, 1e-13)
    return WrongGradient(point, hand, right or known, allowed, (("A",), ("a",)), lambda: None)


def updated(question: WrongGradient) -> list[SlipClaim]:
    """The claims of an updated weight."""
    claims = Search(loss, question).claims()
    return [
        c for c in claims if c.guess.slips and c.guess.slips[0].rule.name == "an updated weight"
    ]


@pytest.mark.untraced
@pytest.mark.parametrize(("rate", "claims"), [(0.1, 1), (1 / 7, 0)])
def test_without_another_point_a_rate_has_to_be_one_that_is_typed(rate: float, claims: int) -> None:
    assert len(updated(asked({"B": rate}))) == claims


@pytest.mark.untraced
def test_what_does_not_hold_at_another_point_is_not_claimed() -> None:
    question = asked({"B": 0.1})
    point = Point({name: 0.9 * block for name, block in POINT.items()}, (X, T))
    right = {path: np.asarray(g) for path, g in differentiate(loss, *point)[1].items()}
    hand = gradients(point.parameters, X, T, {"B": 0.2})
    for there in (right, question.right):  # of the second the record is not the gradient
        again = point, {(name,): np.asarray(g) for name, g in hand.items()}, there
        assert not updated(question._replace(again=lambda again=again: again))


def test_a_loss_that_is_not_followed_is_not_searched() -> None:
    question = asked({"B": 0.1})
    assert not updated(question._replace(right=question.hand))


def test_a_search_whose_time_is_spent_looks_for_no_updated_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    question = asked({"B": 0.1})
    assert updated(question)
    monkeypatch.setattr(budget, "SECONDS", 0.0)
    assert not updated(question)


def test_products_that_change_nothing_are_no_updated_weights() -> None:
    def model(p: Mapping[str, Tensor], x: Tensor, t: Tensor) -> Tensor:
        state, factor = x @ p["A"] + p["a"], torch.ones(5, dtype=x.dtype)
        for _turn in range(3):
            state, factor = torch.tanh(state) * factor, p["a"]
        return (state @ p["B"] @ p["B"].T * 0).sum() + state.sum() + (p["C"] ** 2).sum() * t.sum()

    def wrong(p: Mapping[str, Array], x: Array, t: Array) -> dict[str, Array]:
        right = differentiate(model, p, (x, t))[1]
        return {str(path[0]): np.sin(np.asarray(g)) for path, g in right.items()}

    assert not check_gradients(wrong, POINT, X, T, loss=model).causes
