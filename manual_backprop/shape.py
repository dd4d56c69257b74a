"""The network's dimensions, and the checks that four arrays fit together as its parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from manual_backprop.arguments import (
    FLOAT_TYPES,
    Array,
    as_array,
    require_axes,
    require_finite_entries,
    require_float_type,
    require_integer,
    require_same_type,
)

NAMES = ("W0", "b0", "W1", "b1")
AXES = ("(N_H, N_I)", "(N_H,)", "(N_O, N_H)", "(N_O,)")

Blocks = tuple[Array, Array, Array, Array]
"""W0, b0, W1 and b1."""


@dataclass(frozen=True)
class NetworkShape:
    """The number of inputs (N_I), hidden units (N_H) and outputs (N_O) of a network.

    Raises:
        TypeError: a dimension is not an integer.
        ValueError: a dimension is less than 1.

    Source: section 1 of `derivation.md`.

    Examples:
        >>> shape = NetworkShape(inputs=4, hidden=16, outputs=3)
        >>> shape.parameter_count
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


def block_shapes(shape: NetworkShape) -> tuple[tuple[int, ...], ...]:
    """Return the array shapes of W0, b0, W1 and b1."""
    inputs, hidden, outputs = shape.inputs, shape.hidden, shape.outputs
    return (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)


def checked_blocks(*blocks: ArrayLike) -> Blocks:
    """Return W0, b0, W1, b1 as arrays of one float type, finite, with shapes that fit together."""
    found = fitting_blocks(*blocks)
    require_finite_blocks(found)
    return found


def require_finite_blocks(blocks: Blocks) -> None:
    """Raise ValueError that names the first entry of a block that is not finite."""
    for name, block in zip(NAMES, blocks, strict=True):
        require_finite_entries(name, block)


def fitting_blocks(*blocks: ArrayLike) -> Blocks:
    """Return what `checked_blocks` returns, without the check that every entry is finite."""
    W0, b0, W1, b1 = arrays = tuple(map(as_array, NAMES, blocks))
    for name, block, axes in zip(NAMES, arrays, AXES, strict=True):
        require_float_type(f"the dtype of {name}", block.dtype)
        require_same_type(name, block, "W0", W0)
        require_axes(name, block, axes)
    for name, block, axis, needed, source in (
        ("b0", b0, 0, len(W0), "W0 has N_H"),
        ("W1", W1, 1, len(W0), "W0 has N_H"),
        ("b1", b1, 0, len(W1), "W1 has N_O"),
    ):
        if block.shape[axis] != needed:
            raise ValueError(
                f"{name} has shape {block.shape}; it needs {needed}"
                f" {'columns' if axis else 'entries'}, because {source} = {needed} rows"
            )
    return W0, b0, W1, b1


def are_fitting(W0: Any, b0: Any, W1: Any, b1: Any) -> bool:
    """Return True only if the four fit together: a fast test for the common case."""
    return (
        type(W0) is type(b0) is type(W1) is type(b1) is np.ndarray
        and W0.dtype in FLOAT_TYPES
        and b0.dtype == W1.dtype == b1.dtype == W0.dtype
        and W0.ndim == W1.ndim == 2
        and W0.size * W1.size > 0
        and b0.shape == W0.shape[:1] == W1.shape[1:]
        and b1.shape == W1.shape[:1]
    )
