"""The network over a batch: forward pass, loss, and the gradients derived by hand.

S samples, N_I inputs, N_H hidden units, N_O outputs; rows are samples. The numbers at the ends of
lines are the equations of `derivation.md`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from manual_backprop.cross_entropy import cross_entropy, cross_entropy_derivative, softmax
from manual_backprop.parameters import Array, Parameters
from manual_backprop.softplus import softplus, softplus_derivative
from manual_backprop.validation import checked_batch, checked_inputs, checked_parameters

# What is too small for the number format becomes zero, which is the right answer here, whatever
# the caller has told NumPy to do about it.
_quiet_underflow = np.errstate(under="ignore")


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


@_quiet_underflow
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
    parameters = checked_parameters(parameters)
    return _forward(parameters, checked_inputs(parameters, X))


@_quiet_underflow
def loss(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> float:
    """The mean over the batch of the cross-entropy, in nats.

    Arguments and errors as in `loss_and_gradients`. Source: equations (5) and (6).
    """
    parameters = checked_parameters(parameters)
    X, Y = checked_batch(parameters, X, Y)
    return _mean_cross_entropy(_forward(parameters, X), Y)


@_quiet_underflow
def loss_and_gradients(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike
) -> tuple[float, Parameters]:
    """The loss, and its derivatives with respect to every parameter, derived by hand.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        X: features, (S, N_I), in the dtype of the parameters.
        Y: integer labels (S,) from 0 to N_O - 1, or target rows (S, N_O) of any real dtype that
            each sum to one; they are rounded to the dtype of the parameters.

    Returns:
        The loss in nats, and the gradients, of the same shapes and dtype as the parameters. They
        share no memory with the arguments, nor with each other.

    Raises:
        TypeError, ValueError: an argument of another type, dtype or shape, not finite, or target
            rows that do not sum to one. The message names it, what it is and what it needs to be.

    Source: equations (1) to (14) of `derivation.md`.
    """
    parameters = checked_parameters(parameters)
    X, Y = checked_batch(parameters, X, Y)
    activations = _forward(parameters, X)
    value = _mean_cross_entropy(activations, Y)
    return value, _backward(parameters, X, Y, activations).gradients


@_quiet_underflow
def backward(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> BackwardPass:
    """The gradients, with the quantities on the way to them, for those who want to look inside.

    Arguments and errors as in `loss_and_gradients`.
    """
    parameters = checked_parameters(parameters)
    X, Y = checked_batch(parameters, X, Y)
    return _backward(parameters, X, Y, _forward(parameters, X))


def _forward(parameters: Parameters, X: Array) -> Activations:
    W0, b0, W1, b1 = parameters
    z1 = X @ W0.T + b0  # (1)
    a1 = softplus(z1)  # (2)
    z2 = a1 @ W1.T + b1  # (3)
    y_hat = softmax(z2)  # (4)
    return Activations(z1, a1, z2, y_hat)


def _mean_cross_entropy(activations: Activations, Y: Array) -> float:
    return float(_mean_over_batch(cross_entropy(activations.z2, Y)).sum())  # (6)


def _backward(parameters: Parameters, X: Array, Y: Array, activations: Activations) -> BackwardPass:
    z1, a1, _z2, y_hat = activations
    ones = np.ones(len(X), dtype=X.dtype)  # a bias is a weight whose input is always one

    e2 = _mean_over_batch(cross_entropy_derivative(y_hat, Y))  # (7)
    delta1 = (e2 @ parameters.W1) * softplus_derivative(z1)  # (10), (11), (12)

    gradients = Parameters(
        W0=delta1.T @ X,  # (13)
        b0=delta1.T @ ones,  # (14)
        W1=e2.T @ a1,  # (8)
        b1=e2.T @ ones,  # (9)
    )
    return BackwardPass(e2, delta1, gradients)


def _mean_over_batch(per_sample: Array) -> Array:
    """Each sample's share of the mean: the only place where 1/S is."""
    return per_sample / len(per_sample)  # (6)
