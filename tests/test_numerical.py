"""Numerical slopes: right within the accuracy that they claim, and claiming enough to be of use."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_ref.reference.differences.numerical import RATIO, STEPS, noise_nearby, slope

numbers = st.floats(-2, 2)


@given(a=numbers, b=numbers, c=numbers, step=st.sampled_from([1.0, 0.1, 1e-3]))
def test_the_derivative_lies_within_the_accuracy_claimed(
    a: float, b: float, c: float, step: float
) -> None:
    def function(t: Any) -> Any:
        return a * np.sin(3 * t + b) + c * np.exp(t) + np.logaddexp(a * t, b)

    exact = 3 * a * math.cos(b) + c + a / (1 + math.exp(b))
    found = slope(function, step)
    assert abs(found.value - exact) <= found.accuracy
    assert found.accuracy <= 1e-7 * (1 + abs(exact)) / min(step, 0.1)


def test_a_smooth_function_is_known_to_twelve_digits() -> None:
    found = slope(np.exp, 0.1)
    assert abs(found.value - 1) <= found.accuracy < 2e-12


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="no wider long double here")
def test_long_double_gives_more_digits() -> None:
    found = slope(np.exp, np.longdouble("0.1"))
    assert abs(found.value - 1) <= found.accuracy < 1e-14


def test_noise_is_noticed() -> None:
    """A loss computed in float32 has steps of 1e-7, whatever the step of the difference."""
    found = slope(lambda t: float(np.float32(math.exp(t))), 0.1)
    assert abs(found.value - 1) <= found.accuracy
    assert 1e-8 < found.accuracy < 1e-3


@pytest.mark.parametrize(("side", "expected"), [(-1, 1.0), (1, 4.0)])
def test_each_side_of_a_kink_has_a_slope_of_its_own(side: int, expected: float) -> None:
    found = slope(lambda t: max(4 * t, t) + math.expm1(t) - t, 0.1, one_sided=side)
    assert abs(found.value - expected) <= found.accuracy < 1e-8


def test_outside_the_domain_the_smaller_steps_decide() -> None:
    found = slope(lambda t: np.log(np.float64(t) + 0.03), 0.1)
    assert abs(found.value - 1 / 0.03) <= found.accuracy < 1e-3


def test_where_nothing_is_finite_nothing_is_claimed() -> None:
    found = slope(lambda _t: float("nan"), 0.1)
    assert found.accuracy == math.inf
    assert math.isnan(found.value)


@pytest.mark.parametrize("digits", [7, 10, 13])
def test_values_that_are_rounded_to_few_digits(digits: int) -> None:
    """Neighbours are equal then, so that scatter alone would see no noise."""
    found = slope(lambda t: round(math.exp(t), digits), 0.1)
    assert abs(found.value - 1) <= found.accuracy < 10.0 ** (2.5 - digits * 2 / 3)


@pytest.mark.parametrize(("rate", "digits"), [(1.0, 2), (0.3, 5), (2.7, 5)])
def test_values_that_do_not_change_over_the_smallest_steps(rate: float, digits: int) -> None:
    for function in (
        lambda t: round(1 + rate * t, digits),
        lambda t: round(math.exp(rate * t), digits),
    ):
        found = slope(function, 0.1)
        assert abs(found.value - rate) <= found.accuracy


def test_a_constant_has_no_slope_and_no_noise() -> None:
    found = slope(lambda _t: 2.5, 0.1)
    assert found.value == 0
    assert found.accuracy < 1e-9


@pytest.mark.parametrize("frequency", [10.0, 1e3, 1e5, 3e5, 2e4 * math.pi, 1e6])
def test_oscillations_faster_than_the_larger_steps_are_no_slopes(frequency: float) -> None:
    found = slope(lambda t: math.sin(frequency * t + 0.3), 0.1)
    assert abs(found.value - frequency * math.cos(0.3)) <= found.accuracy


def test_of_several_scales_the_one_that_tells_most_is_taken() -> None:
    def reciprocal(t: float) -> float:
        return 1 / (1e-3 + t) + 1e3 * t

    exact = 1e3 - 1e6
    alone, both = slope(reciprocal, 1.0), slope(reciprocal, 1.0, 1e-4)
    assert abs(both.value - exact) <= both.accuracy < 1e-4
    assert abs(alone.value - exact) <= alone.accuracy


def test_a_larger_step_that_contradicts_a_smaller_one_is_not_believed() -> None:
    """Beyond a hair this is a straight line of another slope, known to all digits."""

    def bent(t: float) -> float:
        return 3 * t - math.copysign(min(abs(t), 1e-6), t)

    found = slope(bent, 0.1, 1e-7)
    assert abs(found.value - 2) <= found.accuracy < 1e-6


def test_where_a_smaller_step_tells_nothing_the_larger_is_believed() -> None:
    def hole(t: float) -> float:
        return float("nan") if 0 < abs(t) < 1e-7 else math.exp(t)

    found = slope(hole, 0.5, 1e-9)
    assert abs(found.value - 1) <= found.accuracy < 1e-6


@pytest.mark.parametrize("finer", [4, 6, 8])
def test_larger_steps_that_agree_by_accident_are_not_believed_against_smaller_ones(
    finer: int,
) -> None:
    """Two straight lines through 0, one of them over the last few steps only."""
    turn = 0.1 / RATIO ** (STEPS - finer + 0.5)

    def broken(t: float) -> float:
        return 3 * t if abs(t) < turn else 2 * t

    found = slope(broken, 0.1)
    assert abs(found.value - 3) <= found.accuracy < 1e-6


@pytest.mark.parametrize("kind", [np.float64, np.longdouble])
@pytest.mark.parametrize("margin", [8.0, 11.0, 14.0])
def test_within_one_step_of_rounding_there_is_another_slope(kind: Any, margin: float) -> None:
    """The largest probability is 1 - 1e-11, and stays what it is over the smallest steps."""
    z = np.array([-margin, margin, -margin - 3])

    def entropy(t: Any) -> Any:
        p = np.exp(z.astype(kind) - kind(margin) + kind(t) * np.array([1, 2, 3], kind))
        p = p / p.sum()
        return -np.sum(p * np.log(p))

    log_p = z - margin - np.log1p(np.exp(z[[0, 2]] - margin).sum())
    p = np.exp(log_p)
    exact = -float((p * (log_p - p @ log_p)) @ np.array([1, 2, 3]))
    found = slope(entropy, kind(1.0))
    assert abs(found.value - exact) <= found.accuracy + 1e-9 * abs(exact)


def by_chance(x: float) -> float:
    """A number between -1 and 1 that says nothing of the one next to it."""
    return float(np.random.default_rng(np.float64(x).view(np.uint64)).uniform(-1, 1))


def test_scatter_is_noise_where_it_is_a_trifle_of_the_value_or_all_there_is() -> None:
    """In between, the function is not resolved: of its slope nothing is known."""
    assert noise_nearby(lambda x: 1 + 1e-7 * by_chance(x), 0.1) == pytest.approx(1e-7, rel=1)
    assert noise_nearby(by_chance, 0.1) == pytest.approx(1, rel=1)
    assert noise_nearby(lambda x: 1 + 0.1 * by_chance(x), 0.1) is None
