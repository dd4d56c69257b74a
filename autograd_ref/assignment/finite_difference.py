"""SciPy's approx_fprime, as the assignment asks for it, and how accurate it can be.

A forward difference with step h differs from the derivative by h/2 times the second derivative,
and by what rounding does to the two losses, divided by h; section 6 of
`autograd_ref/rounding/derivation.md`. The second derivatives are written out here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import approx_fprime

from autograd_ref.assignment.bounds import rounding_bounds
from autograd_ref.network import exact_pass, widened
from autograd_ref.rounding.arithmetic import Forms
from manual_backprop.parameters import Parameters
from manual_backprop.validation import checked_batch

NetworkLoss = Callable[[Parameters, ArrayLike, ArrayLike], float]

STEP = float(np.sqrt(np.finfo(np.float64).eps))
"""The step that approx_fprime takes by default, in the parameter's own units."""


class ForwardDifference(NamedTuple):
    """A gradient from N + 1 values of the loss, and how far each of its entries may be off."""

    gradients: Parameters
    accuracy: Parameters


def forward_difference(
    loss: NetworkLoss, parameters: Parameters, X: ArrayLike, Y: ArrayLike
) -> ForwardDifference:
    """The gradient of a loss by `scipy.optimize.approx_fprime` with its default step.

    In float64 whatever the dtype of the arguments: in float32 the default step drowns in rounding.

    Args:
        loss: loss(parameters, X, Y) of the built-in network, called N + 1 times.
        parameters: as for `loss_and_gradients`.
        X: likewise.
        Y: likewise.
    """
    curvature = second_derivatives(parameters, X, Y)
    start, X = widened(parameters), np.asarray(X, dtype=np.float64)

    def loss_at(vector: NDArray[np.float64]) -> float:
        return loss(_from_vector(vector, start), X, Y)

    gradient = approx_fprime(_to_vector(start), loss_at, STEP)
    rounding = float(rounding_bounds(start, X, Y, forms=Forms.STABLE)["loss"])
    accuracy = (STEP / 2 * abs(block) + 2 * rounding / STEP for block in curvature)
    return ForwardDifference(_from_vector(gradient, start), Parameters(*accuracy))


def second_derivatives(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> Parameters:
    """The second derivative of the loss by each parameter alone: the Hessian's diagonal.

    In float64. Targets rounded to float32 sum to one only nearly, and count for as much as they do.
    """
    _loss, _z1, a1, _z2, y_hat, e2, _gradients = exact_pass(parameters, X, Y)
    rows = checked_batch(parameters, X, Y).Y.astype(np.float64)
    W1 = widened(parameters).W1
    X = np.asarray(X, dtype=np.float64)
    S = len(X)
    sigma = -np.expm1(-a1)

    weight = rows.sum(axis=1, keepdims=True) / S  # (S, 1)
    d2_z2 = weight * y_hat * (1 - y_hat)  # (S, N_O)
    variance_of_W1 = y_hat @ W1**2 - (y_hat @ W1) ** 2  # (S, N_H), over the outputs
    d2_z1 = weight * sigma**2 * variance_of_W1 + (e2 @ W1) * sigma * (1 - sigma)  # (S, N_H)
    return Parameters(
        W0=d2_z1.T @ X**2, b0=d2_z1.sum(axis=0), W1=d2_z2.T @ a1**2, b1=d2_z2.sum(axis=0)
    )


def _to_vector(parameters: Parameters) -> NDArray[Any]:
    return np.concatenate([block.ravel() for block in parameters])


def _from_vector(vector: NDArray[Any], like: Parameters) -> Parameters:
    ends = np.cumsum([block.size for block in like])[:-1]
    pieces = np.split(vector, ends)
    return Parameters(*(p.reshape(b.shape) for p, b in zip(pieces, like, strict=True)))
