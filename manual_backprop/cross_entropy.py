"""Softmax and cross-entropy of each sample, and the derivative e2 directly below.

Nothing here subtracts nearly equal numbers, so confident predictions keep their digits;
`derivation.md`, section 3.
"""

import numpy as np

from manual_backprop.parameters import Array


def softmax(z2: Array) -> Array:
    """exp(z2_i) / sum_j exp(z2_j) along each row: (S, N_O) -> (S, N_O)."""
    p = np.exp(z2 - z2.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)  # (4)


def cross_entropy(z2: Array, Y: Array) -> Array:
    """-sum_i y_i ln y_hat_i of each sample: (S, N_O), (S, N_O) -> (S,).

    With m the largest z2_i, -ln y_hat_i = (m - z2_i) + ln(1 + sum of the other exp(z2_k - m)).
    """
    below_largest = z2.max(axis=1, keepdims=True) - z2
    others = np.exp(-below_largest)
    np.put_along_axis(others, z2.argmax(axis=1, keepdims=True), 0, axis=1)
    log_sum = np.log1p(others.sum(axis=1))
    return (Y * below_largest).sum(axis=1) + Y.sum(axis=1) * log_sum  # (5)


def cross_entropy_derivative(y_hat: Array, Y: Array) -> Array:
    """e2 of each sample, the derivative of its cross-entropy by z2: (S, N_O) -> (S, N_O).

    y_hat_i - y_i, for rows that sum to one, with the common part of the two never formed.
    """
    return y_hat * sum_of_others(Y) - Y * sum_of_others(y_hat)  # (7)


def sum_of_others(P: Array) -> Array:
    """sum_{j != i} P_j along each row: what stands left of i, plus what stands right of it."""
    others = np.zeros_like(P)
    others[:, 1:] += np.cumsum(P[:, :-1], axis=1)
    others[:, :-1] += np.cumsum(P[:, :0:-1], axis=1)[:, ::-1]
    return others
