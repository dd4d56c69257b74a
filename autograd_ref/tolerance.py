"""How far rounding alone can move the loss and each gradient entry of the assignment's network.

Nothing else in the project holds a tolerance for it. The derivation is section 5 of
`manual_backprop/derivation.md`; letters at the ends of lines refer to it. A bound grows with the
number of terms that a sum has, never with the number of entries that are compared.
"""

from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.special import exprel

from autograd_ref.network import AutogradPass, exact_pass, widened
from manual_backprop.parameters import Array, Parameters
from manual_backprop.validation import checked_batch, checked_parameters

Float64 = NDArray[np.float64]

ALLOWED_UNITS = 4.0
"""How many first-order units an error may have. Not derived: measured, and tested."""

TERMS_PER_UNIT = 64
"""How many more terms in a sum earn one more unit. Not derived: measured, and tested."""


class Forms(Enum):
    """Which formulas an implementation is held to."""

    STABLE = "no two nearly equal numbers subtracted: small results keep their digits"
    TEXTBOOK = (
        "ln(1 + exp z), 1 - 1/(1 + exp z), y_hat - y: right to a unit of 1, not of the result"
    )


class Arithmetic(NamedTuple):
    """One number format and what an operation in it may do."""

    unit: float
    smallest: float
    forms: Forms

    def summed(self, absolute_terms: Float64, count: int) -> Float64:
        """Rounding of a sum of products, from the sum of their absolute values."""
        return self.unit * growth(count) * absolute_terms + count * self.smallest  # (A)

    def rounded(self, result: Float64, textbook_scale: Float64 | float) -> Float64:
        """Rounding of a function's own evaluation."""
        scale = result if self.forms is Forms.STABLE else np.maximum(result, textbook_scale)
        return self.unit * scale + self.smallest  # (B)


class _Forward(NamedTuple):
    """Errors of what the forward pass computes, and sigma, on which the backward pass depends."""

    da1: Float64  # (S, N_H)
    sigma: Float64  # (S, N_H)
    dsigma: Float64  # (S, N_H)
    dz2: Float64  # (S, N_O)
    dy_hat: Float64  # (S, N_O)


def rounding_bounds(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, *, forms: Forms
) -> dict[str, Float64]:
    """The largest error that rounding explains, for each entry of each result.

    The error is the distance from the exact result for the same values; the arithmetic is that of
    the parameters' dtype.

    Args:
        parameters, X, Y: as for `loss_and_gradients`.
        forms: which formulas the implementation is held to.

    Returns:
        float64 arrays shaped like loss (), y_hat, e2 (S, N_O), W0, b0, W1 and b1, by these names.
    """
    parameters = checked_parameters(parameters)
    batch = checked_batch(parameters, X, Y)
    limits = np.finfo(parameters.W0.dtype)
    arithmetic = Arithmetic(
        ALLOWED_UNITS * float(limits.eps) / 2, float(limits.smallest_normal), forms
    )
    exact = exact_pass(parameters, X, Y)
    wide = (array.astype(np.float64) for array in batch)
    return _bounds(widened(parameters), *wide, exact, arithmetic)


def rounding_tolerances(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> dict[str, Float64]:
    """How far an implementation and the float64 reference may be apart, entry by entry.

    Both may round, each in its own number format, and neither is held to stable forms.
    Arguments and result as in `rounding_bounds`.
    """
    bounds = rounding_bounds(parameters, X, Y, forms=Forms.TEXTBOOK)
    reference_share = np.finfo(np.float64).eps / np.finfo(parameters.W0.dtype).eps
    return {name: (1.0 + reference_share) * bound for name, bound in bounds.items()}


def growth(count: int) -> float:
    """How the rounding of a sum grows with the number of its terms."""
    return 1.0 + count / TERMS_PER_UNIT


def _bounds(
    parameters: Parameters, X: Float64, Y: Float64, exact: AutogradPass, arithmetic: Arithmetic
) -> dict[str, Float64]:
    da1, sigma, dsigma, dz2, dy_hat = _forward_errors(parameters, X, exact, arithmetic)
    summed, rounded = arithmetic.summed, arithmetic.rounded
    S, N_O = Y.shape
    ones = np.ones(S)
    abs_W1, abs_X, abs_Y, sum_Y = abs(parameters.W1), abs(X), abs(Y), abs(Y).sum(axis=1)

    # e2, from the two parts whose difference it is
    e2_terms = exact.y_hat * _others(abs_Y) + abs_Y * _others(exact.y_hat)
    de2 = (
        growth(N_O) * rounded(e2_terms, exact.y_hat + abs_Y) + dy_hat * sum_Y[:, np.newaxis]
    )  # (F)

    # the loss
    gaps = exact.z2.max(axis=1, keepdims=True) - exact.z2
    l_terms = (abs_Y * gaps).sum(axis=1) + sum_Y * np.log1p(_rest(gaps))
    dl = growth(N_O) * rounded(l_terms, sum_Y) + _carried(
        (e2_terms * dz2).sum(axis=1), dz2.max(axis=1), most=2 * sum_Y * dz2.max(axis=1)
    )  # (G)

    # the mean over the batch
    e2 = abs(exact.e2)
    de2 = de2 / S + rounded(e2, 0.0)

    # the gradients
    back = abs(exact.e2 @ parameters.W1)
    dback = summed(e2 @ abs_W1, N_O) + de2 @ abs_W1  # (H)
    delta1 = back * sigma
    ddelta1 = (sigma + dsigma) * dback + back * dsigma + rounded(delta1, 0.0)  # (I)
    return {
        "loss": np.asarray(summed(l_terms, S).sum() / S + dl.sum() / S),
        "y_hat": dy_hat,
        "e2": de2,
        "W0": summed(delta1.T @ abs_X, S) + ddelta1.T @ abs_X,  # (J)
        "b0": summed(delta1.T @ ones, S) + ddelta1.T @ ones,
        "W1": summed(e2.T @ exact.a1, S) + de2.T @ (exact.a1 + da1) + e2.T @ da1,
        "b1": summed(e2.T @ ones, S) + de2.T @ ones,
    }


def _forward_errors(
    parameters: Parameters, X: Float64, exact: AutogradPass, arithmetic: Arithmetic
) -> _Forward:
    W0, b0, W1, b1 = (abs(block) for block in parameters)
    summed, rounded = arithmetic.summed, arithmetic.rounded
    N_O, N_H = W1.shape

    dz1 = summed(abs(X) @ W0.T + b0, X.shape[1] + 1)
    sigma = -np.expm1(-exact.a1)
    da1 = _carried(sigma * dz1, dz1, most=dz1) + rounded(exact.a1, 1.0)  # (C)
    slope = sigma * np.exp(-exact.a1)
    dsigma = _carried(slope * dz1, dz1, most=1.0) + rounded(sigma, 1.0)  # (D)

    gaps = exact.z2.max(axis=1, keepdims=True) - exact.z2
    dz2 = summed(exact.a1 @ W1.T + b1, N_H + 1) + da1 @ W1.T + arithmetic.unit * gaps
    y_hat = exact.y_hat
    first_order = y_hat * (_others(y_hat) * dz2 + _others(y_hat * dz2))
    dy_hat = _carried(first_order, dz2.max(axis=1, keepdims=True), most=1.0)
    dy_hat += growth(N_O) * rounded(y_hat, 0.0)  # (E)
    return _Forward(da1, sigma, dsigma, dz2, dy_hat)


def _carried(first_order: Float64, change: Float64, *, most: Float64 | float) -> Float64:
    """How far a result moves when its arguments do, also where the first order is not enough.

    The slopes of softplus, sigma and softmax grow by at most exp(4 change) over the way.
    """
    grown = 4.0 * change
    bound = np.minimum(first_order * exprel(np.minimum(grown, 100.0)), most)
    return np.where(grown > 100.0, most, bound)


def _others(P: Float64) -> Float64:
    """sum_{j != i} P_j along each row, without a subtraction."""
    return P @ (1.0 - np.eye(P.shape[1]))


def _rest(gaps: Float64) -> Float64:
    """Sum of exp(-gap) along each row, but for the largest output itself."""
    p = np.exp(-gaps)
    np.put_along_axis(p, gaps.argmin(axis=1, keepdims=True), 0.0, axis=1)
    return p.sum(axis=1)
