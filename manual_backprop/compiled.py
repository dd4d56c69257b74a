"""The formulas of `network.py`, compiled by Numba: the hidden layer's functions in one pass.

Samples are columns. Numbers at the ends of lines are the equations of `derivation.md`. The source
runs as plain Python, too.
"""

import math
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from manual_backprop import network
from manual_backprop.arguments import Array
from manual_backprop.cross_entropy import ones_of, targets_of
from manual_backprop.exp_and_log1p import exp_and_log1p
from manual_backprop.network import Contribution
from manual_backprop.parameters import Parameters

Function = Callable[..., Any]

# Compiled products call this BLAS; once it is loaded, it can be held to one thread.
_ = import_module("scipy.linalg.cython_blas")


@cache
def formulas(dtype: np.dtype[Any]) -> dict[str, Function]:
    """Return the losses of the samples, and those with the gradients, not compiled yet."""
    exp, log1p = exp_and_log1p(dtype)
    zero, one = dtype.type(0), dtype.type(1)

    @register_jitable
    def forward(W0: Any, b0: Any, W1: Any, b1: Any, X: Any, Y: Any, totals: Any) -> Any:
        z1 = np.dot(W0, X.T)
        reach = np.dot(z1.reshape(-1), z1.reshape(-1)) + np.dot(b0, b0)
        a1, slope = np.empty_like(z1), z1  # which takes over the memory
        for i in range(len(z1)):
            for s in range(len(X)):
                z = z1[i, s] + b0[i]  # (1)
                t = exp(-abs(z))
                a1[i, s] = max(z, zero) + log1p(t)  # (2)
                slope[i, s] = (one if z > zero else t) / (one + t)  # (11)

        z2 = np.dot(W1, a1)
        largest, where = np.full_like(z2[0], -np.inf), np.zeros(len(X), np.int64)
        for i in range(len(z2)):
            for s in range(len(X)):
                z2[i, s] = z = z2[i, s] + b1[i]  # (3)
                where[s] = i if z > largest[s] else where[s]
                largest[s] = max(z, largest[s])

        p, rest, losses = np.empty_like(z2), np.zeros_like(largest), np.zeros_like(largest)
        for i in range(len(z2)):
            for s in range(len(X)):
                p[i, s] = exp(z2[i, s] - largest[s])  # (4), but for the sum of p
                rest[s] += zero if where[s] == i else p[i, s]
                losses[s] -= Y[i, s] * (z2[i, s] - largest[s])
        for s in range(len(X)):
            losses[s] += totals[s] * math.log1p(rest[s])  # (5)
        reach += np.dot(z2.reshape(-1), z2.reshape(-1))
        return losses, reach, a1, slope, p, rest, where

    def loss(W0: Any, b0: Any, W1: Any, b1: Any, X: Any, Y: Any, totals: Any) -> Any:
        return forward(W0, b0, W1, b1, X, Y, totals)[:2]

    def gradients(
        W0: Any, b0: Any, W1: Any, b1: Any, X: Any, Y: Any, totals: Any, others: Any, S: Any
    ) -> Any:
        losses, reach, a1, slope, p, rest, where = forward(W0, b0, W1, b1, X, Y, totals)
        e2 = np.empty_like(p)
        for i in range(len(p)):
            for s in range(len(X)):
                p_others = rest[s] if where[s] == i else (one + rest[s]) - p[i, s]
                left = p[i, s] * others[i, s] - Y[i, s] * p_others
                e2[i, s] = left / ((one + rest[s]) * S)  # (6), (7)
        delta1, ones = np.dot(W1.T, e2), np.ones_like(rest)
        for i in range(len(delta1)):
            for s in range(len(X)):
                delta1[i, s] *= slope[i, s]  # (10), (11), (12)
        by_W0, by_b0 = np.dot(delta1, X), np.dot(delta1, ones)  # (13), (14)
        by_W1, by_b1 = np.dot(e2, a1.T), np.dot(e2, ones)  # (8), (9)
        return losses, reach, e2, delta1, (by_W0, by_b0, by_W1, by_b1)

    return {"loss": loss, "gradients": gradients}


def gradients_of(parameters: Parameters, X: Array, Y: NDArray[Any], samples: slice) -> Contribution:
    """Return what `network.gradients_of` returns, which also takes over what is not finite."""
    arrays, S = _arrays(parameters, X[samples], Y[samples]), X.dtype.type(len(X))
    losses, reach, e2, delta1, gradients = compiled("gradients", X.dtype)(*arrays, S)
    if not math.isfinite(reach):
        return network.gradients_of(parameters, X, Y, samples)
    return Contribution(float(np.add.reduce(losses)) / len(X), Parameters(*gradients), e2, delta1)


def loss_of(parameters: Parameters, X: Array, Y: NDArray[Any], samples: slice) -> float:
    """Return what `network.loss_of` returns."""
    *arrays, _others = _arrays(parameters, X[samples], Y[samples])
    losses, reach = compiled("loss", X.dtype)(*arrays)
    if not math.isfinite(reach):
        return network.loss_of(parameters, X, Y, samples)
    return float(np.add.reduce(losses)) / len(X)


def _arrays(parameters: Parameters, x: Array, Y: NDArray[Any]) -> list[Array]:
    """Return what the formulas take, as arrays whose rows lie one after the other."""
    targets = targets_of(Y, len(parameters.b1), x.dtype)
    totals = ones_of(len(x), x.dtype) if targets.total is None else targets.total
    return [
        array if array.flags.c_contiguous and array.flags.aligned else array.copy()
        for array in (*parameters, x, targets.Y, totals, targets.others)
    ]


@cache
def compiled(name: str, dtype: np.dtype[Any]) -> Function:
    """Compile one of the formulas, or load what an earlier process compiled."""
    real = numba.from_dtype(dtype)
    matrix, vector = (numba.types.Array(real, n, "C", readonly=True) for n in (2, 1))
    arguments = (matrix, vector, matrix, vector, matrix, matrix, vector)
    if name == "gradients":
        arguments = (*arguments, matrix, real)
    jit: Any = partial(numba.njit, nogil=True, fastmath={"contract"}, error_model="numpy")
    formula = formulas(dtype)[name]
    try:
        return jit([arguments], cache=True)(formula)
    except RuntimeError:  # there is no folder for what is compiled
        return jit([arguments])(formula)
