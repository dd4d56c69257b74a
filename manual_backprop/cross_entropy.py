"""Softmax and cross-entropy of each sample, and their derivative e2 directly below.

Samples are columns: sums over outputs then run along contiguous memory. Nothing here subtracts
nearly equal numbers, so confident predictions keep their digits; `derivation.md`, section 3.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from manual_backprop.arguments import Array

FEW_OUTPUTS = 32
"""Up to this many outputs, a product with an N_O x N_O matrix is the fastest sum of the others."""

KEPT = 8_192
"""Length of the array of ones that is kept for each dtype."""


class Targets(NamedTuple):
    """The targets of some samples, and the sums of them that loss and e2 need."""

    Y: Array  # (N_O, T)
    others: Array  # (N_O, T), sum_{j != i} y_j
    total: Array | None  # (T,), sum_j y_j; None where that is one, exactly


class Prediction(NamedTuple):
    """Softmax in parts: p = exp(shifted), whose largest entry is one, and sums of p."""

    shifted: Array  # (N_O, T), z2_i - max_j z2_j
    p: Array  # (N_O, T)
    others: Array  # (N_O, T), sum_{j != i} p_j
    rest: Array  # (T,), the sum of all p but the largest

    @property
    def y_hat(self) -> Array:
        """The probabilities (N_O, T): p divided by the sum of all p."""
        return self.p / (self.p + self.others)


def softmax(z2: Array) -> Prediction:
    """Return exp(z2_i) / sum_j exp(z2_j) down each column, in parts."""
    one = z2.shape[1] == 1  # for one column, argmax takes a third of the time of a reduction
    shifted = z2 - (z2.item(z2.argmax()) if one else np.maximum.reduce(z2, axis=0))
    p = np.exp(shifted)
    others = sum_of_others(p)
    rest = others[others.argmin()] if one else np.minimum.reduce(others, axis=0)
    return Prediction(shifted, p, others, rest)  # (4)


def cross_entropy(prediction: Prediction, targets: Targets) -> Array:
    """Return the loss -sum_i y_i ln y_hat_i of each sample, (T,)."""
    log_total: Array = np.log1p(prediction.rest)
    if targets.total is not None:
        log_total *= targets.total
    log_total -= _down_columns(targets.Y * prediction.shifted)  # (5)
    return log_total


def cross_entropy_derivative(prediction: Prediction, targets: Targets, S: int) -> Array:
    """Return e2 = (y_hat - y) / S of each sample, (N_O, T): the derivative of the mean loss by z2.

    Terms that y_hat and y have in common are left out before they are formed, so nothing cancels.
    """
    e2 = prediction.p * targets.others
    e2 -= targets.Y * prediction.others
    total = prediction.p + prediction.others
    total *= float(S)
    e2 /= total  # (6), (7)
    return e2


def cross_entropy_second_derivative(prediction: Prediction, z2_dot: Array, S: int) -> Array:
    """Return e2_dot, (N_O, T): how e2 changes where z2 moves along z2_dot (N_O, T).

    z2_dot is measured from its value at the largest y_hat, so that a confident prediction does not
    take the difference of two numbers that are nearly equal.
    """
    largest: Any = prediction.p.argmax(axis=0), np.arange(z2_dot.shape[1])  # one of each column
    y_hat = prediction.y_hat
    moved = z2_dot - z2_dot[largest]
    moved -= _down_columns(y_hat * moved)
    return y_hat * moved / float(S)  # (20)


def targets_of(Y: NDArray[Any], outputs: int, dtype: np.dtype[Any]) -> Targets:
    """Return labels (S,), or rows (S, N_O), as targets in the dtype of the parameters."""
    if Y.ndim > 1:
        columns = np.array(Y.T, dtype=dtype, order="C")
        return Targets(columns, sum_of_others(columns), _down_columns(columns))
    if outputs <= FEW_OUTPUTS:
        one_hot = _one(outputs, dtype).take(Y, axis=1)
        return Targets(one_hot, _all_but_one(outputs, dtype).take(Y, axis=1), None)
    one_hot = (np.arange(outputs)[:, np.newaxis] == Y).astype(dtype)
    return Targets(one_hot, 1 - one_hot, None)


def sum_of_others(P: Array) -> Array:
    """Return sum_{j != i} P_j for every entry i of each column.

    Few outputs: a product with a matrix of ones whose diagonal is zero. Many: the total minus P_i,
    which is at most half of it (if no entry is negative) except for the largest entry, whose sum
    of the others is formed without it.
    """
    if len(P) <= FEW_OUTPUTS:
        return _all_but_one(len(P), P.dtype).dot(P)
    largest: Any = P.argmax(axis=0), np.arange(P.shape[1])  # one of each column
    without = P.copy()
    without[largest] = 0
    rest: Array = np.add.reduce(without, axis=0)
    others = (rest + P[largest]) - P
    others[largest] = rest
    return others


def _down_columns(P: Array) -> Array:
    """Return the column sums, by a product with ones: a third of the time of a reduction."""
    return ones_of(len(P), P.dtype).dot(P)


def ones_of(count: int, dtype: np.dtype[Any]) -> Array:
    """Return read-only ones, (count,): a slice of a kept array where they are few."""
    return _kept_ones(dtype)[:count] if count <= KEPT else np.ones(count, dtype)


@cache
def _kept_ones(dtype: np.dtype[Any]) -> Array:
    ones = np.ones(KEPT, dtype)
    ones.flags.writeable = False
    return ones


@cache
def _one(outputs: int, dtype: np.dtype[Any]) -> Array:
    return np.eye(outputs, dtype=dtype)


@cache
def _all_but_one(outputs: int, dtype: np.dtype[Any]) -> Array:
    return 1 - _one(outputs, dtype)
