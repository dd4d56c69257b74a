"""Numerical slopes: right within the accuracy that they claim, and claiming enough to be of use."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_ref.numerical import slope

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
