"""Checks of a single argument: number format, integer, positive number, array."""

import math
import operator
from collections.abc import Iterator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[np.floating[Any]]

FLOAT_TYPES: tuple[np.dtype[np.floating[Any]], ...] = (np.dtype(np.float64), np.dtype(np.float32))

PART = 1 << 17
"""Entries that are checked at a time, so that temporary arrays stay small."""

ONE_THREAD = 1 << 13
"""Dot products of at most this many entries do not wake the threads of BLAS."""


def require_float_type(name: str, dtype: DTypeLike) -> np.dtype[np.floating[Any]]:
    """Return the NumPy dtype; raise TypeError unless it is float64 or float32."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = repr(dtype)
    for known in FLOAT_TYPES:
        if found == known:
            return known
    raise TypeError(f"{name} is {found}; it needs to be float64 or float32")


def require_integer(name: str, value: SupportsIndex, *, at_least: int) -> int:
    """Return the value as an int; raise an error unless it is an integer of at least `at_least`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, SupportsIndex):
        raise TypeError(
            f"{name} is {value!r}, of type {type(value).__name__}; it needs to be an integer"
        )
    integer = operator.index(value)
    if integer < at_least:
        raise ValueError(f"{name} is {integer}; it needs to be at least {at_least}")
    return integer


def require_positive(name: str, value: float) -> float:
    """Return the value as a float; raise an error unless it is greater than 0 and finite."""
    no_number = TypeError(
        f"{name} is {value!r}, of type {type(value).__name__}; it needs to be a number"
    )
    if isinstance(value, str | bytes | bool | np.bool_):  # float() would take them
        raise no_number
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise no_number from None
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} is {number}; it needs to be greater than 0 and finite")
    return number


def as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """Return np.asarray(value); raise an error that names the argument if it cannot be read."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; it needs to be one without masked entries")
    try:
        return np.asarray(value)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be read as an array: {error}") from error


def require_axes(name: str, array: NDArray[Any], axes: str) -> None:
    """Raise ValueError unless the array has these axes, as in "(S, N_I)", none of length 0."""
    if array.ndim != axes.count(",") + (not axes.endswith(",)")):
        raise ValueError(f"{name} has shape {array.shape}; it needs the axes {axes}")
    if 0 in array.shape:
        raise ValueError(
            f"{name} has shape {array.shape}; it needs the axes {axes}, none of length 0"
        )


def require_same_type(name: str, array: NDArray[Any], owner: str, model: Array) -> None:
    """Raise TypeError unless the array has the dtype of the model, which belongs to `owner`."""
    if array.dtype != model.dtype:
        raise TypeError(
            f"the dtype of {name} is {array.dtype} and that of {owner} is {model.dtype};"
            " they need to be the same"
        )


def require_finite_entries(name: str, array: NDArray[Any], first: int = 0) -> None:
    """Raise ValueError that names the first entry that is not finite; rows count from `first`."""
    if _is_finite(array):
        return
    for start, part in in_parts(array):
        finite = np.isfinite(part)
        if not finite.all():
            index = [int(i) for i in np.argwhere(~finite)[0]]
            value = part[tuple(index)]
            index[0] += first + start
            raise ValueError(f"{name}{index} is {value}; every entry of {name} needs to be finite")


def in_parts(array: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield consecutive blocks of rows, each with the index of its first row."""
    rows = max(1, PART * len(array) // max(1, array.size))
    for start in range(0, len(array), rows):
        yield start, array[start : start + rows]


def _is_finite(array: NDArray[Any]) -> bool:
    """Return True only if all entries are finite: a sum with a term that is not is not finite."""
    if array.flags.c_contiguous:  # vdot does not warn of overflow, as dot does
        if array.size <= ONE_THREAD:
            return math.isfinite(np.vdot(array, array))
        entries = array.reshape(-1)
        parts = (entries[i : i + ONE_THREAD] for i in range(0, entries.size, ONE_THREAD))
        return all(math.isfinite(np.vdot(part, part)) for part in parts)
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(np.add.reduce(array, axis=None))
