"""What the public functions require of (parameters, X, Y), and what they say where it is not so.

A checked problem holds the caller's own arrays wherever they already fit: nothing here writes to
them, and nothing that is returned to a user is one of them.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from manual_backprop.arguments import FLOAT_TYPES, require_float_type
from manual_backprop.parameters import Array, Parameters

PART = 1 << 17
"""How many entries are looked at together."""

ONE_THREAD = 1 << 13
"""Products of vectors of so many entries do not wake the threads of BLAS."""

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
    parameters = fitting_parameters(parameters)
    for name, block in parameters._asdict().items():
        _require_finite(name, block)
    return parameters


def fitting_parameters(parameters: Parameters) -> Parameters:
    """The same, but whether they are finite is not looked at."""
    if not isinstance(parameters, Parameters):
        raise TypeError(
            f"parameters is of type {type(parameters).__name__};"
            " it needs to be manual_backprop.Parameters(W0, b0, W1, b1)"
        )
    if _are_fit(parameters):
        return parameters
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


def _are_fit(parameters: Parameters) -> bool:
    """Whether they certainly are, as nearly always; what is wrong else is told by a closer look."""
    W0, b0, W1, b1 = parameters
    return (
        type(W0) is type(b0) is type(W1) is type(b1) is np.ndarray
        and W0.dtype in FLOAT_TYPES
        and b0.dtype == W1.dtype == b1.dtype == W0.dtype
        and W0.ndim == W1.ndim == 2
        and W0.size * W1.size > 0
        and b0.shape == W0.shape[:1] == W1.shape[1:]
        and b1.shape == W1.shape[:1]
    )


def _is_finite(array: NDArray[Any]) -> bool:
    """Whether all entries certainly are: what is not makes no sum, of squares or not, that is."""
    if array.flags.c_contiguous:  # vdot does not warn of overflow, as dot does
        if array.size <= ONE_THREAD:
            return math.isfinite(np.vdot(array, array))
        entries = array.reshape(-1)
        parts = (entries[i : i + ONE_THREAD] for i in range(0, entries.size, ONE_THREAD))
        return all(math.isfinite(np.vdot(part, part)) for part in parts)
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(np.add.reduce(array, axis=None))


def checked_inputs(parameters: Parameters, X: ArrayLike) -> Array:
    """X as an array (S, N_I), S at least 1, finite, in the dtype of the (checked) parameters."""
    array = _fitting_inputs(parameters, X)
    _require_finite("X", array)
    return array


def _fitting_inputs(parameters: Parameters, X: ArrayLike) -> Array:
    array, inputs = _as_array("X", X), parameters.W0.shape[1]
    if array.ndim != 2 or not array.size:  # the common case is left at once
        _require_axes("X", array, "(S, N_I)")
    if array.shape[1] != inputs:
        raise ValueError(f"X has shape {array.shape}; W0 expects N_I = {inputs} columns")
    _require_same_type("X", array, "the parameters", parameters.W0)
    return array


def checked_batch(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> Batch:
    """X as in `checked_inputs`, and Y as rows that sum to one, whichever form it came in."""
    X, Y = checked_samples(parameters, X, Y)
    rows = Y[:, np.newaxis] == np.arange(len(parameters.b1)) if Y.ndim == 1 else Y
    return Batch(X, rows.astype(X.dtype, copy=False))


def checked_samples(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike
) -> tuple[Array, NDArray[Any]]:
    """X as in `checked_inputs`, and Y as labels or rows, as they came."""
    X, Y = fitting_samples(parameters, X, Y)
    _require_finite("X", X)
    return X, Y


def require_finite(parameters: Parameters, X: Array) -> None:
    """What fits needs to be finite as well."""
    _ = checked_inputs(checked_parameters(parameters), X)


def fitting_samples(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike
) -> tuple[Array, NDArray[Any]]:
    """The same, but whether X is finite is not looked at."""
    X = _fitting_inputs(parameters, X)
    outputs = len(parameters.b1)
    Y = _as_array("Y", Y)
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
    for start, part in _in_parts(labels) if len(labels) > PART else [(0, labels)]:
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
    for start, part in _in_parts(rows):
        sums = part.sum(axis=1, dtype=np.result_type(rows.dtype, np.float64))
        wrong = np.flatnonzero(np.abs(sums - 1.0) > allowed)
        if wrong.size:
            s = wrong[0]
            raise ValueError(
                f"Y[{start + s}] sums to {sums[s]}; every target row needs to sum to 1, because"
                " equation (7), dL/dz2 = y_hat - y, holds only then"
            )
        with np.errstate(over="ignore"):
            _require_finite("Y", part.astype(dtype, copy=False), start)


def _as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """What NumPy makes of the value; what it cannot read, such as rows of unequal length, named."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; it needs to be one without entries left out")
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


def _require_finite(name: str, array: NDArray[Any], first: int = 0) -> None:
    if _is_finite(array):
        return
    for start, part in _in_parts(array):
        finite = np.isfinite(part)
        if not finite.all():
            index = [int(i) for i in np.argwhere(~finite)[0]]
            value = part[tuple(index)]
            index[0] += first + start
            raise ValueError(f"{name}{index} is {value}; every entry of {name} needs to be finite")


def _in_parts(array: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Some rows at a time, with the number of the first: what is made of them stays small."""
    rows = max(1, PART * len(array) // max(1, array.size))
    for start in range(0, len(array), rows):
        yield start, array[start : start + rows]
