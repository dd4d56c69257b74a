"""The network's dimensions, its parameters as a named tuple of arrays, and their initial values."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from manual_backprop.arguments import require_float_type, require_integer, require_positive

Array = NDArray[np.floating[Any]]


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

    def to_vector(self) -> Array:
        """All entries in one axis, as optimisers want them: W0 row by row, b0, W1, b1.

        >>> p = initialize(NetworkShape(4, 16, 3), seed=0)
        >>> p.to_vector().shape
        (131,)
        """
        return np.concatenate([block.ravel() for block in self])

    @classmethod
    def from_vector(cls, vector: ArrayLike, shape: NetworkShape) -> "Parameters":
        """The parameters of a network of this shape that `to_vector` makes such a vector of.

        Args:
            vector: (parameter_count,), of any real dtype, which is kept; it is copied.
            shape: the network's dimensions.

        Raises:
            TypeError: the vector holds no real numbers; shape is not a NetworkShape.
            ValueError: the vector has another shape.
        """
        _require_network_shape(shape)
        entries = np.asarray(vector)
        if entries.dtype.kind not in "iuf":
            raise TypeError(f"vector is of dtype {entries.dtype}; it needs real numbers")
        if entries.shape != (shape.parameter_count,):
            raise ValueError(
                f"vector has shape {entries.shape}; it needs ({shape.parameter_count},) for {shape}"
            )
        blocks: list[Array] = []
        taken = 0
        for size in block_shapes(shape):
            count = math.prod(size)
            blocks.append(entries[taken : taken + count].reshape(size).copy())
            taken += count
        return cls(*blocks)

    def to_json(self) -> str:
        """As JSON: lists under W0, b0, W1 and b1, the shape, and the dtype; no bit is lost.

        Raises:
            TypeError, ValueError: the blocks are not of one float type, finite, or of shapes that
                fit each other.
        """
        # loaded here, and below, because it needs this class
        from manual_backprop.saved import as_json

        return as_json(self)

    @classmethod
    def from_json(cls, text: str) -> "Parameters":
        """The parameters that `to_json` has written.

        Raises:
            TypeError, ValueError: the text is no JSON, or not of parameters; by name.
        """
        from manual_backprop.saved import from_json

        return from_json(text)


def block_shapes(shape: NetworkShape) -> tuple[tuple[int, ...], ...]:
    """Those of W0, b0, W1 and b1."""
    inputs, hidden, outputs = shape.inputs, shape.hidden, shape.outputs
    return (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)


def _require_network_shape(shape: NetworkShape) -> None:
    if not isinstance(shape, NetworkShape):
        raise TypeError(
            f"shape is {shape!r}, of type {type(shape).__name__}; it needs to be a NetworkShape"
        )


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
    _require_network_shape(shape)
    seed = require_integer("seed", seed, at_least=0)
    std = require_positive("std", std)
    dtype = require_float_type("dtype", dtype)
    normal = np.random.default_rng(seed).normal
    return Parameters(
        W0=normal(0.0, std, size=(shape.hidden, shape.inputs)).astype(dtype),
        b0=normal(0.0, std, size=shape.hidden).astype(dtype),
        W1=normal(0.0, std, size=(shape.outputs, shape.hidden)).astype(dtype),
        b1=normal(0.0, std, size=shape.outputs).astype(dtype),
    )
