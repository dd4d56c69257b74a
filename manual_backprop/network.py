"""Forward and backward pass over a whole batch, all equations on one screen.

S samples, N_I inputs, N_H hidden units, N_O outputs. `batched.py` adds up what these functions
return for some samples at a time; `compiled.py` has the same formulas, for Numba.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from manual_backprop.arguments import Array
from manual_backprop.cross_entropy import (
    Prediction,
    Targets,
    cross_entropy,
    cross_entropy_derivative,
    ones_of,
    softmax,
    targets_of,
)
from manual_backprop.parameters import Parameters
from manual_backprop.softplus import reach_of, softplus, softplus_and_derivative
from manual_backprop.validation import (
    checked_inputs,
    checked_parameters,
    checked_samples,
    require_finite,
)

# Whatever the caller's NumPy settings: underflow to zero is right here, and an operation on finite
# numbers is invalid only after another has overflowed, of which NumPy warns.
quiet = np.errstate(under="ignore", invalid="ignore")


class Activations(NamedTuple):
    """The result of `forward`: one row for each sample.

    Attributes:
        z1: pre-activations of the hidden layer, (S, N_H), equation (1) of `derivation.md`.
        a1: activations of the hidden layer, (S, N_H), equation (2).
        z2: outputs before softmax, in nats, (S, N_O), equation (3).
        y_hat: predicted probabilities, (S, N_O), equation (4); rows sum to one.

    Examples:
        >>> from manual_backprop import NetworkShape, initialize
        >>> found = forward(initialize(NetworkShape(4, 16, 3), seed=0), [[0.1, 0.2, 0.3, 0.4]])
        >>> found.a1.shape, found.y_hat.shape
        ((1, 16), (1, 3))
    """

    z1: Array
    a1: Array
    z2: Array
    y_hat: Array


class BackwardPass(NamedTuple):
    """The result of `backward`; e2 is divided by S, and everything else follows from it."""

    e2: Array  # (S, N_O)
    delta1: Array  # (S, N_H)
    gradients: Parameters


class Contribution(NamedTuple):
    """The share of some samples in the loss and in the gradients."""

    loss: float
    gradients: Parameters


@quiet
def forward(parameters: Parameters, X: ArrayLike) -> Activations:
    """Return the network's activations for a batch.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        X: features, (S, N_I), in the dtype of the parameters.

    Returns:
        z1, a1 (S, N_H) and z2, y_hat (S, N_O), in the dtype of the parameters.

    Raises:
        TypeError, ValueError: an argument of another type, dtype or shape, or not finite.

    Source: equations (1) to (4) of `derivation.md`.

    Examples:
        >>> from manual_backprop import NetworkShape, initialize, load_penguins
        >>> X, Y, names = load_penguins()
        >>> y_hat = forward(initialize(NetworkShape(4, 16, 3), seed=0), X).y_hat
        >>> y_hat.shape, float(y_hat[0].sum().round(12))
        ((342, 3), 1.0)
    """
    parameters = W0, b0, W1, b1 = checked_parameters(parameters)
    X = checked_inputs(parameters, X)
    z1 = X @ W0.T + b0  # (1)
    a1 = softplus(z1)  # (2)
    z2 = a1 @ W1.T + b1  # (3)
    prediction = softmax(z2.T)
    return Activations(z1, a1, z2, prediction.y_hat.T)  # (4)


@quiet
def backward(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> BackwardPass:
    """Return e2, delta1 and the gradients.

    Arguments and errors as in `manual_backprop.loss_and_gradients`.
    """
    parameters = checked_parameters(parameters)
    X, Y = checked_samples(parameters, X, Y)
    (e2, delta1, gradients), _losses = _both_passes(parameters, X, Y, slice(0, len(X)))
    return BackwardPass(e2.T, delta1.T, gradients)


def gradients_of(parameters: Parameters, X: Array, Y: NDArray[Any], samples: slice) -> Contribution:
    """Return what some samples contribute to the loss and to the gradients of all.

    The arguments fit, but need not be finite: then z1 or z2 is not finite either, and the arguments
    are checked.
    """
    passed, losses = _both_passes(parameters, X, Y, samples)
    return Contribution(float(np.add.reduce(losses)) / len(X), passed.gradients)


def _both_passes(
    parameters: Parameters, X: Array, Y: NDArray[Any], samples: slice
) -> tuple[BackwardPass, Array]:
    """Return the backward pass of some samples, as columns, and their losses."""
    x = X[samples]
    a1, slope, prediction, targets = _forward(parameters, x, Y[samples], samples.start)
    ones = ones_of(len(x), x.dtype)  # a bias is a weight whose input is always one

    e2 = cross_entropy_derivative(prediction, targets, len(X))  # (6), (7)
    delta1 = parameters.W1.T.dot(e2)
    delta1 *= slope  # (10), (11), (12)
    gradients = Parameters(
        W0=delta1.dot(x),  # (13)
        b0=delta1.dot(ones),  # (14)
        W1=e2.dot(a1.T),  # (8)
        b1=e2.dot(ones),  # (9)
    )
    return BackwardPass(e2, delta1, gradients), cross_entropy(prediction, targets)  # (5)


def loss_of(parameters: Parameters, X: Array, Y: NDArray[Any], samples: slice) -> float:
    """Return what some samples contribute to the loss; arguments as in `gradients_of`."""
    *_hidden, prediction, targets = _forward(parameters, X[samples], Y[samples], samples.start)
    losses = cross_entropy(prediction, targets)  # (5)
    return float(np.add.reduce(losses)) / len(X)


def _forward(
    parameters: Parameters, x: Array, Y: NDArray[Any], first: int
) -> tuple[Array, Array, Prediction, Targets]:
    """Return a1 and the derivative of softplus, (N_H, T) each, the prediction and the targets."""
    W0, b0, W1, b1 = parameters
    z1 = W0.dot(x.T)
    z1 += b0[:, np.newaxis]  # (1)
    reach = reach_of(z1)
    a1, slope = softplus_and_derivative(z1, reach)  # (2), (11)
    z2 = W1.dot(a1)
    z2 += b1[:, np.newaxis]  # (3)
    if not math.isfinite(reach + reach_of(z2)):
        require_finite(parameters, x, first)
    return a1, slope, softmax(z2), targets_of(Y, len(b1), x.dtype)  # (4)
