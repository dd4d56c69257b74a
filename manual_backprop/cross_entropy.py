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
"""Up to so many, a square matrix with a row for each costs less than what it saves."""


KEPT = 8_192
"""Ones, in each dtype."""


class Targets(NamedTuple):
    """What y_hat should be, and the sums that its derivative needs."""

    Y: Array  # (N_O, T)
    others: Array  # (N_O, T), sum_{j != i} y_j
    total: Array | None  # (T,), sum_j y_j; None where that is one, exactly


class Prediction(NamedTuple):
    """y_hat, and what it is made of: p = exp(shifted), whose largest entry is one."""

    shifted: Array  # (N_O, T), z2_i - max_j z2_j
    p: Array  # (N_O, T)
    others: Array  # (N_O, T), sum_{j != i} p_j
    rest: Array  # (T,), the sum of all p but the largest

    @property
    def y_hat(self) -> Array:
        """(N_O, T): p, divided by the sum of all p."""
        return self.p / (self.p + self.others)


def softmax(z2: Array) -> Prediction:
    """exp(z2_i) / sum_j exp(z2_j) down each column, in its parts."""
    one = z2.shape[1] == 1  # of one column, argmax takes a third of the time of a reduction
    shifted = z2 - (z2.item(z2.argmax()) if one else np.maximum.reduce(z2, axis=0))
    p = np.exp(shifted)
    others = sum_of_others(p)
    rest = others[others.argmin()] if one else np.minimum.reduce(others, axis=0)
    return Prediction(shifted, p, others, rest)  # (4)


def cross_entropy(prediction: Prediction, targets: Targets) -> Array:
    """-sum_i y_i ln y_hat_i of each sample, (T,)."""
    log_total: Array = np.log1p(prediction.rest)
    if targets.total is not None:
        log_total *= targets.total
    log_total -= _down_columns(targets.Y * prediction.shifted)  # (5)
    return log_total


def cross_entropy_derivative(prediction: Prediction, targets: Targets, S: int) -> Array:
    """e2 of each sample, the derivative of its cross-entropy by z2 divided by S: (N_O, T).

    y_hat_i - y_i, for targets that sum to one, with the common part of the two never formed.
    """
    e2 = prediction.p * targets.others
    e2 -= targets.Y * prediction.others
    total = prediction.p + prediction.others
    total *= float(S)
    e2 /= total  # (6), (7)
    return e2


def targets_of(Y: NDArray[Any], outputs: int, dtype: np.dtype[Any]) -> Targets:
    """Labels (S,), or rows (S, N_O), in the dtype of the parameters."""
    if Y.ndim > 1:
        columns = np.array(Y.T, dtype=dtype, order="C")
        return Targets(columns, sum_of_others(columns), _down_columns(columns))
    if outputs <= FEW_OUTPUTS:
        one_hot = _one(outputs, dtype).take(Y, axis=1)
        return Targets(one_hot, _all_but_one(outputs, dtype).take(Y, axis=1), None)
    one_hot = (np.arange(outputs)[:, np.newaxis] == Y).astype(dtype)
    return Targets(one_hot, 1 - one_hot, None)


def sum_of_others(P: Array) -> Array:
    """sum_{j != i} P_j down each column.

    A product with a matrix of ones and a diagonal of zeros; where that is large, it is the total
    less P_i, which is never more than half of it (where none is negative) but for the largest
    entry, and that is not added in the first place.
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
    """Their sums, by a product with a row of ones: it takes a third of the time of a reduction."""
    return ones_of(len(P), P.dtype).dot(P)


def ones_of(count: int, dtype: np.dtype[Any]) -> Array:
    """So many, to be read only: a few are found sooner than made."""
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
