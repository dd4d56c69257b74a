"""How far rounding alone can move the loss and each gradient entry of the built-in network.

Nothing else in the project holds a tolerance for it. The derivation is section 5 of
`rounding/derivation.md`; the letters at the ends of lines are in it. A bound grows with the
number of terms that a sum has, never with the number of entries that are compared.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel

from autograd_ref.network import AutogradPass, exact_pass, widened
from autograd_ref.rounding.arithmetic import Arithmetic, Forms, additions_in_a_row, arithmetic_of
from autograd_ref.tree.number_format import of_dtype
from manual_backprop.parameters import Array, Parameters
from manual_backprop.validation import Batch, checked_batch, checked_parameters


class _Forward(NamedTuple):
    """Errors of what the forward pass computes, and sigma, which the backward pass needs."""

    dz1: Array  # (S, N_H)
    da1: Array  # (S, N_H)
    sigma: Array  # (S, N_H)
    dsigma: Array  # (S, N_H)
    dz2: Array  # (S, N_O)
    moved: Array  # (S, N_O), what dz2 does to y_hat


class _Output(NamedTuple):
    """Errors of what follows from z2 and Y, and e2."""

    dloss: Array  # ()
    e2: Array  # (S, N_O)
    de2: Array  # (S, N_O)


def rounding_bounds(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, *, forms: Forms
) -> dict[str, Array]:
    """The largest error that rounding explains, for each entry of each result.

    The error is the distance from the exact result for the same values; the arithmetic is that of
    the parameters' dtype.

    Args:
        parameters: as for `loss_and_gradients`.
        X: likewise.
        Y: likewise.
        forms: which formulas the implementation is held to.

    Returns:
        float64 arrays shaped like loss (), z1, a1, delta1 (S, N_H), z2, y_hat, e2 (S, N_O), W0, b0,
        W1 and b1, by these names.
    """
    parameters = checked_parameters(parameters)
    batch = checked_batch(parameters, X, Y)
    exact = exact_pass(parameters, X, Y)
    wide = Batch(*(array.astype(np.float64) for array in batch))
    arithmetic = arithmetic_of(of_dtype(parameters.W0.dtype), forms)
    return bounds_around(exact, widened(parameters), wide, arithmetic)


def rounding_tolerances(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> dict[str, Array]:
    """How far an implementation and the float64 reference may be apart, entry by entry.

    Both may round, each in its own number format, and neither is held to stable forms.
    Arguments and result as in `rounding_bounds`.
    """
    bounds = rounding_bounds(parameters, X, Y, forms=Forms.TEXTBOOK)
    reference_share = np.finfo(np.float64).eps / np.finfo(parameters.W0.dtype).eps
    return {name: (1.0 + reference_share) * bound for name, bound in bounds.items()}


def bounds_around(
    exact: AutogradPass, parameters: Parameters, batch: Batch, arithmetic: Arithmetic
) -> dict[str, Array]:
    """As `rounding_bounds`, from values in float64 that are known to be fit and their exact pass.

    Args:
        exact: of these parameters and this batch.
        parameters: in float64.
        batch: in float64.
        arithmetic: the number format in question, and what is allowed to round in it.
    """
    forward = _forward_errors(parameters, batch.X, exact, arithmetic)
    output = _output_errors(batch.Y, exact, forward, arithmetic)
    between = {
        "loss": output.dloss,
        "z1": forward.dz1,
        "a1": forward.da1,
        "z2": forward.dz2,
        "y_hat": forward.moved
        + arithmetic.growth(exact.y_hat.shape[1]) * arithmetic.rounded(exact.y_hat),  # (E)
        "e2": output.de2,
    }
    gradients = _gradient_errors(parameters, batch.X, exact.a1, forward, output, arithmetic)
    return between | gradients


def _forward_errors(
    parameters: Parameters, X: Array, exact: AutogradPass, arithmetic: Arithmetic
) -> _Forward:
    W0, b0, W1, b1 = (abs(block) for block in parameters)
    summed, hidden = arithmetic.summed, arithmetic.hidden
    N_H = len(b0)
    a1, z2, y_hat = exact.a1, exact.z2, exact.y_hat

    dz1 = summed(abs(X) @ W0.T + b0, X.shape[1] + 1)
    sigma = -np.expm1(-a1)
    da1 = _carried(sigma * dz1, dz1, most=dz1) + hidden(a1, 1.0)  # (B)
    slope = sigma * np.exp(-a1)
    dsigma = _carried(slope * dz1, dz1, most=1.0) + hidden(sigma, 1.0)  # (C)

    gaps = z2.max(axis=1, keepdims=True) - z2
    dz2 = summed(a1 @ W1.T + b1, N_H + 1) + da1 @ W1.T + arithmetic.both * gaps  # (D)
    first_order = y_hat * (_others(y_hat) * dz2 + _others(y_hat * dz2))
    moved = _carried(first_order, dz2.max(axis=1, keepdims=True), most=1.0)
    return _Forward(dz1, da1, sigma, dsigma, dz2, moved)


def _output_errors(
    Y: Array, exact: AutogradPass, forward: _Forward, arithmetic: Arithmetic
) -> _Output:
    y_hat, dz2 = exact.y_hat, forward.dz2
    S, N_O = Y.shape
    abs_Y = abs(Y)
    sum_Y = abs_Y.sum(axis=1)
    # the two products that e2 is the difference of; they, not the difference, are rounded
    e2_terms = y_hat * _others(abs_Y) + abs_Y * _others(y_hat)

    gaps = exact.z2.max(axis=1, keepdims=True) - exact.z2
    l_terms = (abs_Y * gaps).sum(axis=1) + sum_Y * np.log1p(_rest(gaps))
    furthest = dz2.max(axis=1)
    dl = _carried((e2_terms * dz2).sum(axis=1), furthest, most=2 * sum_Y * furthest)
    dl += arithmetic.growth(N_O) * arithmetic.output(l_terms, sum_Y)  # (F)
    added_up = arithmetic.summed(l_terms, additions_in_a_row(S, arithmetic.forms))

    e2 = (y_hat * _others(Y) - Y * _others(y_hat)) / S
    de2 = forward.moved * sum_Y[:, np.newaxis]
    de2 += arithmetic.growth(N_O) * arithmetic.output(e2_terms, y_hat + abs_Y)
    de2 = de2 / S + arithmetic.rounded(abs(e2))  # (G)
    return _Output(np.asarray((dl.sum() + added_up.sum()) / S), e2, de2)


def _gradient_errors(
    parameters: Parameters,
    X: Array,
    a1: Array,
    forward: _Forward,
    output: _Output,
    arithmetic: Arithmetic,
) -> dict[str, Array]:
    summed = arithmetic.summed
    _dz1, da1, sigma, dsigma, _dz2, _moved = forward
    _dloss, e2, de2 = output
    S, N_O = e2.shape
    ones = np.ones(S)
    abs_e2, abs_X, abs_W1 = abs(e2), abs(X), abs(parameters.W1)

    back = abs(e2 @ parameters.W1)
    dback = summed(abs_e2 @ abs_W1, N_O) + de2 @ abs_W1
    delta1 = back * sigma
    ddelta1 = dback * (sigma + dsigma) + back * dsigma + arithmetic.rounded(delta1)  # (H)
    return {
        "delta1": ddelta1,
        "W0": summed(delta1.T @ abs_X, S) + ddelta1.T @ abs_X,  # (I)
        "b0": summed(delta1.T @ ones, S) + ddelta1.T @ ones,
        "W1": summed(abs_e2.T @ a1, S) + abs_e2.T @ da1 + de2.T @ (a1 + da1),
        "b1": summed(abs_e2.T @ ones, S) + de2.T @ ones,
    }


def _carried(first_order: Array, change: Array, *, most: Array | float) -> Array:
    """How far a result moves when its arguments do, also where the first order is not enough.

    The slopes of softplus, sigma and softmax grow by at most exp(4 change) over the way.
    """
    grown = 4.0 * change
    bound = np.minimum(first_order * exprel(np.minimum(grown, 100.0)), most)
    return np.where(grown > 100.0, most, bound)


def _others(P: Array) -> Array:
    """sum_{j != i} P_j along each row, without a subtraction."""
    return P @ (1.0 - np.eye(P.shape[1]))


def _rest(gaps: Array) -> Array:
    """Sum of exp(-gap) along each row, but for the largest output itself."""
    p = np.exp(-gaps)
    np.put_along_axis(p, gaps.argmin(axis=1, keepdims=True), 0.0, axis=1)
    return p.sum(axis=1)
