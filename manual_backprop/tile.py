"""Forward and backward pass over one tile, that is, some samples of the batch.

Samples are columns. With few inputs, b0 is one more column of W0 in the forward pass, whose input
is one; with many, X is used without a copy. A hidden layer whose activations would not stay in
cache is taken in parts; the backward pass then computes them again instead of keeping them. Numbers
at the ends of lines are the equations of `derivation.md`.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from manual_backprop.arguments import Array
from manual_backprop.cross_entropy import (
    Prediction,
    Targets,
    cross_entropy,
    cross_entropy_derivative,
    ones_of,
    softmax,
)
from manual_backprop.helpers import in_halves
from manual_backprop.parameters import Parameters
from manual_backprop.planning import FEW_INPUTS, Plan
from manual_backprop.softplus import reach_of, softplus_and_derivative

Hidden = tuple[Array, Array]
"""a1 and the derivative of softplus, each (units, T)."""


class Weights(NamedTuple):
    """The parameters in the arrangement that a tile uses."""

    W0: Array  # (N_H, N_I), or (N_H, N_I + 1), its last column b0
    b0: Array | None  # (N_H,), or None where it is in W0
    W1: Array  # (N_O, N_H), and a row of zeros where N_O is odd: OpenBLAS is slow with such
    b1: Array  # (N_O,)
    largest: Array | None  # (N_I + 1,), of each column of |W0|, where b0 is in W0


class Space(NamedTuple):
    """Memory that is reused for every tile."""

    x: Array | None  # (N_I + 1, T), its last row ones; None where b0 is not in W0
    z1: Array  # (units * T,)
    a1: Array  # (units * T,)
    slope: Array  # (units * T,)
    parts: list[slice]
    """The hidden units that are taken together."""
    doubt: Callable[[], None]
    """Called when something is not finite: raises the error, if the arguments are not."""
    halves: Callable[[int, Callable[[slice], None]], None] | None
    """Calls a function for each half of so many rows, in two threads; None if that does not pay."""


def loss_of_tile(weights: Weights, X: Array, targets: Targets, space: Space) -> float:
    """Return the sum of the tile's losses; arguments as in `gradients_of_tile`."""
    prediction, _hidden = _forward(weights, _inputs(X, space), space)
    return float(np.add.reduce(cross_entropy(prediction, targets)))


def gradients_of_tile(
    weights: Weights, X: Array, targets: Targets, S: int, space: Space, out: Parameters
) -> float:
    """Write the tile's part of the gradients to `out`, and return the sum of its losses.

    Args:
        weights: the network's parameters.
        X: the tile's samples, (T, N_I).
        targets: the targets of these samples.
        S: the number of samples in the whole batch.
        space: memory for intermediate results.
        out: arrays for the gradients.
    """
    x, ones = _inputs(X, space), ones_of(len(X), X.dtype)
    prediction, hidden = _forward(weights, x, space)
    e2 = cross_entropy_derivative(prediction, targets, S)  # (6), (7)
    for units in space.parts:
        a1, slope = hidden or _hidden(weights, units, x, space)
        delta1 = _product(weights.W1[: len(e2), units].T, e2, space.z1)
        delta1 *= slope  # (10), (11), (12)
        _by_W0(delta1, X, out.W0[units], space)  # (13)
        _ = np.dot(delta1, ones, out=out.b0[units])  # (14)
        by_W1 = e2.dot(a1.T, out=out.W1 if len(space.parts) == 1 else None)  # (8)
        if by_W1 is not out.W1:
            out.W1[:, units] = by_W1
    _ = np.dot(e2, ones, out=out.b1)  # (9)
    return float(np.add.reduce(cross_entropy(prediction, targets)))  # (5)


def _forward(weights: Weights, x: Array, space: Space) -> tuple[Prediction, Hidden | None]:
    """Return the prediction, and the hidden layer if it is not taken in parts."""
    z2 = weights.b1[:, np.newaxis]
    hidden = None
    for units in space.parts:
        hidden = _hidden(weights, units, x, space)
        z2 = z2 + weights.W1[:, units].dot(hidden[0])[: len(z2)]  # (3)
    _require_finite(reach_of(z2), space)
    return softmax(z2), hidden if len(space.parts) == 1 else None  # (4)


def _hidden(weights: Weights, units: slice, x: Array, space: Space) -> Hidden:
    z1 = _z1(weights.W0[units], x, space)  # (1)
    if weights.b0 is not None:
        z1 += weights.b0[units, np.newaxis]
    if weights.largest is None:
        reach = reach_of(z1)
    else:  # then there are fewer inputs than hidden units, mostly
        largest: Array = np.maximum.reduce(np.abs(x), axis=1)
        reach = float(np.vdot(weights.largest, largest))
    _require_finite(reach, space)
    a1, slope = _piece(space.a1, z1.shape), _piece(space.slope, z1.shape)
    return softplus_and_derivative(z1, a1, slope, reach)  # (2)


def _require_finite(reach: float, space: Space) -> None:
    """Check the arguments if z1 or z2 is not finite: a finite sum has finite terms only."""
    if not math.isfinite(reach):
        space.doubt()


def _z1(W0: Array, x: Array, space: Space) -> Array:
    if space.halves is None:
        return _product(W0, x, space.z1)
    z1 = _piece(space.z1, (len(W0), x.shape[1]))

    def of(samples: slice) -> None:
        z1[:, samples] = W0.dot(x[:, samples])

    space.halves(x.shape[1], of)
    return z1


def _by_W0(delta1: Array, X: Array, out: Array, space: Space) -> None:
    def of(units: slice) -> None:
        _ = np.dot(delta1[units], X, out=out[units])

    if space.halves is None:
        of(slice(None))
    else:
        space.halves(len(out), of)


def _product(A: Array, B: Array, memory: Array) -> Array:
    return np.dot(A, B, out=_piece(memory, (A.shape[0], B.shape[1])))


def _piece(memory: Array, shape: tuple[int, ...]) -> Array:
    return memory[: shape[0] * shape[1]].reshape(shape)


def _inputs(X: Array, space: Space) -> Array:
    if space.x is None:
        return X.T
    x = space.x[:, : len(X)]
    x[:-1] = X.T
    return x


def space_for(weights: Weights, plan: Plan, doubt: Callable[[], None], threads: int) -> Space:
    """Return memory for the tiles of a plan."""
    samples, units = plan.samples, plan.units
    dtype, (count, inputs) = weights.W0.dtype, weights.W0.shape
    x = np.ones((inputs, samples), dtype) if weights.b0 is None else None
    z1, a1, slope = np.empty((3, units * samples), dtype)
    parts = [slice(i, i + units) for i in range(0, count, units)]
    halves = partial(in_halves, threads=threads) if plan.in_halves else None
    return Space(x, z1, a1, slope, parts, doubt, halves)


def weights_of(parameters: Parameters) -> Weights:
    """Return the parameters, rearranged where that is worth the copy."""
    W0, b0, W1, b1 = parameters
    if len(W1) % 2:
        W1 = np.concatenate((W1, np.zeros_like(W1[:1])))
    if W0.shape[1] > FEW_INPUTS:
        return Weights(W0, b0, W1, b1, None)
    W0 = np.concatenate((W0, b0[:, np.newaxis]), axis=1)
    return Weights(W0, None, W1, b1, np.maximum.reduce(np.abs(W0)))


def gradients_like(parameters: Parameters) -> Parameters:
    """Return uninitialised arrays of the parameters' shapes and dtype."""
    return Parameters(*(np.empty(block.shape, block.dtype) for block in parameters))
