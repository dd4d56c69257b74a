"""Checks of (parameters, X, Y) at the public edge, with messages that name the argument.

The result holds the caller's own arrays wherever they already fit: nothing here writes to them,
and no public function returns one of them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from manual_backprop.arguments import (
    PART,
    Array,
    as_array,
    in_parts,
    require_axes,
    require_finite_entries,
    require_same_type,
)
from manual_backprop.parameters import Parameters
from manual_backprop.shape import are_fitting, fitting_blocks, require_finite_blocks

TARGET_SUM_UNITS = 8
"""Rows of Y sum to one if |sum - 1| is at most this many units of roundoff per column.

A softmax or a normalisation in Y's own dtype stays well inside; a forgotten class does not.
"""


class Batch(NamedTuple):
    """Samples and their targets, in the dtype of the parameters."""

    X: Array  # (S, N_I)
    Y: Array  # (S, N_O), every row sums to one


def checked_parameters(parameters: Parameters) -> Parameters:
    """Return the parameters as arrays of one float type, finite, with shapes that fit together."""
    parameters = fitting_parameters(parameters)
    require_finite_blocks(parameters)
    return parameters


def fitting_parameters(parameters: Parameters) -> Parameters:
    """Return what `checked_parameters` returns, without the check that every entry is finite."""
    if not isinstance(parameters, Parameters):
        raise TypeError(
            f"parameters is of type {type(parameters).__name__};"
            " it needs to be manual_backprop.Parameters(W0, b0, W1, b1)"
        )
    return parameters if are_fitting(*parameters) else Parameters(*fitting_blocks(*parameters))


def checked_direction(parameters: Parameters, v: Parameters) -> Parameters:
    """Return v as finite arrays of the shapes and of the dtype of the checked parameters."""
    if not isinstance(v, Parameters):
        raise TypeError(
            f"v is of type {type(v).__name__}; it needs to be manual_backprop.Parameters, a"
            " direction with a block for each of W0, b0, W1, b1"
        )
    blocks: list[Array] = []
    for name, model, given in zip(Parameters._fields, parameters, v, strict=True):
        block = as_array(f"v.{name}", given)
        if block.shape != model.shape:
            raise ValueError(
                f"v.{name} has shape {block.shape}; it needs {model.shape}, as {name} has"
            )
        require_same_type(f"v.{name}", block, "the parameters", model)
        require_finite_entries(f"v.{name}", block)
        blocks.append(block)
    return Parameters(*blocks)


def checked_inputs(parameters: Parameters, X: ArrayLike) -> Array:
    """Return X as a finite array (S, N_I), S at least 1, in the dtype of the checked parameters."""
    array = _fitting_inputs(parameters, X)
    require_finite_entries("X", array)
    return array


def _fitting_inputs(parameters: Parameters, X: ArrayLike) -> Array:
    array, inputs = as_array("X", X), parameters.W0.shape[1]
    if array.ndim != 2 or not array.size:  # skipped in the common case, for speed
        require_axes("X", array, "(S, N_I)")
    if array.shape[1] != inputs:
        raise ValueError(f"X has shape {array.shape}; W0 expects N_I = {inputs} columns")
    require_same_type("X", array, "the parameters", parameters.W0)
    return array


def checked_batch(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> Batch:
    """Return X as `checked_inputs` does, and Y as rows that sum to one, also if given as labels."""
    X, Y = checked_samples(parameters, X, Y)
    rows = Y[:, np.newaxis] == np.arange(len(parameters.b1)) if Y.ndim == 1 else Y
    return Batch(X, rows.astype(X.dtype, copy=False))


def checked_samples(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike
) -> tuple[Array, NDArray[Any]]:
    """Return X as `checked_inputs` does, and Y as labels or rows, as given."""
    X, Y = fitting_samples(parameters, X, Y)
    require_finite_entries("X", X)
    return X, Y


def require_finite(parameters: Parameters, X: Array, first: int) -> None:
    """Raise ValueError unless all entries are finite; the rows of X count from `first`."""
    require_finite_blocks(parameters)
    require_finite_entries("X", X, first)


def fitting_samples(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike
) -> tuple[Array, NDArray[Any]]:
    """Return what `checked_samples` returns, without the check that X is finite."""
    X = _fitting_inputs(parameters, X)
    outputs = len(parameters.b1)
    Y = as_array("Y", Y)
    if Y.ndim not in (1, 2):
        raise ValueError(
            f"Y has shape {Y.shape}; it needs to be labels (S,) or target rows (S, N_O)"
        )
    if len(Y) != len(X):
        raise ValueError(f"Y has {len(Y)} rows and X has {len(X)}; they need to be as many")
    if Y.ndim == 1:
        _require_labels(Y, outputs)
    else:
        _require_rows(Y, outputs, X.dtype)
    return X, Y


def _require_labels(labels: NDArray[Any], outputs: int) -> None:
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"Y holds labels of dtype {labels.dtype}; labels (S,) need an integer dtype"
            " (targets of another kind come as rows (S, N_O))"
        )
    for start, part in in_parts(labels) if len(labels) > PART else [(0, labels)]:
        if part.item(part.argmin()) >= 0 and part.item(part.argmax()) < outputs:
            continue
        s = np.flatnonzero((part < 0) | (part >= outputs))[0]
        raise ValueError(
            f"Y[{start + s}] is the label {part[s]}; with N_O = {outputs} outputs, labels need to"
            f" be from 0 to {outputs - 1}"
        )


def _require_rows(rows: NDArray[Any], outputs: int, dtype: np.dtype[Any]) -> None:
    if rows.shape[1] != outputs:
        raise ValueError(f"Y has shape {rows.shape}; b1 expects N_O = {outputs} columns")
    if rows.dtype.kind not in "biuf":
        raise TypeError(f"the dtype of Y is {rows.dtype}; target rows need real numbers")
    unit = np.finfo(rows.dtype).eps / 2 if rows.dtype.kind == "f" else 0.0
    allowed = min(TARGET_SUM_UNITS * outputs * unit, 0.1)
    for start, part in in_parts(rows):
        sums = part.sum(axis=1, dtype=np.result_type(rows.dtype, np.float64))
        wrong = np.flatnonzero(np.abs(sums - 1.0) > allowed)
        if wrong.size:
            s = wrong[0]
            raise ValueError(
                f"Y[{start + s}] sums to {sums[s]}; every target row needs to sum to 1, because"
                " equation (7), dL/dz2 = y_hat - y, holds only then"
            )
        with np.errstate(over="ignore"):
            require_finite_entries("Y", part.astype(dtype, copy=False), start)
