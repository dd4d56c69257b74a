"""The formulas of `network.py`, compiled by Numba: the hidden layer's functions in one pass.

Samples are columns. Numbers at the ends of lines are the equations of `derivation.md`. The source
runs as plain Python, too.
"""

import math
from functools import cache, partial
from importlib import import_module
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from manual_backprop import network
from manual_backprop.arguments import Array
from manual_backprop.cross_entropy import targets_of
from manual_backprop.exp_and_log1p import Function, exp_and_log1p
from manual_backprop.narrow_products import product, products_of_rows, sum_in_pairs
from manual_backprop.network import Contribution
from manual_backprop.parameters import Parameters

# Compiled products call this BLAS; once it is loaded, it can be held to one thread.
_ = import_module("scipy.linalg.cython_blas")


@cache
def formulas(dtype: np.dtype[Any]) -> dict[str, Function]:
    """Return the loss, and the loss with the gradients, not compiled yet; for rows and labels."""
    exp, log1p = exp_and_log1p(dtype)
    zero, one = dtype.type(0), dtype.type(1)

    @register_jitable
    def forward(parameters: Any, X: Any, Y: Any, totals: Any) -> Any:
        W0, b0, W1, b1 = parameters
        z1 = product(W0, X.T)
        reach = np.dot(z1.reshape(-1), z1.reshape(-1)) + np.dot(b0, b0)
        a1, slope = np.empty_like(z1), z1  # which takes over the memory
        for i in range(len(z1)):
            for s in range(len(X)):
                z = z1[i, s] + b0[i]  # (1)
                t = exp(-abs(z))
                a1[i, s] = max(z, zero) + log1p(t)  # (2)
                slope[i, s] = (one if z > zero else t) / (one + t)  # (11)

        z2 = product(W1, a1)
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
        return sum_in_pairs(losses), reach, a1, slope, p, rest, where

    @register_jitable
    def loss(_S: Any, parameters: Any, X: Any, targets: Any) -> Any:
        return forward(parameters, X, targets[0], targets[1])[:2]

    @register_jitable
    def gradients(S: Any, parameters: Any, X: Any, targets: Any) -> Any:
        Y, totals, others = targets
        value, reach, a1, slope, p, rest, where = forward(parameters, X, Y, totals)
        e2 = np.empty_like(p)
        for i in range(len(p)):
            for s in range(len(X)):
                p_others = rest[s] if where[s] == i else (one + rest[s]) - p[i, s]
                left = p[i, s] * others[i, s] - Y[i, s] * p_others
                e2[i, s] = left / ((one + rest[s]) * S)  # (6), (7)
        delta1, ones = product(parameters[2].T, e2), np.ones_like(rest)
        for i in range(len(delta1)):
            for s in range(len(X)):
                delta1[i, s] *= slope[i, s]  # (10), (11), (12)
        by_W0, by_b0 = products_of_rows(delta1, X.T), np.dot(delta1, ones)  # (13), (14)
        by_W1, by_b1 = products_of_rows(e2, a1), np.dot(e2, ones)  # (8), (9)
        return value, reach, (by_W0, by_b0, by_W1, by_b1)

    def of_labels(formula: Function) -> Function:
        def of_their_rows(S: Any, parameters: Any, X: Any, labels: Any) -> Any:
            Y = np.zeros((len(parameters[3]), len(labels)), X.dtype)
            for s in range(len(labels)):
                Y[labels[s], s] = one
            return formula(S, parameters, X, (Y, np.ones_like(Y[0]), one - Y))

        # Numba keeps what it compiles by name: one name for two, and another process mixes them up
        of_their_rows.__qualname__ = f"{formula.__name__}_of_labels"
        return of_their_rows

    both = {"loss": loss, "gradients": gradients}
    return both | {f"{name} of labels": of_labels(formula) for name, formula in both.items()}


def gradients_of(parameters: Parameters, X: Array, Y: NDArray[Any], samples: slice) -> Contribution:
    """Return what `network.gradients_of` returns, which also takes over what is not finite."""
    value, reach, gradients = _called("gradients", parameters, X, Y, samples)
    if not math.isfinite(reach):
        return network.gradients_of(parameters, X, Y, samples)
    return Contribution(float(value) / len(X), Parameters(*gradients))


def loss_of(parameters: Parameters, X: Array, Y: NDArray[Any], samples: slice) -> float:
    """Return what `network.loss_of` returns."""
    value, reach = _called("loss", parameters, X, Y, samples)
    if not math.isfinite(reach):
        return network.loss_of(parameters, X, Y, samples)
    return float(value) / len(X)


def _called(name: str, parameters: Parameters, X: Array, Y: Any, samples: slice) -> Any:
    """Call a formula for labels or for rows, whichever Y holds."""
    *blocks, x, y = (  # their rows one after the other
        array if array.flags.c_contiguous and array.flags.aligned else array.copy()
        for array in (*parameters, X[samples], Y[samples])
    )
    if y.ndim == 1:
        name, targets = f"{name} of labels", y.astype(np.int64, copy=False)
    else:
        columns, others, totals = targets_of(y, len(parameters.b1), X.dtype)
        targets = columns, totals, others
    return compiled(name, X.dtype)(X.dtype.type(len(X)), tuple(blocks), x, targets)


@cache
def compiled(name: str, dtype: np.dtype[Any]) -> Function:
    """Compile one of the formulas, or load what an earlier process compiled."""
    real = numba.from_dtype(dtype)
    matrix, vector = (numba.types.Array(real, n, "C", readonly=True) for n in (2, 1))
    labels = numba.types.Array(numba.int64, 1, "C", readonly=True)
    tuple_of = numba.types.Tuple
    targets = labels if name.endswith("labels") else tuple_of((matrix, vector, matrix))
    jit: Any = partial(numba.njit, nogil=True, fastmath={"contract"}, error_model="numpy")
    arguments = (real, tuple_of((matrix, vector, matrix, vector)), matrix, targets)
    formula = formulas(dtype)[name]
    try:
        return jit([arguments], cache=True)(formula)
    except RuntimeError:  # there is no folder for what is compiled
        return jit([arguments])(formula)
