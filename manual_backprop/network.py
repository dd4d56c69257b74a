"""The network over a whole batch: for small batches, and for those who want to look inside.

S samples, N_I inputs, N_H hidden units, N_O outputs. The same formulas as in `tile.py`, straight
down.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from manual_backprop.arguments import Array
from manual_backprop.cross_entropy import (
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

# Whatever the caller has told NumPy to do: what is too small for the number format becomes zero,
# which is the right answer here; and an operation on finite numbers is invalid only after one has
# overflowed, and of that NumPy tells.
quiet = np.errstate(under="ignore", invalid="ignore")


class Activations(NamedTuple):
    """What the forward pass computes."""

    z1: Array  # (S, N_H)
    a1: Array  # (S, N_H)
    z2: Array  # (S, N_O)
    y_hat: Array  # (S, N_O)


class BackwardPass(NamedTuple):
    """What the backward pass computes. The mean over the batch is in e2, hence in all of it."""

    e2: Array  # (S, N_O)
    delta1: Array  # (S, N_H)
    gradients: Parameters


class Whole(NamedTuple):
    """The same, with the loss; samples are columns."""

    loss: float
    e2: Array  # (N_O, S)
    delta1: Array  # (N_H, S)
    gradients: Parameters


@quiet
def forward(parameters: Parameters, X: ArrayLike) -> Activations:
    """The network's activations for a batch.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        X: features, (S, N_I), in the dtype of the parameters.

    Returns:
        z1, a1 (S, N_H) and z2, y_hat (S, N_O), in the dtype of the parameters.

    Raises:
        TypeError, ValueError: an argument of another type, dtype or shape, or not finite.

    Source: equations (1) to (4) of `derivation.md`.
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
    """The gradients, with the quantities on the way to them.

    Arguments and errors as in `manual_backprop.loss_and_gradients`.
    """
    parameters = checked_parameters(parameters)
    _value, e2, delta1, gradients = at_once(parameters, *checked_samples(parameters, X, Y))
    return BackwardPass(e2.T, delta1.T, gradients)


def at_once(parameters: Parameters, X: Array, Y: NDArray[Any]) -> Whole:
    """Loss and gradients for arguments that fit, without regard to memory or cores.

    Of what is not finite in them, z1 or z2 is not finite: no finite sum has such a term.
    """
    W0, b0, W1, b1 = parameters
    targets = targets_of(Y, len(b1), X.dtype)
    ones = ones_of(len(X), X.dtype)  # a bias is a weight whose input is always one

    z1 = W0.dot(X.T) + b0[:, np.newaxis]  # (1)
    reach = reach_of(z1)
    a1, slope = softplus_and_derivative(z1, reach=reach)  # (2)
    z2 = W1.dot(a1) + b1[:, np.newaxis]  # (3)
    if not math.isfinite(reach + reach_of(z2)):
        require_finite(parameters, X)
    prediction = softmax(z2)  # (4)
    losses = cross_entropy(prediction, targets)  # (5)

    e2 = cross_entropy_derivative(prediction, targets, len(X))  # (6), (7)
    delta1 = W1.T.dot(e2) * slope  # (10), (11), (12)
    gradients = Parameters(
        W0=delta1.dot(X),  # (13)
        b0=delta1.dot(ones),  # (14)
        W1=e2.dot(a1.T),  # (8)
        b1=e2.dot(ones),  # (9)
    )
    return Whole(float(losses.dot(ones)) / len(X), e2, delta1, gradients)
