"""The network's parameters as a named tuple of four arrays, and their initial values."""

import math
from typing import NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from manual_backprop.arguments import Array, require_float_type, require_integer, require_positive
from manual_backprop.saved import as_json, from_json
from manual_backprop.shape import NetworkShape, block_shapes


class Parameters(NamedTuple):
    """The network's weights and biases; gradients with respect to them have this type too.

    Attributes:
        W0: weights of the hidden layer, (N_H, N_I).
        b0: biases of the hidden layer, (N_H,).
        W1: weights of the output layer, (N_O, N_H).
        b1: biases of the output layer, (N_O,).

    All four are float64 or all float32. Source: equations (1) and (3) of `derivation.md`.

    Examples:
        >>> import numpy as np
        >>> p = Parameters(np.ones((2, 4)), np.zeros(2), np.ones((3, 2)), np.zeros(3))
        >>> p.shape
        NetworkShape(inputs=4, hidden=2, outputs=3)
        >>> Parameters.from_json(p.to_json()).b1
        array([0., 0., 0.])
    """

    W0: Array
    b0: Array
    W1: Array
    b1: Array

    @property
    def shape(self) -> NetworkShape:
        """The dimensions of the network that these parameters belong to."""
        hidden, inputs = self.W0.shape
        return NetworkShape(inputs=inputs, hidden=hidden, outputs=len(self.b1))

    def to_vector(self) -> Array:
        """Return all entries in one axis, as optimisers want them: W0 row by row, b0, W1, b1.

        Examples:
            >>> initialize(NetworkShape(4, 16, 3), seed=0).to_vector().shape
            (131,)
        """
        return np.concatenate([block.ravel() for block in self])

    @classmethod
    def from_vector(cls, vector: ArrayLike, shape: NetworkShape) -> "Parameters":
        """Return the parameters for which `to_vector` gives this vector.

        Args:
            vector: (parameter_count,), of any real dtype, which is kept; it is copied.
            shape: the network's dimensions.

        Raises:
            TypeError: the vector holds no real numbers; shape is not a NetworkShape.
            ValueError: the vector has another shape.

        Examples:
            >>> import numpy as np
            >>> Parameters.from_vector(np.arange(6.0), NetworkShape(1, 1, 2)).W1
            array([[2.],
                   [3.]])
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
        """Return JSON text: lists under W0, b0, W1 and b1, the shape, the dtype; no bit is lost.

        Raises:
            TypeError, ValueError: the blocks are not of one float type, finite, and of shapes that
                fit together.
        """
        return as_json(*self)

    @classmethod
    def from_json(cls, text: str) -> "Parameters":
        """Return the parameters that `to_json` has written.

        Raises:
            TypeError, ValueError: the text is not JSON that `to_json` could have written; the
                message says which part of it.
        """
        return cls(*from_json(text))


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
    """Return random parameters: every entry, biases included, is drawn from N(0, std).

    Equal seeds give equal bits. The float32 values are the float64 values, rounded.

    Args:
        shape: the network's dimensions.
        seed: an integer of at least 0.
        std: standard deviation, greater than 0 and finite.
        dtype: float64 or float32.

    Returns:
        W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H) and b1 (N_O,), as section 1 of `derivation.md` has
        them.

    Raises:
        TypeError: shape is not a NetworkShape; seed is not an integer; std is not a number; dtype
            is not float64 or float32.
        ValueError: seed is negative; std is not greater than 0, or not finite.

    Examples:
        >>> p = initialize(NetworkShape(inputs=4, hidden=16, outputs=3), seed=0)
        >>> p.W0.shape, p.b1.dtype
        ((16, 4), dtype('float64'))
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
