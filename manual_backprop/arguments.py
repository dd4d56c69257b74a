"""What single arguments need to be: a number format, an integer, a positive number."""

import math
import operator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike

FLOAT_TYPES: tuple[np.dtype[np.floating[Any]], ...] = (np.dtype(np.float64), np.dtype(np.float32))


def require_float_type(name: str, dtype: DTypeLike) -> np.dtype[np.floating[Any]]:
    """The NumPy dtype, where it is float64 or float32; TypeError otherwise."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = repr(dtype)
    for known in FLOAT_TYPES:
        if found == known:
            return known
    raise TypeError(f"{name} is {found}; it needs to be float64 or float32")


def require_integer(name: str, value: SupportsIndex, *, at_least: int) -> int:
    """The value as an int, where it is an integer that is large enough; an error otherwise."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, SupportsIndex):
        raise TypeError(
            f"{name} is {value!r}, of type {type(value).__name__}; it needs to be an integer"
        )
    integer = operator.index(value)
    if integer < at_least:
        raise ValueError(f"{name} is {integer}; it needs to be at least {at_least}")
    return integer


def require_positive(name: str, value: float) -> float:
    """The value as a float, where it is greater than 0 and finite; an error otherwise."""
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
