"""By hand, the result is as accurate as the number format allows: against the exact oracle."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, target
from numpy.typing import NDArray

from autograd_ref.assignment.bounds import rounding_bounds
from autograd_ref.assignment.problems import Problem, problems
from autograd_ref.network import autograd_pass
from autograd_ref.rounding.arithmetic import Forms
from benchmarks.oracle import errors, exact_results, largest_margin
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from manual_backprop.cross_entropy import (
    cross_entropy,
    cross_entropy_derivative,
    softmax,
    targets_of,
)
from manual_backprop.network import backward
from manual_backprop.softplus import softplus, softplus_derivative
from manual_backprop.validation import checked_batch
from tests.agreement import by_autograd, by_hand

pytestmark = pytest.mark.usefixtures("each_backend")

LARGEST_MARGIN = 600.0
"""Beyond, the oracle needs so many digits that examples take long."""


def with_moderate_outputs(problem: Problem) -> Problem:
    """The output layer scaled down where its margins are too large; z1 stays as large as it is."""
    parameters, X, Y = problem
    margin = largest_margin(parameters, X)
    factor = parameters.W1.dtype.type(min(1.0, LARGEST_MARGIN / max(margin, 1.0)))
    scaled = parameters._replace(W1=factor * parameters.W1, b1=factor * parameters.b1)
    return Problem(scaled, X, Y)


def errors_within_bounds(
    found: dict[str, NDArray[Any]], problem: Problem, forms: Forms
) -> dict[str, float]:
    """The largest share of its bound that each quantity's error takes up."""
    Y = checked_batch(*problem).Y
    exact = exact_results(problem.parameters, problem.X, Y)
    bounds = rounding_bounds(*problem, forms=forms)
    return {
        name: float((error / bounds[name]).max())
        for name, error in errors(found, {name: exact[name] for name in found}).items()
    }


@pytest.mark.untraced
@given(problems().map(with_moderate_outputs))
def test_by_hand_stays_within_the_bound_for_stable_forms(problem: Problem) -> None:
    shares = errors_within_bounds(by_hand(*problem), problem, Forms.STABLE)
    _ = target(max(shares.values()), label="share of the bound, by hand")
    assert all(share <= 1 for share in shares.values()), shares


@pytest.mark.untraced
@given(problems().map(with_moderate_outputs))
def test_autograd_stays_within_the_bound_for_textbook_forms(problem: Problem) -> None:
    shares = errors_within_bounds(by_autograd(*problem), problem, Forms.TEXTBOOK)
    _ = target(max(shares.values()), label="share of the bound, autograd")
    assert all(share <= 1 for share in shares.values()), shares


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("inputs", "hidden", "outputs", "samples"),
    [(784, 2, 2, 3), (3, 400, 2, 3), (2, 2, 300, 3), (2, 2, 2, 1500)],
)
def test_by_hand_stays_within_the_bound_for_long_sums(
    inputs: int, hidden: int, outputs: int, samples: int, dtype: type[np.floating[Any]]
) -> None:
    random = np.random.default_rng(inputs)
    # terms of one sign: the rounding errors of their sums have one sign too
    start = initialize(NetworkShape(inputs, hidden, outputs), seed=1, dtype=dtype)
    parameters = Parameters(*(abs(block) for block in start))
    X = abs(random.normal(size=(samples, inputs))).astype(dtype)
    problem = Problem(parameters, X, random.integers(outputs, size=samples))
    shares = errors_within_bounds(by_hand(*problem), problem, Forms.STABLE)
    assert all(share <= 1 for share in shares.values()), shares


@pytest.mark.parametrize(
    ("dtype", "size"),
    [(np.float64, z) for z in (36.0, 700.0, 710.0, 745.0, 1e4)]
    + [(np.float32, z) for z in (17.0, 80.0, 89.0, 104.0, 1e4)],
)
def test_saturated_units_are_right_and_raise_no_floating_point_error(
    dtype: type[np.floating[Any]], size: float
) -> None:
    start = initialize(NetworkShape(2, 4, 3), seed=2, std=1e-3, dtype=dtype)
    parameters = start._replace(b0=np.array([size, -size, size / 2, -size / 2], dtype=dtype))
    X = np.random.default_rng(3).normal(size=(3, 2)).astype(dtype)
    problem = Problem(parameters, X, np.array([0, 1, 2]))
    with np.errstate(all="raise"):
        found = by_hand(*problem)
    shares = errors_within_bounds(found, problem, Forms.STABLE)
    assert all(share <= 1 for share in shares.values()), shares


def cancelling_problem(scale: float, dtype: type[np.floating[Any]], seed: int) -> Problem:
    """z1 of order one as the difference of two products of order scale, which rounds by u scale."""
    random = np.random.default_rng(seed)
    start = initialize(NetworkShape(2, 3, 3), seed, std=1.0, dtype=dtype)
    weight = abs(start.W0[:, :1]) + 1
    W0 = np.concatenate([weight, -weight * (1 + start.W0[:, 1:] / scale)], axis=1).astype(dtype)
    X = (scale * (1 + random.normal(size=(4, 1)) / 8) * np.ones((1, 2))).astype(dtype)
    return Problem(start._replace(W0=W0), X, np.arange(4) % 3)


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1e2, 1e4, 1e6, 1e8])
def test_what_the_error_of_z1_carries_through_is_within_the_bound(
    scale: float, dtype: type[np.floating[Any]]
) -> None:
    for seed in range(20):
        problem = cancelling_problem(scale, dtype, seed)
        shares = errors_within_bounds(by_hand(*problem), problem, Forms.STABLE)
        assert all(share <= 1 for share in shares.values()), (seed, shares)


@pytest.mark.untraced
def test_outputs_ten_thousand_apart_are_right() -> None:
    parameters = initialize(NetworkShape(1, 1, 2), seed=2)._replace(b1=np.array([1e4, -1e4]))
    problem = Problem(parameters, np.ones((1, 1)), np.array([1]))
    with np.errstate(all="raise"):
        found = by_hand(*problem)
    shares = errors_within_bounds(found, problem, Forms.STABLE)
    assert all(share <= 1 for share in shares.values()), shares


def confident_parameters(margin: float) -> Parameters:
    """Logits (margin, 0, -1) exactly, whatever the input."""
    zeros = np.zeros
    return Parameters(zeros((2, 4)), zeros(2), zeros((3, 2)), np.array([margin, 0.0, -1.0]))


def relative_errors(
    found: dict[str, NDArray[Any]], parameters: Parameters, Y: NDArray[np.float64]
) -> dict[str, float]:
    exact = exact_results(parameters, np.ones((len(Y), 4)), Y)
    return {
        name: float((error / np.asarray(abs(exact[name])).astype(np.float64)).max())
        for name, error in errors(found, {name: exact[name] for name in found}).items()
    }


ALL_KINDS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.75, 0.25, 0.0]])


@pytest.mark.parametrize("margin", [20.0, 36.0, 100.0, 700.0])
@pytest.mark.parametrize("target", ALL_KINDS, ids=str)
def test_confident_predictions_keep_their_digits(
    margin: float, target: NDArray[np.float64]
) -> None:
    parameters, Y = confident_parameters(margin), target[np.newaxis]
    X = np.ones((1, 4))
    value, _gradients = loss_and_gradients(parameters, X, Y)
    found = {"loss": np.asarray(value), "e2": backward(parameters, X, Y).e2}
    worst = relative_errors(found, parameters, Y)
    assert all(error < 1e-13 for error in worst.values()), worst


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_target_rows_count_with_the_sum_that_they_have(kind: type[np.floating[Any]]) -> None:
    rows = np.array([[0.3, 0.3, 0.4], [0.1, 0.2, 0.7]]).astype(kind)
    off_by = np.abs(rows.sum(axis=1, dtype=np.float64) - 1)
    assert off_by.max() > 1e-9, "a sum that is taken for 1 does not show"
    parameters = initialize(NetworkShape(2, 3, 3), seed=4, std=1.0)
    X = np.random.default_rng(5).normal(size=(2, 2))
    problem = Problem(parameters, X, rows)
    shares = errors_within_bounds(by_hand(*problem), problem, Forms.STABLE)
    assert all(share <= 1 for share in shares.values()), shares


@pytest.mark.parametrize("margin", [36.0, 100.0, 700.0])
def test_the_obvious_formula_would_have_been_noticed(margin: float) -> None:
    parameters, Y = confident_parameters(margin), ALL_KINDS[:1]
    z2 = parameters.b1[np.newaxis]
    obvious = np.exp(z2 - z2.max()) / np.exp(z2 - z2.max()).sum() - Y
    assert relative_errors({"e2": obvious}, parameters, Y)["e2"] > 1e-3
    torch_e2 = autograd_pass(parameters, np.ones((1, 4)), Y).e2
    assert relative_errors({"e2": torch_e2}, parameters, Y)["e2"] > 1e-3


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softplus_and_its_derivative_are_right_to_eight_units(
    dtype: type[np.floating[Any]],
) -> None:
    limits = np.finfo(dtype)
    z = np.concatenate([np.linspace(-80, 80, 20_001), [-1e4, 1e4, 0.0, 1e-30, -1e-30]]).astype(
        dtype
    )
    exact_z = z.astype(np.longdouble)
    for found, exact in (
        (softplus(z), np.maximum(exact_z, 0) + np.log1p(np.exp(-abs(exact_z)))),
        (softplus_derivative(z), np.exp(np.minimum(exact_z, 0)) / (1 + np.exp(-abs(exact_z)))),
    ):
        error = abs(found - exact)
        # exp and log1p may each be off by 4 units in the last place, 8 of roundoff
        assert (error <= 4 * limits.eps * exact + limits.smallest_normal).all()


def test_cross_entropy_and_its_derivative_belong_to_each_other() -> None:
    z2 = np.random.default_rng(4).normal(scale=3, size=(3, 5))
    Y = np.random.default_rng(5).dirichlet(np.ones(3), size=5)
    h = 1e-6
    targets = targets_of(Y, 3, Y.dtype)
    e2 = cross_entropy_derivative(softmax(z2), targets, 1)
    for i, step in enumerate(h * np.eye(3)[:, :, np.newaxis]):
        above, below = (cross_entropy(softmax(z2 + sign * step), targets) for sign in (1, -1))
        assert np.allclose(e2[i], (above - below) / (2 * h), atol=1e-9)
