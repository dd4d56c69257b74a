"""The network's dimensions, its parameters as a named tuple of arrays, and their initial values."""

import math
import operator
from dataclasses import dataclass
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.floating[Any]]

FLOAT_TYPES: tuple[np.dtype[np.floating[Any]], ...] = (np.dtype(np.float64), np.dtype(np.float32))


@dataclass(frozen=True)
class NetworkShape:
    """How many inputs (N_I), hidden units (N_H) and outputs (N_O) a network has.

    Raises:
        TypeError: a dimension is not an integer.
        ValueError: a dimension is less than 1.

    >>> NetworkShape(inputs=4, hidden=16, outputs=3).parameter_count
    131
    """

    inputs: int
    hidden: int
    outputs: int

    def __post_init__(self) -> None:
        for name in ("inputs", "hidden", "outputs"):
            size = require_integer(name, getattr(self, name), at_least=1)
            object.__setattr__(self, name, size)  # an int, whatever kind of integer it was

    @property
    def parameter_count(self) -> int:
        """(N_I + 1) N_H + (N_H + 1) N_O; with 4 inputs and 3 outputs that is 8 N_H + 3."""
        return (self.inputs + 1) * self.hidden + (self.hidden + 1) * self.outputs


class Parameters(NamedTuple):
    """Everything the network learns. A gradient with respect to it has this type too."""

    W0: Array  # (N_H, N_I)
    b0: Array  # (N_H,)
    W1: Array  # (N_O, N_H)
    b1: Array  # (N_O,)

    @property
    def shape(self) -> NetworkShape:
        """The dimensions of the network that these parameters belong to."""
        hidden, inputs = self.W0.shape
        return NetworkShape(inputs=inputs, hidden=hidden, outputs=len(self.b1))


def initialize(
    shape: NetworkShape,
    seed: SupportsIndex,
    *,
    std: float = 0.05,
    dtype: DTypeLike = np.float64,
) -> Parameters:
    """Draw every parameter, biases included, from N(0, std), as the assignment asks.

    The same seed gives the same bits. The float32 values are the float64 values, rounded.

    Args:
        shape: the network's dimensions.
        seed: an integer of at least 0.
        std: standard deviation, greater than 0 and finite.
        dtype: float64 or float32.

    Raises:
        TypeError: shape is not a NetworkShape; seed is not an integer; std is not a number; dtype
            is not float64 or float32.
        ValueError: seed is negative; std is not greater than 0, or not finite.
    """
    if not isinstance(shape, NetworkShape):
        raise TypeError(
            f"shape is {shape!r}, of type {type(shape).__name__}; it needs to be a NetworkShape"
        )
    seed = require_integer("seed", seed, at_least=0)
    std = _require_positive("std", std)
    dtype = require_float_type("dtype", dtype)
    normal = np.random.default_rng(seed).normal
    return Parameters(
        W0=normal(0.0, std, size=(shape.hidden, shape.inputs)).astype(dtype),
        b0=normal(0.0, std, size=shape.hidden).astype(dtype),
        W1=normal(0.0, std, size=(shape.outputs, shape.hidden)).astype(dtype),
        b1=normal(0.0, std, size=shape.outputs).astype(dtype),
    )


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


def _require_positive(name: str, value: float) -> float:
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        raise TypeError(
            f"{name} is {value!r}, of type {type(value).__name__}; it needs to be a number"
        ) from None
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} is {number}; it needs to be greater than 0 and finite")
    return number
