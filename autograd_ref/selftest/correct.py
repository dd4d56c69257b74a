"""Correct gradients of the built-in network, in the styles in which people write them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import manual_backprop
from manual_backprop import Parameters
from manual_backprop.write_up import write_up

A = NDArray[Any]
Gradient = Callable[[Parameters, A, A], tuple[float, Parameters]]


def as_rows(Y: A, parameters: Parameters) -> A:
    """Targets (S, N_O) in the dtype of the parameters."""
    dtype, outputs = parameters.W0.dtype, len(parameters.b1)
    return np.eye(outputs, dtype=dtype)[Y] if Y.ndim == 1 else Y.astype(dtype)


def in_a_plain_loop(parameters: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
    """The write-up's equations, one sample after the other, in running sums."""
    rows = as_rows(Y, parameters)
    loss = parameters.W0.dtype.type(0)
    sums = [np.zeros_like(block) for block in parameters]
    for x, y in zip(X, rows, strict=True):
        sample = write_up(parameters, x, y)
        loss += sample.l
        sums = [total + block for total, block in zip(sums, sample.gradients, strict=True)]
    S = parameters.W0.dtype.type(len(X))
    return float(loss / S), Parameters(*(total / S for total in sums))


def by_the_textbook(parameters: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
    """ln(1 + exp z), 1 - 1/(1 + exp z), exp/sum exp, y_hat - y."""
    W0, b0, W1, b1 = parameters
    one = W0.dtype.type(1)
    rows, S = as_rows(Y, parameters), W0.dtype.type(len(X))
    z1 = X @ W0.T + b0
    a1, sigma = np.log(one + np.exp(z1)), one - one / (one + np.exp(z1))
    z2 = a1 @ W1.T + b1
    y_hat = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
    loss = -(rows * np.log(y_hat)).sum() / S
    e2 = (y_hat - rows) / S
    delta1 = (e2 @ W1) * sigma
    gradients = Parameters(delta1.T @ X, delta1.sum(axis=0), e2.T @ a1, e2.sum(axis=0))
    return float(loss), gradients


def in_reversed_order(parameters: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
    """Sums over samples, hidden units and outputs, all from the last to the first."""
    W0, b0, W1, b1 = parameters
    turned = Parameters(W0[::-1, ::-1], b0[::-1], W1[::-1, ::-1], b1[::-1])
    rows = as_rows(Y, parameters)[::-1, ::-1]
    loss, found = manual_backprop.loss_and_gradients(turned, X[::-1, ::-1], rows)
    back = (found.W0[::-1, ::-1], found.b0[::-1], found.W1[::-1, ::-1], found.b1[::-1])
    return loss, Parameters(*(block.copy() for block in back))


def in_fortran_order(parameters: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
    """The project's own, as column-major arrays."""
    loss, found = manual_backprop.loss_and_gradients(parameters, X, Y)
    return loss, Parameters(*(np.asfortranarray(block) for block in found))


def every_exponential_is_normal(parameters: Parameters, X: A) -> bool:
    """True if the textbook formulas can be evaluated: no exp overflows or underflows."""
    W0, b0, W1, b1 = parameters
    info = np.finfo(W0.dtype)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        z1 = X @ W0.T + b0
        a1 = np.log(1 + np.exp(z1))
        z2 = a1 @ W1.T + b1
        e1, e2 = np.exp(z1), np.exp(z2)
        y_hat = e2 / e2.sum(axis=1, keepdims=True)
    return all(bool(((e >= info.smallest_normal) & (e <= info.max)).all()) for e in (e1, e2, y_hat))


CORRECT: dict[str, Gradient] = {
    "manual_backprop": manual_backprop.loss_and_gradients,
    "write_up in a loop": in_a_plain_loop,
    "textbook formulas": by_the_textbook,
    "reversed order": in_reversed_order,
    "Fortran order": in_fortran_order,
}
"""In float64 and in float32, by the dtype of what they are given."""

NAIVE = {"write_up in a loop", "textbook formulas"}
"""Right only where no exponential overflows or underflows: they evaluate exp z as it stands."""
