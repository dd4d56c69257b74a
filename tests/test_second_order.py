"""Products with the Hessian and with the Gauss-Newton matrix by hand, against autograd.

G v is the gradient of a product of two derivatives of the outputs, which the checker judges like
any other.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from autograd_ref import Report, check_gradients, check_hvp
from autograd_ref.assignment.problems import Problem, problems
from manual_backprop import (
    NetworkShape,
    Parameters,
    forward,
    gauss_newton_vector_product,
    hessian_vector_product,
    initialize,
    second_order,
)

ORDINARY = problems(kinds=("typical", "saturated"))
"""Where a prediction is confident, autograd of autograd loses digits that the products keep; for
these, another test has a formula."""


def direction(problem: Problem, seed: int) -> Parameters:
    """A direction of the parameters' shapes and dtype."""
    random = np.random.default_rng(seed)
    return Parameters(
        *(random.normal(size=block.shape).astype(block.dtype) for block in problem.parameters)
    )


def outputs(parameters: Any, X: Any) -> Any:
    """z2, in PyTorch."""
    W0, b0, W1, b1 = parameters
    return functional.linear(functional.softplus(functional.linear(X, W0, b0)), W1, b1)


def rows(Y: Any, like: Any) -> Any:
    return functional.one_hot(Y, like.shape[1]).to(like) if Y.ndim == 1 else Y


def loss(parameters: Any, X: Any, Y: Any) -> Any:
    """The loss of the network, in PyTorch."""
    z2 = outputs(parameters, X)
    return -(rows(Y, z2) * functional.log_softmax(z2, 1)).sum(1).mean()


def agree(report: Report) -> bool:
    """Every block is within rounding of the reference, also one that is zero everywhere."""
    return all(block.share is not None and block.share <= 1 for block in report.blocks)


def curvature(w: Any, parameters: Any, v: Any, X: Any) -> Any:
    """The product of how the outputs move along w and along v, weighted by the softmax Jacobian.

    It is linear in w, and its gradient is G v.
    """
    blocks = [torch.as_tensor(block).double().requires_grad_() for block in parameters]
    z2 = outputs(blocks, X)
    u = torch.zeros_like(z2, requires_grad=True)
    back = torch.autograd.grad(z2, blocks, u, create_graph=True)  # linear in u

    def along(direction: Any) -> Any:
        terms = [(b * torch.as_tensor(d)).sum() for b, d in zip(back, direction, strict=True)]
        return torch.autograd.grad(torch.stack(terms).sum(), u, create_graph=True)[0]

    y_hat, by_v = torch.softmax(z2.detach(), 1), along(v)
    mean = (y_hat * by_v).sum(1, keepdim=True)
    return (y_hat * along(w) * (by_v - mean)).sum(1).mean()


@pytest.mark.untraced
@settings(max_examples=settings().max_examples // 3)
@given(ORDINARY)
def test_the_hessian_product_is_that_of_autograd(problem: Problem) -> None:
    report = check_hvp(hessian_vector_product, *problem, loss=loss, elsewhere=False)
    assert agree(report), str(report)


@pytest.mark.untraced
@settings(max_examples=settings().max_examples // 3)
@given(ORDINARY, st.integers(0, 99))
def test_the_gauss_newton_product_is_that_of_the_linearised_network(
    problem: Problem, seed: int
) -> None:
    parameters, v = problem.parameters, direction(problem, seed)
    report = check_gradients(
        lambda _w, X: gauss_newton_vector_product(parameters, v, X),
        direction(problem, seed + 1),
        problem.X,
        loss=lambda w, X: curvature(w, parameters, v, X),
        elsewhere=False,
    )
    assert agree(report), str(report)


SHAPE = NetworkShape(inputs=4, hidden=7, outputs=3)


def ordinary(samples: int = 20) -> tuple[Parameters, Parameters, Any, Any]:
    """Parameters of size one, a direction, and a batch."""
    random = np.random.default_rng(5)
    X, Y = random.normal(size=(samples, 4)), random.integers(3, size=samples)
    return initialize(SHAPE, 0, std=0.7), initialize(SHAPE, 1, std=1.0), X, Y


def assert_close(one: Parameters, two: Parameters) -> None:
    """Entry by entry, but for the rounding of a sum of a few terms of size one."""
    for own, other in zip(one, two, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-12, atol=1e-14)


def test_with_the_predictions_as_targets_both_products_are_one() -> None:
    """The terms left out of G have a factor e2, which is zero then."""
    parameters, v, X, Y = ordinary()
    y_hat = forward(parameters, X).y_hat
    right = gauss_newton_vector_product(parameters, v, X)
    rows_of = y_hat / y_hat.sum(axis=1, keepdims=True)
    assert_close(hessian_vector_product(parameters, v, X, rows_of), right)
    other = hessian_vector_product(parameters, v, X, Y)
    assert not np.allclose(other.W0, right.W0, rtol=0.01)


def test_both_matrices_are_symmetric_and_that_of_gauss_newton_is_not_negative() -> None:
    parameters, _v, X, Y = ordinary(samples=2)  # fewer outputs than parameters
    unit = [Parameters.from_vector(row, SHAPE) for row in np.eye(SHAPE.parameter_count)]
    hessian = np.array([hessian_vector_product(parameters, v, X, Y).to_vector() for v in unit])
    newton = np.array([gauss_newton_vector_product(parameters, v, X).to_vector() for v in unit])
    for matrix in (hessian, newton):
        np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12, atol=1e-15)
    assert np.linalg.eigvalsh(newton).min() > -1e-14
    assert np.linalg.matrix_rank(newton, tol=1e-12) == 2 * (SHAPE.outputs - 1)
    assert np.linalg.eigvalsh(hessian).min() < -1e-3


def test_the_product_of_a_batch_is_the_mean_of_those_of_its_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameters, v, X, Y = ordinary()
    hessian, newton = (
        hessian_vector_product(parameters, v, X, Y),
        gauss_newton_vector_product(parameters, v, X),
    )
    monkeypatch.setattr(second_order, "AT_ONCE", 3 * SHAPE.hidden)  # a last chunk of two samples
    assert_close(hessian_vector_product(parameters, v, X, Y), hessian)
    assert_close(gauss_newton_vector_product(parameters, v, X), newton)
    single = [hessian_vector_product(parameters, v, X[[s]], Y[[s]]) for s in range(len(X))]
    mean = np.mean([one.to_vector() for one in single], axis=0)
    assert_close(Parameters.from_vector(mean, SHAPE), hessian)


@pytest.mark.parametrize("margin", [20.0, 36.0, 100.0])
def test_confident_predictions_keep_their_digits(margin: float) -> None:
    """For two outputs e2_dot is p (1 - p) (z2_dot_0 - z2_dot_1)."""
    parameters, v = (initialize(NetworkShape(1, 2, 2), seed) for seed in (0, 1))
    parameters.W1[...], parameters.b1[...] = 0, (margin, 0)
    X = np.ones((1, 1))
    a1 = forward(parameters, X).a1[0]
    z2_dot = v.W1 @ a1 + v.b1
    rest = np.exp(-margin) / (1 + np.exp(-margin))
    right = rest * (1 - rest) * (z2_dot[0] - z2_dot[1])
    found = gauss_newton_vector_product(parameters, v, X).b1
    np.testing.assert_allclose(found, [right, -right], rtol=1e-14)


# not formatted, so that every case keeps to its two lines
BAD: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "a vector": (
        lambda v: v.to_vector(), TypeError,
        "v is of type ndarray; it needs to be manual_backprop.Parameters, a direction with a block",
    ),
    "a transposed block": (
        lambda v: v._replace(W1=v.W1.T), ValueError,
        "v.W1 has shape (7, 3); it needs (3, 7), as W1 has",
    ),
    "another dtype": (
        lambda v: v._replace(b0=v.b0.astype(np.float32)), TypeError,
        "the dtype of v.b0 is float32 and that of the parameters is float64",
    ),
    "not finite": (
        lambda v: v._replace(b1=v.b1 * [1, np.nan, 1]), ValueError,
        "v.b1[1] is nan; every entry of v.b1 needs to be finite",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_direction_that_does_not_fit_is_refused_by_name(case: str) -> None:
    changed, error, text = BAD[case]
    parameters, v, X, Y = ordinary()
    v = changed(v)
    for product in (
        lambda: hessian_vector_product(parameters, v, X, Y),
        lambda: gauss_newton_vector_product(parameters, v, X),
    ):
        with pytest.raises(error, match=re.escape(text)):
            _ = product()
