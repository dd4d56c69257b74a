"""A penalty outside a bound is a bound: the derivative is taken from inside, whatever it is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.reference.differences.walls import without_walls

A = NDArray[np.float64]
AT = np.array([0.0, 1.5, -0.7])


def right(x: A) -> A:
    return 2 * x + 3


def inside(x: Any) -> float:
    return float(np.sum(np.square(x) + 3 * np.asarray(x)))


def penalty(outside: float) -> Callable[[Any], float]:
    return lambda x: outside if np.asarray(x)[0] < 0 else inside(x)


def with_violation(x: Any) -> float:
    below = np.minimum(np.asarray(x)[0], 0)
    return float(1e8 * (1 + below**2)) if below else inside(x)


def above_all(x: Any) -> float:
    return -1e10 if np.asarray(x)[0] < 0 else inside(x)


def upper(x: Any) -> float:
    return 1e300 if np.asarray(x)[0] > 0 else inside(x)


WALLS: dict[str, Callable[[Any], float]] = {
    **{f"{size:g}": penalty(size) for size in (1e6, 1e10, 1e300, np.inf, np.nan)},
    "with the violation": with_violation,
    "of a likelihood": above_all,
    "from above": upper,
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", WALLS)
def test_at_a_penalty_the_derivative_is_that_from_inside(case: str) -> None:
    loss = WALLS[case]
    assert check_gradients(right, AT, loss=loss).passed
    for place in range(3):
        factors = np.ones(3)
        factors[place] += 1e-6
        report = check_gradients(lambda x, f=factors: right(x) * f, AT, loss=loss)
        assert report.verdict == "mismatch", report
        assert report.blocks[0].worst_index == (place,)


def test_other_parameters_behind_a_penalty_are_not_asked_about() -> None:
    """Other parameters in the place of zeros may be negative."""

    def loss(x: Any) -> float:
        return 1e10 if np.asarray(x)[0] < 0 else float(np.exp(2 * np.asarray(x)[0]))

    at = np.zeros(1)
    for seed in range(4):
        assert check_gradients(lambda x: 2 * np.exp(2 * x), at, loss=loss, seed=seed).passed
        wrong = check_gradients(lambda x: 2.02 * np.exp(2 * x), at, loss=loss, seed=seed)
        assert wrong.verdict == "mismatch"

    def by_torch(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x[0] < 0, 1e10 + 0 * x[0], torch.exp(2 * x[0]))

    assert check_gradients(lambda x: 2 * np.exp(2 * x), at, loss=by_torch).passed

    def raising(x: Any) -> float:
        if np.asarray(x)[0] == 0 or abs(np.asarray(x)[0]) > 0.01:
            return loss(x)
        raise ArithmeticError("between")

    assert not check_gradients(lambda x: 2 * np.exp(2 * x), at, loss=raising).findings


@pytest.mark.parametrize(
    "function",
    [np.exp, lambda x: np.exp(50 * x), lambda x: 1e10 * x * x, lambda x: 1e3 * x, np.abs],
)
def test_what_is_steep_is_no_wall(function: Any) -> None:
    seen = without_walls(function)
    for by in (0.5, -0.5, 0.01, -0.01):
        assert seen(by) == function(by)


def test_a_jump_to_both_sides_is_no_bound() -> None:
    seen = without_walls(lambda x: 0.0 if x == 0 else 1e10)
    assert seen(0.5) == seen(-0.5) == 1e10
