"""Products with the Hessian of the loss and with its Gauss-Newton matrix, without the matrices.

A dot is the derivative along the direction v: z1_dot is how z1 changes where the parameters move
along v. Differentiating the gradient that way gives H v (Pearlmutter, Neural Computation 6, 1994);
leaving out what comes of the change of the network's own derivatives gives G v (Schraudolph,
Neural Computation 14, 2002). Both cost a few gradients.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from manual_backprop.arguments import Array
from manual_backprop.cross_entropy import (
    Prediction,
    cross_entropy_derivative,
    cross_entropy_second_derivative,
    ones_of,
    softmax,
    targets_of,
)
from manual_backprop.network import quiet
from manual_backprop.parameters import Parameters
from manual_backprop.softplus import Softplus, softplus_with_derivatives
from manual_backprop.validation import (
    checked_direction,
    checked_inputs,
    checked_parameters,
    checked_samples,
)

AT_ONCE = 2**16
"""Hidden activations taken at once: some arrays of so many numbers stay in cache. Chosen."""


class Moving(NamedTuple):
    """The forward pass of some samples, as columns, and how it changes along v."""

    hidden: Softplus  # (N_H, T) each
    prediction: Prediction  # (N_O, T)
    z1_dot: Array  # (N_H, T)
    a1_dot: Array  # (N_H, T)
    e2_dot: Array  # (N_O, T), divided by S


@quiet
def hessian_vector_product(
    parameters: Parameters, v: Parameters, X: ArrayLike, Y: ArrayLike
) -> Parameters:
    """Return H v: the product of the Hessian of the mean loss with a direction.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        v: the direction, a block of the same shape and dtype for each parameter.
        X: features, (S, N_I), in the dtype of the parameters.
        Y: labels (S,), or rows (S, N_O) that sum to one.

    Returns:
        A block for each parameter, in their dtype: how the gradient changes along v.

    Raises:
        TypeError, ValueError: an argument of another type, dtype or shape, or not finite.

    Source: equations (15) to (25) of `derivation.md`.

    Examples:
        >>> from manual_backprop import NetworkShape, initialize, load_penguins
        >>> X, Y, names = load_penguins()
        >>> shape = NetworkShape(4, 16, 3)
        >>> parameters, v = initialize(shape, seed=0), initialize(shape, seed=1)
        >>> product = hessian_vector_product(parameters, v, X, Y)
        >>> product.W0.shape, product.b1.shape
        ((16, 4), (3,))
    """
    parameters = checked_parameters(parameters)
    v = checked_direction(parameters, v)
    X, Y = checked_samples(parameters, X, Y)
    W1, W1_dot = parameters.W1, v.W1

    product = _zeros(parameters)
    for some in _chunks(len(X), len(W1.T)):
        x = X[some]
        now = _moving(parameters, v, x, len(X))
        targets = targets_of(Y[some], len(W1), X.dtype)
        e2 = cross_entropy_derivative(now.prediction, targets, len(X))  # (6), (7)
        back, slope, bend = W1.T.dot(e2), now.hidden.slope, now.hidden.bend
        delta1_dot = slope * (W1_dot.T.dot(e2) + W1.T.dot(now.e2_dot))
        delta1_dot += back * bend * now.z1_dot  # (21)
        _add(product, now, x, delta1_dot)
        product.W1[...] += e2.dot(now.a1_dot.T)  # (22)
    return product


@quiet
def gauss_newton_vector_product(parameters: Parameters, v: Parameters, X: ArrayLike) -> Parameters:
    """Return G v: the product of the Gauss-Newton matrix of the mean loss with a direction.

    G is the Hessian of the loss of a network that is linear in its parameters and agrees with this
    one to first order. It has no negative eigenvalue, does not depend on the targets, and is the
    Fisher matrix of the network's probabilities.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        v: the direction, a block of the same shape and dtype for each parameter.
        X: features, (S, N_I), in the dtype of the parameters.

    Returns:
        A block for each parameter, in their dtype.

    Raises:
        TypeError, ValueError: an argument of another type, dtype or shape, or not finite.

    Source: equations (15) to (20) and (26) of `derivation.md`.

    Examples:
        >>> from manual_backprop import NetworkShape, initialize, load_penguins
        >>> X, Y, names = load_penguins()
        >>> shape = NetworkShape(4, 16, 3)
        >>> parameters, v = initialize(shape, seed=0), initialize(shape, seed=1)
        >>> product = gauss_newton_vector_product(parameters, v, X)
        >>> bool(v.to_vector() @ product.to_vector() > 0)
        True
    """
    parameters = checked_parameters(parameters)
    v = checked_direction(parameters, v)
    X = checked_inputs(parameters, X)

    product = _zeros(parameters)
    for some in _chunks(len(X), len(parameters.b0)):
        now = _moving(parameters, v, X[some], len(X))
        delta1_dot = now.hidden.slope * parameters.W1.T.dot(now.e2_dot)  # (26)
        _add(product, now, X[some], delta1_dot)
    return product


def _moving(parameters: Parameters, v: Parameters, X: Array, S: int) -> Moving:
    """The forward pass of some of S samples, and its derivative along v."""
    W0, b0, W1, b1 = parameters
    W0_dot, b0_dot, W1_dot, b1_dot = v
    z1 = W0.dot(X.T) + b0[:, np.newaxis]  # (1)
    z1_dot = W0_dot.dot(X.T) + b0_dot[:, np.newaxis]  # (15)
    hidden = softplus_with_derivatives(z1)  # (2), (11), (18)
    a1_dot = hidden.slope * z1_dot  # (16)
    z2 = W1.dot(hidden.a) + b1[:, np.newaxis]  # (3)
    z2_dot = W1_dot.dot(hidden.a) + W1.dot(a1_dot) + b1_dot[:, np.newaxis]  # (17)
    prediction = softmax(z2)  # (4)
    e2_dot = cross_entropy_second_derivative(prediction, z2_dot, S)  # (19), (20)
    return Moving(hidden, prediction, z1_dot, a1_dot, e2_dot)


def _add(product: Parameters, now: Moving, X: Array, delta1_dot: Array) -> None:
    """Add the terms of some samples that both products have."""
    ones = ones_of(len(X), X.dtype)
    product.W0[...] += delta1_dot.dot(X)  # (24)
    product.b0[...] += delta1_dot.dot(ones)  # (25)
    product.W1[...] += now.e2_dot.dot(now.hidden.a.T)  # (22)
    product.b1[...] += now.e2_dot.dot(ones)  # (23)


def _chunks(S: int, hidden: int) -> Iterator[slice]:
    """Slices of consecutive samples, whose activations stay in cache."""
    count = max(1, AT_ONCE // hidden)
    return (slice(start, start + count) for start in range(0, S, count))


def _zeros(parameters: Parameters) -> Parameters:
    return Parameters(*map(np.zeros_like, parameters))
