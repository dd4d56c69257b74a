"""What the public functions require of (parameters, X, Y), and what they say where it is not so.

A checked problem holds the caller's own arrays wherever they already fit: nothing here writes to
them, and nothing that is returned to a user is one of them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from manual_backprop.parameters import Array, Parameters, require_float_type

TARGET_SUM_UNITS = 8
"""Rows of Y sum to one when |sum - 1| is at most this many units of roundoff per column.

A softmax or a normalisation in Y's own dtype stays well inside; a forgotten class does not.
"""


class Batch(NamedTuple):
    """Samples and their targets, in the dtype of the parameters."""

    X: Array  # (S, N_I)
    Y: Array  # (S, N_O), every row sums to one


def checked_parameters(parameters: Parameters) -> Parameters:
    """The parameters as arrays of one float type, finite, with shapes that fit each other."""
    if not isinstance(parameters, Parameters):
        raise TypeError(
            f"parameters is of type {type(parameters).__name__};"
            " it needs to be manual_backprop.Parameters(W0, b0, W1, b1)"
        )
    W0, b0, W1, b1 = (_as_array(name, block) for name, block in parameters._asdict().items())
    for name, block, axes in (
        ("W0", W0, "(N_H, N_I)"),
        ("b0", b0, "(N_H,)"),
        ("W1", W1, "(N_O, N_H)"),
        ("b1", b1, "(N_O,)"),
    ):
        require_float_type(f"the dtype of {name}", block.dtype)
        _require_same_type(name, block, "W0", W0)
        _require_axes(name, block, axes)
        _require_finite(name, block)
    for name, found, needed, source in (
        ("b0", len(b0), len(W0), "W0 has N_H"),
        ("W1", W1.shape[1], len(W0), "W0 has N_H"),
        ("b1", len(b1), len(W1), "W1 has N_O"),
    ):
        if found != needed:
            axis = "columns" if name == "W1" else "entries"
            raise ValueError(
                f"{name} has shape {np.shape(getattr(parameters, name))};"
                f" it needs {needed} {axis}, because {source} = {needed} rows"
            )
    return Parameters(W0, b0, W1, b1)


def checked_inputs(parameters: Parameters, X: ArrayLike) -> Array:
    """X as an array (S, N_I), S at least 1, finite, in the dtype of the (checked) parameters."""
    array = _as_array("X", X)
    _require_axes("X", array, "(S, N_I)")
    inputs = parameters.W0.shape[1]
    if array.shape[1] != inputs:
        raise ValueError(f"X has shape {array.shape}; W0 expects N_I = {inputs} columns")
    _require_same_type("X", array, "the parameters", parameters.W0)
    _require_finite("X", array)
    return array


def checked_batch(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> Batch:
    """X as in `checked_inputs`, and Y as rows that sum to one, whichever form it came in."""
    X = checked_inputs(parameters, X)
    outputs = len(parameters.b1)
    Y = _as_array("Y", Y)
    if Y.ndim not in (1, 2):
        raise ValueError(
            f"Y has shape {Y.shape}; it needs to be labels (S,) or target rows (S, N_O)"
        )
    if len(Y) != len(X):
        raise ValueError(f"Y has {len(Y)} rows and X has {len(X)}; they need to be as many")
    rows = _rows_of_labels(Y, outputs) if Y.ndim == 1 else _checked_rows(Y, outputs)
    with np.errstate(over="ignore"):
        rows = rows.astype(X.dtype, copy=False)
    _require_finite("Y", rows)
    return Batch(X, rows)


def _rows_of_labels(labels: NDArray[Any], outputs: int) -> NDArray[Any]:
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(
            f"Y holds labels of dtype {labels.dtype}; labels (S,) need an integer dtype"
            " (targets of another kind come as rows (S, N_O))"
        )
    outside = np.flatnonzero((labels < 0) | (labels >= outputs))
    if outside.size:
        s = outside[0]
        raise ValueError(
            f"Y[{s}] is the label {labels[s]}; with N_O = {outputs} outputs, labels need to be"
            f" from 0 to {outputs - 1}"
        )
    return labels[:, np.newaxis] == np.arange(outputs)


def _checked_rows(rows: NDArray[Any], outputs: int) -> NDArray[Any]:
    if rows.shape[1] != outputs:
        raise ValueError(f"Y has shape {rows.shape}; b1 expects N_O = {outputs} columns")
    if rows.dtype.kind not in "biuf":
        raise TypeError(f"the dtype of Y is {rows.dtype}; target rows need real numbers")
    unit = np.finfo(rows.dtype).eps / 2 if rows.dtype.kind == "f" else 0.0
    sums = rows.sum(axis=1, dtype=np.result_type(rows.dtype, np.float64))
    wrong = np.flatnonzero(np.abs(sums - 1.0) > TARGET_SUM_UNITS * outputs * unit)
    if wrong.size:
        s = wrong[0]
        raise ValueError(
            f"Y[{s}] sums to {sums[s]}; every target row needs to sum to 1, because"
            " equation (7), dL/dz2 = y_hat - y, holds only then"
        )
    return rows


def _as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """What NumPy makes of the value; what it cannot read, such as rows of unequal length, named."""
    try:
        return np.asarray(value)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be read as an array: {error}") from error


def _require_axes(name: str, array: NDArray[Any], axes: str) -> None:
    if array.ndim != axes.count(",") + (not axes.endswith(",)")):
        raise ValueError(f"{name} has shape {array.shape}; it needs the axes {axes}")
    if 0 in array.shape:
        raise ValueError(
            f"{name} has shape {array.shape}; it needs the axes {axes}, none of length 0"
        )


def _require_same_type(name: str, array: NDArray[Any], owner: str, model: Array) -> None:
    if array.dtype != model.dtype:
        raise TypeError(
            f"the dtype of {name} is {array.dtype} and that of {owner} is {model.dtype};"
            " they need to be the same"
        )


def _require_finite(name: str, array: NDArray[Any]) -> None:
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(
            f"{name}{list(index)} is {array[index]}; every entry of {name} needs to be finite"
        )
