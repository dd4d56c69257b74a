"""Losses of nearly singular matrices: a pole is nearer than any step, and nobody is accused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.reference.differences.numerical import NOTHING
from autograd_ref.reference.differences.stencil import Sides
from autograd_ref.report.data import Slope

A = NDArray[Any]
Function = Callable[..., Any]


def hilbert(order: int) -> A:
    return 1 / (np.arange(order)[:, None] + np.arange(order) + 1.0)


def scaled(digits: float) -> A:
    """Singular values from one to so many digits less."""
    random = np.random.default_rng(0)
    left, right = (np.linalg.qr(random.normal(size=(4, 4)))[0] for _side in range(2))
    return np.asarray(left @ np.diag(np.logspace(0, -digits, 4)) @ right)


def log_determinant(matrix: A) -> Any:
    return np.linalg.slogdet(matrix)[1]


def by_inverse(matrix: A) -> A:
    return np.asarray(np.linalg.inv(matrix).T)


X = np.random.default_rng(0).normal(size=13)


def quadratic(matrix: A) -> Any:
    x = X[: len(matrix)]
    return np.linalg.solve(matrix, x) @ x


def by_two_solutions(matrix: A) -> A:
    x = X[: len(matrix)]
    return -np.outer(np.linalg.solve(matrix.T, x), np.linalg.solve(matrix, x))


def sum_of_inverse(matrix: A) -> Any:
    return np.linalg.inv(matrix).sum()


def by_sums(matrix: A) -> A:
    inverse = np.linalg.inv(matrix)
    return -np.outer(inverse.sum(0), inverse.sum(1))


PAIRS: dict[str, tuple[Function, Function]] = {
    "slogdet": (by_inverse, log_determinant),
    "solve": (by_two_solutions, quadratic),
    "inv": (by_sums, sum_of_inverse),
}
NEARLY_SINGULAR: dict[str, A] = {
    "Hilbert 12": hilbert(12),
    "13 digits": scaled(13),
    "15 digits": scaled(15),
}


@pytest.mark.untraced
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("matrix", NEARLY_SINGULAR)
def test_beside_a_pole_a_right_gradient_is_left_open_with_a_reason(pair: str, matrix: str) -> None:
    gradient, loss = PAIRS[pair]
    report = check_gradients(gradient, NEARLY_SINGULAR[matrix], loss=loss)
    assert report.verdict == "inconclusive", report
    assert "a matrix nearly singular?" in report.blocks[0].reason
    assert "nan" not in report.blocks[0].reason


@pytest.mark.untraced
@pytest.mark.parametrize("pair", PAIRS)
def test_where_the_matrix_has_digits_left_it_is_decided(pair: str) -> None:
    gradient, loss = PAIRS[pair]
    for matrix in (hilbert(3), scaled(4)[:2, :2]):
        assert check_gradients(gradient, matrix, loss=loss).verdict == "match"
        for wrong in (2.0, 1 + 1e-5):
            report = check_gradients(lambda m, by=wrong: by * gradient(m), matrix, loss=loss)
            assert report.verdict == "mismatch"


@pytest.mark.untraced
@pytest.mark.parametrize("order", [11, 12])
def test_the_right_side_of_a_nearly_singular_system_is_not_accused(order: int) -> None:
    matrix = hilbert(order)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=order)
        report = check_gradients(
            lambda x, m: 2 * np.linalg.solve(m, x),
            x,
            matrix,
            loss=lambda x, m: np.linalg.solve(m, x) @ x,
            seed=seed,
        )
        assert report.verdict == "inconclusive", report
        assert "half of its digits" in report.blocks[0].reason


def test_a_function_without_a_derivative_to_either_side_has_none() -> None:
    central = Slope(1.0, 1e-9)
    assert Sides(central, NOTHING, NOTHING, 0.0).slope == NOTHING
    assert Sides(central, NOTHING, Slope(1.0, 1e-6), 0.0).slope == central
    assert Sides(NOTHING, NOTHING, Slope(1.0, 1e-6), 0.0).slope == Slope(1.0, 1e-6)
