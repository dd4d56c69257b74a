"""How much the tolerance forgives, and how little."""

import numpy as np
import pytest
from hypothesis import given, settings

from autograd_ref.assignment.bounds import rounding_bounds, rounding_tolerances
from autograd_ref.assignment.problems import Problem, problems
from autograd_ref.network import exact_pass
from autograd_ref.rounding.arithmetic import Forms, growth
from manual_backprop import NetworkShape, Parameters, forward, initialize, load_penguins
from tests.agreement import assert_match, by_autograd, by_hand

pytestmark = pytest.mark.usefixtures("each_backend")

FEW = settings(max_examples=settings().max_examples // 3)
"""For what a formula guarantees, and no rounding can upset."""


def table_problem(dtype: str) -> Problem:
    """The size on which other checkers' smallest detectable error has been measured."""
    random = np.random.default_rng(0)
    parameters = initialize(NetworkShape(4, 16, 3), seed=0, dtype=dtype)
    X = random.normal(size=(150, 4)).astype(dtype)
    return Problem(parameters, X, random.integers(3, size=150))


@pytest.mark.parametrize(("dtype", "relative"), [("f8", 6e-13), ("f4", 1.6e-4)])
def test_a_small_relative_error_in_one_block_is_found(dtype: str, relative: float) -> None:
    problem = table_problem(dtype)
    results = by_hand(*problem)
    reference = by_autograd(*problem, exact=True)
    tolerance = rounding_tolerances(*problem)
    assert_match(results, reference, tolerance, dtype=dtype)
    for name, values in results.items():
        wrong = values * values.dtype.type(1 + relative)
        with pytest.raises(AssertionError, match=name):
            assert_match({name: wrong}, reference, tolerance, dtype=dtype)


def test_a_relative_error_of_1e_12_in_any_block_is_found_on_the_penguins() -> None:
    X, Y, _names = load_penguins()
    problem = Problem(initialize(NetworkShape(4, 16, 3), seed=0), X, Y)
    results, reference = by_hand(*problem), by_autograd(*problem, exact=True)
    tolerance = rounding_tolerances(*problem)
    for name, values in results.items():
        with pytest.raises(AssertionError, match=name):
            assert_match({name: values * (1 + 1e-12)}, reference, tolerance, dtype="f8")


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("samples", [300, 1000, 5000, 20_000])
def test_sums_of_equal_terms_drift_and_are_not_accused(samples: int, dtype: str) -> None:
    parameters = initialize(NetworkShape(3, 2, 3), seed=1, dtype=dtype)
    X = np.full((samples, 3), 0.7, dtype=dtype)
    problem = Problem(parameters, X, np.zeros(samples, dtype=int))
    reference = by_autograd(*problem, exact=True)
    results = by_hand(*problem)
    # cumsum adds one term after the other, as a loop over the samples does
    looped = {"b1": np.cumsum(results["e2"], axis=0)[-1]}
    for found in (results, looped):
        assert_match(found, reference, rounding_tolerances(*problem), dtype=dtype)
    stable = rounding_bounds(*problem, forms=Forms.STABLE)
    assert_match(results, reference, stable, dtype=dtype)
    # without growth the bound would accuse the loop
    growth_undone = {"b1": rounding_tolerances(*problem)["b1"] / growth(samples)}
    with pytest.raises(AssertionError, match="b1"):
        assert_match(looped, reference, growth_undone, dtype=dtype)


def saturated_problem() -> Problem:
    start = initialize(NetworkShape(4, 5, 3), seed=1)
    X = np.random.default_rng(2).normal(size=(6, 4))
    return Problem(start._replace(b0=np.full(5, -30.0)), X, np.arange(6) % 3)


def test_lost_digits_exceed_the_stable_bound_but_not_the_textbook_one() -> None:
    problem = saturated_problem()
    parameters, X, _Y = problem
    z1 = X @ parameters.W0.T + parameters.b0
    textbook_slope = 1 - 1 / (1 + np.exp(z1))
    e2 = by_hand(*problem)["e2"]
    delta1 = (e2 @ parameters.W1) * textbook_slope
    found = {"W0": delta1.T @ X, "b0": delta1.sum(axis=0)}
    reference = by_autograd(*problem, exact=True)
    dtype = np.float64
    assert_match(found, reference, rounding_bounds(*problem, forms=Forms.TEXTBOOK), dtype=dtype)
    with pytest.raises(AssertionError):
        assert_match(found, reference, rounding_bounds(*problem, forms=Forms.STABLE), dtype=dtype)


@FEW
@given(problems())
def test_the_tolerance_is_positive_finite_and_of_the_results_shape(problem: Problem) -> None:
    results, tolerances = by_hand(*problem), rounding_tolerances(*problem)
    assert set(tolerances) - set(results) == {"z1", "a1", "z2", "delta1"}
    for name, values in results.items():
        assert tolerances[name].shape == values.shape
        assert np.isfinite(tolerances[name]).all()
        assert (tolerances[name] > 0).all()


@pytest.mark.untraced
@given(problems())
def test_what_lies_between_is_within_its_tolerance(problem: Problem) -> None:
    found, exact = forward(*problem[:2]), exact_pass(*problem)
    tolerances = rounding_tolerances(*problem)
    for name in ("z1", "a1", "z2"):
        error = abs(getattr(found, name) - getattr(exact, name))
        assert (error <= tolerances[name]).all(), name


@FEW
@given(problems(kinds=("typical",)))
def test_the_tolerance_does_not_grow_with_the_number_of_entries(problem: Problem) -> None:
    parameters, X, Y = problem
    hidden = len(parameters.b0)
    wider = Parameters(
        W0=np.concatenate([parameters.W0, parameters.W0]),
        b0=np.concatenate([parameters.b0, parameters.b0]),
        W1=np.concatenate([parameters.W1, np.zeros_like(parameters.W1)], axis=1),
        b1=parameters.b1,
    )
    narrow, wide = rounding_tolerances(*problem), rounding_tolerances(wider, X, Y)
    # the sum over hidden units in z2 has twice the terms; nothing else may matter
    allowed = growth(2 * hidden + 1) / growth(hidden + 1)
    assert (wide["W0"][:hidden] <= allowed * narrow["W0"] * (1 + 1e-9)).all()
