"""A given loss whose gradient in PyTorch is not its slope is noticed."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import check_gradients
from autograd_ref.check import trial_of
from autograd_ref.observe.observed import Observed
from autograd_ref.report.report import Report
from autograd_ref.verdict.decide import CONTRADICTED
from tests.undiagnosed import undiagnosed

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(9, 3)), RANDOM.normal(size=9)
W = RANDOM.normal(size=3)


def square(factor: float) -> Any:
    """A square with so many times its gradient."""

    class Off(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Tensor:
            return upstream[0] * 2 * ctx.saved_tensors[0] * factor

    return Off.apply


def check(gradients: Any, loss: Any, w: Any = W) -> Report:
    return check_gradients(gradients, w, X, Y, loss=loss)


def detached(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
    """The target holds the parameter too, as in semi-gradient methods."""
    return ((X @ w - y - 0.5 * (X @ w).detach()) ** 2).mean()


def semi_gradient(w: A, X: A, y: A) -> A:
    return X.T @ (2 * (X @ w - y - 0.5 * (X @ w)) / len(y))


def test_a_gradient_that_both_sides_hold_and_the_loss_contradicts_is_no_match() -> None:
    report = check(semi_gradient, detached)
    assert report.verdict == "inconclusive"
    assert (
        report.blocks[0].reason
        == "agrees with a reference that is not the derivative of its own loss"
    )
    assert report.witness is not None
    assert report.witness.side == "reference"
    assert report.witness.reference_loss is not None
    assert report.witness.hand == report.witness.reference
    gap = abs(report.witness.reference_loss.value - report.witness.reference)
    assert gap > 1e3 * report.witness.reference_loss.accuracy


def test_what_is_held_fixed_as_data_is_no_contradiction() -> None:
    def fixed(w: Tensor, X: Tensor, y: Tensor, target: Tensor) -> Tensor:
        return ((X @ w - y - target) ** 2).mean()

    def gradients(w: A, X: A, y: A, target: A) -> A:
        return X.T @ (2 * (X @ w - y - target) / len(y))

    report = check_gradients(gradients, W, X, Y, 0.5 * (X @ W), loss=fixed)
    assert report.verdict == "match"
    assert report.witness is None


def test_a_wrong_custom_backward_pass_is_contradicted() -> None:
    def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        return square(0.5)(X @ w - y).mean()

    report = check(lambda w, X, y: by_hand(w, X, y) / 2, loss)
    assert report.verdict == "inconclusive"
    assert report.witness is not None
    assert report.witness.side == "reference"


def test_one_of_many_parameters_is_enough() -> None:
    def loss(p: Any, X: Tensor, y: Tensor) -> Tensor:
        return ((X @ p["w"] + p["b"].detach() - y) ** 2).mean() + p["b"] * 0

    def gradients(p: Any, X: A, y: A) -> Any:
        return {"w": X.T @ (2 * (X @ p["w"] + p["b"] - y) / len(y)), "b": np.zeros(())}

    report = check(gradients, loss, {"w": W, "b": np.array(0.7)})
    assert {block.verdict for block in report.blocks} == {"inconclusive"}


def linear(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
    return ((X @ w - y) ** 2).mean()


def by_hand(w: A, X: A, y: A) -> A:
    return X.T @ (2 * (X @ w - y) / len(y))


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_right_losses_are_confirmed_whatever_their_size(scale: float, offset: float) -> None:
    """An offset takes digits away from every difference of losses."""
    report = check(
        lambda *a: (scale * by_hand(*a)).astype(float), lambda *a: scale * linear(*a) + offset
    )
    assert report.verdict == "match", report
    assert report.witness is None


def test_at_the_minimum_there_is_no_slope_to_contradict() -> None:
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    report = check(by_hand, linear, best)
    assert report.verdict in ("match", "inconclusive")
    assert report.witness is None


def test_a_kink_is_no_contradiction() -> None:
    def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        return linear(w, X, y) + 100 * torch.relu(w[0])

    def gradients(w: A, X: A, y: A) -> A:
        return by_hand(w, X, y)

    report = check(gradients, loss, np.array([0.0, 1.0, 2.0]))
    assert report.verdict == "match", report
    assert [note.kind for note in report.warnings] == ["kink"]


def test_a_loss_that_is_not_defined_nearby_is_not_asked() -> None:
    def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        if float(w.detach()[0]) != W[0]:
            raise ValueError("only there")
        return linear(w, X, y)

    assert check(by_hand, loss).verdict == "match"


def test_a_loss_that_is_no_number_nearby_is_not_asked() -> None:
    def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        if float(w.detach()[0]) != W[0]:
            raise ZeroDivisionError("only there")
        return linear(w, X, y)

    assert check(by_hand, loss).verdict == "match"


@pytest.mark.untraced
def test_a_loss_that_varies_over_a_hair_is_no_contradiction() -> None:
    """Thirty steps of the logistic map stretch every distance a billionfold."""
    start = np.array([0.3, 3.9])

    def logistic(p: Tensor) -> Tensor:
        x = p[0]
        for _step in range(30):
            x = p[1] * x * (1 - x)
        return x

    def gradients(p: A) -> A:
        x, d = p[0], np.array([1.0, 0.0])
        for _step in range(30):
            d = p[1] * (1 - 2 * x) * d + np.array([0, x * (1 - x)])
            x = p[1] * x * (1 - x)
        return d

    assert check_gradients(gradients, start, loss=logistic).verdict == "match"
    wrong = undiagnosed(lambda p: 1.01 * gradients(p), start, loss=logistic)
    assert wrong.verdict == "mismatch"


@pytest.mark.parametrize("excess", [1e-2, 5e-2])
def test_a_custom_backward_pass_may_be_off_by_little(excess: float) -> None:
    report = check(
        lambda *a: by_hand(*a) * (1 + excess),
        lambda w, X, y: square(1 + excess)(X @ w - y).mean(),
    )
    assert report.verdict == "inconclusive"


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_an_offset_does_not_hide_a_detached_half(offset: float) -> None:
    report = check_gradients(lambda w: w, W, loss=lambda w: (w * w.detach()).sum() + offset)
    assert report.verdict == "inconclusive"


def test_zeros_are_moved_too_and_a_zero_block_keeps_its_own_reason() -> None:
    parameters = {"w": np.zeros(3), "z": np.ones(2)}
    report = check_gradients(
        lambda p: {"w": np.ones(3), "z": np.zeros(2)},
        parameters,
        loss=lambda p: (p["w"] + p["w"].detach()).sum() + 0 * p["z"].sum(),
    )
    assert report.blocks[0].reason == CONTRADICTED
    assert "zero everywhere" in report.blocks[1].reason


def test_a_symmetric_matrix_is_moved_symmetrically() -> None:
    """Only then is what reads one triangle the same function as what is derived for both."""
    S = X.T @ X

    def log_determinant(S: Tensor) -> Tensor:
        return torch.linalg.cholesky(S).diagonal().log().sum()

    report = check_gradients(lambda S: np.linalg.inv(S) / 2, S, loss=log_determinant)
    assert report.verdict == "match", report


def test_a_loss_that_is_defined_only_very_near_is_not_held_to_its_derivative() -> None:
    """One difference contradicts the gradient; the careful derivative cannot be taken."""

    def narrow(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        if abs(w.detach().numpy() / W - 1).max() > 1e-4:
            raise ValueError("too far")
        return detached(w, X, y)

    def gradients(w: A, X: A, y: A) -> A:
        return semi_gradient(w, X, y)

    assert check(gradients, detached).verdict == "inconclusive"
    assert check(gradients, narrow).verdict == "match"


def test_a_reference_of_our_own_is_not_held_to_its_loss() -> None:
    trial = trial_of(semi_gradient, W, (X, Y), detached)
    assert Observed(trial).contradicted
    ours = trial._replace(reference=trial.reference._replace(given=False))
    assert not Observed(ours).contradicted
