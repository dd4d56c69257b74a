"""One thing taken for another on the way back is named: a factor, an index, a position."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from autograd_ref import check_gradients
from autograd_ref.reference.torch_loss import differentiate

Loss = Callable[[Mapping[str, Tensor]], Tensor]
Back = Callable[..., tuple[Tensor | None, ...]]

RANDOM = np.random.default_rng(8)


def by_hand(operation: Callable[..., Tensor], back: Back) -> Callable[..., Tensor]:
    """An operation of several tensors, with a derivative from what comes back and from them."""

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *operands: Tensor) -> Tensor:
            ctx.save_for_backward(*operands)
            return operation(*operands)

        @staticmethod
        def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
            return back(cotangents[0], *ctx.saved_tensors)

    def applied(*operands: Tensor) -> Tensor:
        y: Tensor = Written.apply(*operands)
        return y

    return applied


def told(right: Loss, wrong: Loss, parameters: Mapping[str, np.ndarray]) -> str:
    """The explanations of the gradient of one loss, held against another."""

    def gradients(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {str(path[0]): np.asarray(g) for path, g in differentiate(wrong, p, ())[1].items()}

    report = check_gradients(gradients, parameters, loss=right)
    assert report.verdict == "mismatch"
    return " | ".join(cause.explanation for cause in report.causes)


X = torch.tensor(RANDOM.normal(size=(5, 3)))
GATED = {name: RANDOM.normal(size=(3, 4)) for name in ("U", "V", "G", "H")}


def mixed(gate: Tensor, x: Tensor, other: Tensor, y: Tensor) -> Tensor:
    return gate * x + other * y


def highway(mixture: Callable[..., Tensor]) -> Loss:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        gate, other = torch.sigmoid(X @ p["G"]), torch.sigmoid(X @ p["H"])
        x, y = torch.tanh(X @ p["U"]), torch.sin(X @ p["V"])
        return (mixture(gate, x, other, y) ** 2).sum()

    return loss


def test_factors_exchanged_between_two_products_are_named() -> None:
    wrong = by_hand(mixed, lambda c, a, x, b, y: (c * x, c * b, c * y, c * a))
    found = told(highway(mixed), highway(wrong), GATED)
    assert "gate and other are exchanged on the way back" in found
    assert "by x is taken with other, and that by y with gate" in found


def test_all_derivatives_of_the_exchanged_sum_are_named() -> None:
    wrong = by_hand(mixed, lambda c, a, x, b, y: (c * y, c * b, c * x, c * a))
    found = told(highway(mixed), highway(wrong), GATED)
    assert "gate and other are exchanged on the way back, in all derivatives" in found


@pytest.mark.untraced
def test_factors_that_are_mixed_are_not_said_to_be_exchanged() -> None:
    wrong = by_hand(mixed, lambda c, a, x, b, y: (c * x, c * (a + b) / 2, c * y, c * a))
    assert "exchanged" not in told(highway(mixed), highway(wrong), GATED)


def averaged(x: Tensor, y: Tensor) -> Tensor:
    return 0.8 * x + 0.2 * y


@pytest.mark.untraced
@pytest.mark.parametrize(("one", "other", "named"), [(0.2, 0.8, True), (0.3, 0.7, False)])
def test_exchanged_numbers_of_a_moving_average_are_named(
    one: float, other: float, named: bool
) -> None:
    def moving(average: Callable[..., Tensor]) -> Loss:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            state = torch.zeros(4, dtype=torch.float64)
            for row in X:
                state = average(state, torch.tanh(row @ p["U"] + state * p["v"]))
            return (state**2).sum()

        return loss

    point = {"U": GATED["U"], "v": RANDOM.normal(size=4)}
    wrong = by_hand(averaged, lambda c, _x, _y: (one * c, other * c))
    found = told(moving(averaged), moving(wrong), point)
    assert ("the factors 0.8 and 0.2 are exchanged on the way back" in found) == named


def test_sums_without_two_factors_of_their_own_are_not_said_to_have_exchanged_them() -> None:
    def loss(function: Callable[..., Tensor]) -> Loss:
        def made(p: Mapping[str, Tensor]) -> Tensor:
            gate, once = torch.sigmoid(p["v"]), p["w"] * p["v"]
            fixed = gate * X[:, :1] + p["w"] * X[:, 1:2] + (0.5 * X[:, :1] + 0.3 * gate)
            fixed = fixed + 0.5 * (gate * p["v"] + gate * 2)
            state, less = p["v"], 0.3 * p["w"]
            for row in X:
                state = 0.7 * state + less + 0.2 * row.sum()
                state = once + function(state) * p["w"]
            return (state * fixed + 0.5 * state + 0.5 * p["w"]).sum()

        return made

    wrong = by_hand(torch.sin, lambda c, x: (c * torch.cos(x) * x.exp(),))
    point = {"v": RANDOM.normal(size=4), "w": RANDOM.normal(size=4)}
    assert "exchanged" not in told(loss(torch.sin), loss(wrong), point)
