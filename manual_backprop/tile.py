"""One tile: some samples, forward and back. All equations of the network are on this screen.

Samples are columns. With few inputs, b0 is one more column of W0, whose input is one; with many,
X is used as it lies there. The hidden layer is taken in parts where it is so large that its
activations would not stay in cache; then what the way back needs of it is computed a second time,
instead of kept. The numbers at the ends of lines are the equations of `derivation.md`.
"""

from typing import NamedTuple

import numpy as np

from manual_backprop.cross_entropy import (
    Prediction,
    Targets,
    cross_entropy,
    cross_entropy_derivative,
    softmax,
)
from manual_backprop.parameters import Array, Parameters
from manual_backprop.softplus import softplus_and_derivative

FEW_INPUTS = 32
"""Up to so many, to copy them with a row of ones costs less than to add b0 by itself."""

Hidden = tuple[Array, Array]
"""a1 and the derivative of softplus, (units, T)."""


class Weights(NamedTuple):
    """The parameters as a tile uses them, or their gradients."""

    W0: Array  # (N_H, N_I), or (N_H, N_I + 1), its last column b0
    b0: Array | None  # (N_H,), or None where it is in W0
    W1: Array  # (N_O, N_H)
    b1: Array  # (N_O,)


class Space(NamedTuple):
    """Memory that is used again for every tile, each piece for an array of up to that size."""

    x: Array | None  # (N_I + 1, T), its last row ones; None where b0 is not in W0
    z1: Array  # (units * T,)
    a1: Array  # (units * T,)
    slope: Array  # (units * T,)
    parts: list[slice]
    """Of the hidden units: which are taken together."""


def loss_of_tile(weights: Weights, X: Array, targets: Targets, space: Space) -> float:
    """The sum of its samples' losses; arguments as in `gradients_of_tile`."""
    prediction, _hidden = _forward(weights, _inputs(X, space), space)
    return float(np.add.reduce(cross_entropy(prediction, targets)))


def gradients_of_tile(
    weights: Weights, X: Array, targets: Targets, S: int, space: Space, out: Weights
) -> float:
    """Write the tile's part of the gradients to `out`, and return the sum of its losses.

    Args:
        weights: of the network.
        X: the tile's samples, (T, N_I).
        targets: theirs.
        S: how many samples the whole batch has.
        space: for what is computed on the way.
        out: arrays for the gradients.
    """
    x, ones = _inputs(X, space), np.ones(len(X), X.dtype)
    prediction, hidden = _forward(weights, x, space)
    e2 = cross_entropy_derivative(prediction, targets, S)  # (6), (7)
    for units in space.parts:
        a1, slope = hidden or _hidden(weights, units, x, space)
        delta1 = _product(weights.W1[:, units].T, e2, space.z1)
        delta1 *= slope  # (10), (11), (12)
        _ = np.dot(delta1, x.T, out=out.W0[units])  # (13), and (14) where x has ones
        if out.b0 is not None:
            _ = np.dot(delta1, ones, out=out.b0[units])  # (14)
        by_W1 = e2.dot(a1.T, out=out.W1 if len(space.parts) == 1 else None)  # (8)
        if by_W1 is not out.W1:
            out.W1[:, units] = by_W1
    _ = np.dot(e2, ones, out=out.b1)  # (9)
    return float(np.add.reduce(cross_entropy(prediction, targets)))  # (5)


def _forward(weights: Weights, x: Array, space: Space) -> tuple[Prediction, Hidden | None]:
    """The prediction; and the hidden layer, where it is all there."""
    z2 = weights.b1[:, np.newaxis]
    hidden = None
    for units in space.parts:
        hidden = _hidden(weights, units, x, space)
        z2 = z2 + weights.W1[:, units].dot(hidden[0])  # (3)
    return softmax(z2), hidden if len(space.parts) == 1 else None  # (4)


def _hidden(weights: Weights, units: slice, x: Array, space: Space) -> Hidden:
    z1 = _product(weights.W0[units], x, space.z1)  # (1)
    if weights.b0 is not None:
        z1 += weights.b0[units, np.newaxis]
    a1, slope = _piece(space.a1, z1.shape), _piece(space.slope, z1.shape)
    return softplus_and_derivative(z1, a1, slope)  # (2)


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


def space_for(weights: Weights, samples: int, units: int) -> Space:
    """Memory for tiles of so many samples, and parts of so many hidden units."""
    dtype, (count, inputs) = weights.W0.dtype, weights.W0.shape
    x = np.ones((inputs, samples), dtype) if weights.b0 is None else None
    z1, a1, slope = np.empty((3, units * samples), dtype)
    return Space(x, z1, a1, slope, [slice(i, i + units) for i in range(0, count, units)])


def with_b0_in_W0(parameters: Parameters) -> Weights:
    """Where it is worth the copy."""
    W0, b0, W1, b1 = parameters
    if W0.shape[1] > FEW_INPUTS:
        return Weights(*parameters)
    return Weights(np.concatenate((W0, b0[:, np.newaxis]), axis=1), None, W1, b1)


def gradients_like(weights: Weights) -> Weights:
    """Memory for them, nothing in it yet."""
    W0, b0, W1, b1 = weights
    return Weights(_like(W0), None if b0 is None else _like(b0), _like(W1), _like(b1))


def as_parameters(gradients: Weights) -> Parameters:
    """The same, each an array of its own."""
    W0, b0, W1, b1 = gradients
    if b0 is None:
        W0, b0 = W0[:, :-1].copy(), W0[:, -1].copy()
    return Parameters(W0, b0, W1, b1)


def _like(array: Array) -> Array:
    return np.empty(array.shape, array.dtype)
