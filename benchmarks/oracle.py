"""The exact loss and gradients: the write-up's formulas in as many digits as it takes.

mpmath evaluates equations (1) to (14) as printed, in an order whose shapes fit. The digits are
doubled until no entry changes any more, starting where y_hat - y cannot cancel to zero: for a
confident prediction it is as small as exp(-margin), which takes margin / ln 10 digits and more.
(ln(1 + exp z1) is left to mpmath's log1p: it alone would need as many digits again.)
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manual_backprop import Parameters

mpmath: Any = import_module("mpmath")  # it has no types

Exact = NDArray[Any]
"""An array of mpmath numbers."""

SETTLED = mpmath.mpf(10) ** -30
"""Relative change of an entry, at two precisions, below which it counts as exact."""
NOTHING = mpmath.mpf(10) ** -340
"""Far below the smallest float64: an entry that is exactly zero never settles otherwise."""
SPARE_DIGITS = 50


def exact_results(parameters: Parameters, X: NDArray[Any], Y: NDArray[Any]) -> dict[str, Exact]:
    """Return loss, z2, y_hat, e2, W0, b0, W1, b1 for the very values given; Y as rows (S, N_O)."""
    digits = SPARE_DIGITS + int(largest_margin(parameters, X) / np.log(10)) + _depth(parameters, X)
    found = _evaluate(parameters, X, Y, digits)
    while True:
        digits *= 2
        finer = _evaluate(parameters, X, Y, digits)
        if all(_unchanged(found[name], finer[name]) for name in finer):
            return finer
        found = finer


def errors(results: dict[str, NDArray[Any]], exact: dict[str, Exact]) -> dict[str, NDArray[Any]]:
    """Return |result - exact|, entry by entry, in float64."""
    return {
        name: np.asarray(abs(_exactly(result) - exact[name])).astype(np.float64)
        for name, result in results.items()
    }


def largest_margin(parameters: Parameters, X: NDArray[Any]) -> float:
    """Return the largest difference between two outputs z2 of one sample."""
    return float(np.ptp(_outputs(parameters, X), axis=1).max())


def _depth(parameters: Parameters, X: NDArray[Any]) -> int:
    """Return how many digits below 1 the smallest z2 begins, for a network with one output.

    Then ln exp z2 - z2 is zero, but with fewer digits it is not: exp z2 would be rounded to 1.
    """
    sizes = np.abs(_outputs(parameters, X))
    if sizes.shape[1] > 1 or not sizes.any():
        return 0
    return max(0, int(-np.log10(sizes[sizes > 0].min())))


def _outputs(parameters: Parameters, X: NDArray[Any]) -> NDArray[np.float64]:
    W0, b0, W1, b1 = (block.astype(np.float64) for block in parameters)
    return np.logaddexp(X.astype(np.float64) @ W0.T + b0, 0) @ W1.T + b1


def _unchanged(before: Exact, after: Exact) -> bool:
    return all(
        abs(a - b) <= SETTLED * abs(b) + NOTHING
        for a, b in zip(before.flat, after.flat, strict=True)
    )


def _exactly(array: NDArray[Any]) -> Exact:
    exactly = np.vectorize(mpmath.mpf, otypes=[object])
    return exactly(array.astype(np.float64))


def _evaluate(
    parameters: Parameters, X: NDArray[Any], Y: NDArray[Any], digits: int
) -> dict[str, Exact]:
    with mpmath.workdps(digits):
        exp = np.vectorize(mpmath.exp, otypes=[object])
        ln = np.vectorize(mpmath.log, otypes=[object])
        ln_1_plus = np.vectorize(mpmath.log1p, otypes=[object])
        W0, b0, W1, b1 = (_exactly(block) for block in parameters)
        X, Y = _exactly(X), _exactly(Y)
        S = len(X)

        z1 = X @ W0.T + b0  # (1)
        a1 = ln_1_plus(exp(z1))  # (2)
        z2 = a1 @ W1.T + b1  # (3)
        total = exp(z2).sum(axis=1, keepdims=True)
        y_hat = exp(z2) / total  # (4)
        loss = -(Y * (z2 - ln(total))).sum() / S  # (5), (6)
        e2 = (y_hat * Y.sum(axis=1, keepdims=True) - Y) / S  # (7), for targets of any sum
        delta1 = (e2 @ W1) * (exp(z1) / (1 + exp(z1)))  # (10), (11), (12)
        return {
            "loss": np.asarray(loss),
            "z2": z2,
            "y_hat": y_hat,
            "e2": e2,
            "W0": delta1.T @ X,  # (13)
            "b0": delta1.sum(axis=0),  # (14)
            "W1": e2.T @ a1,  # (8)
            "b1": e2.sum(axis=0),  # (9)
        }
