"""A Jacobian is the gradient of the sum of all outputs, if each has parameters of its own.

With one copy of x for every output, the derivative of their sum by the copy of an output is the row
of the Jacobian that belongs to it. So whatever is true of gradients is true of Jacobians: what is
judged has the place of the copies, and their shape.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import as_array, in_class_of, is_tensor, like
from autograd_ref.tree.nest import Path, leaves, rebuilt

Index = tuple[int, ...]
Output = tuple[Path, Index]
"""One number among the outputs: its array, and its place in it."""


class Copies(NamedTuple):
    """The form of parameters that are copied for every output."""

    x: Any
    """The parameters, a nest of arrays."""
    outputs: Any
    """The outputs of the function, a nest of arrays."""

    def of(self, x: Any) -> Any:
        """A copy of x for every output: arrays of the output's shape and the parameter's."""

        def for_output(_path: Path, output: Any) -> Any:
            return rebuilt(x, lambda _p, leaf: _repeated(leaf, as_array(output).shape))

        return rebuilt(self.outputs, for_output)

    def parts(self, path: Path) -> tuple[Path, Path]:
        """The output and the parameter that a block of the Jacobian belongs to."""
        output = next(of for of in leaves(self.outputs) if of == path[: len(of)])
        return output, path[len(output) :]

    def shape(self, path: Path) -> tuple[int, ...]:
        """The shape of a block: that of the output and of the parameter."""
        output, parameter = self.parts(path)
        shapes = leaves(self.outputs)[output], leaves(self.x)[parameter]
        return tuple(n for leaf in shapes for n in as_array(leaf).shape)

    def paths(self) -> list[Path]:
        """The blocks: one for every output and parameter."""
        return [(*output, *p) for output in leaves(self.outputs) for p in leaves(self.x)]

    def form(self, path: Path) -> tuple[int, int]:
        """The number of rows and of columns of a block."""
        output, parameter = self.parts(path)
        rows, columns = leaves(self.outputs)[output], leaves(self.x)[parameter]
        return as_array(rows).size, as_array(columns).size

    def matrix(self, path: Path, block: NDArray[Any]) -> NDArray[Any]:
        """A block with a row for every number of the output, a column for every parameter's."""
        return block.reshape(self.form(path))

    def whole(self, blocks: Mapping[Path, NDArray[Any]]) -> NDArray[Any]:
        """All blocks as one matrix."""
        inside = list(leaves(self.x))
        return np.block(
            [
                [self.matrix((*output, *p), blocks[*output, *p]) for p in inside]
                for output in leaves(self.outputs)
            ]
        )

    def all(self) -> Iterator[Output]:
        """Every output."""
        for path, output in leaves(self.outputs).items():
            for index in np.ndindex(as_array(output).shape):
                yield path, index

    def shared(self, copies: Any) -> Iterator[tuple[Any, list[Output]]]:
        """The parameters that some outputs have in common, with these outputs.

        They are views of the first of their copies.
        """
        found, inside = leaves(copies), list(leaves(self.x))
        groups: dict[bytes, list[Output]] = {}
        for path, output in leaves(self.outputs).items():
            shape = as_array(output).shape
            rows = [as_array(found[*path, *p]) for p in inside]
            for index in np.ndindex(shape):
                key = b"".join(row[index].tobytes() for row in rows)
                groups.setdefault(key, []).append((path, index))
        for outputs in groups.values():
            yield self.copy_of(copies, outputs[0]), outputs

    def first(self, copies: Any) -> Any:
        """The parameters of the first output."""
        return self.copy_of(copies, next(self.all()))

    def copy_of(self, copies: Any, output: Output) -> Any:
        """The parameters of one output."""
        path, index = output
        found = leaves(copies)
        return rebuilt(self.x, lambda p, leaf: _view(leaf, found[*path, *p][(*index, ...)]))


def _repeated(leaf: Any, shape: tuple[int, ...]) -> Any:
    """Copies in an array, or in a tensor."""
    array = as_array(leaf)
    wide = np.broadcast_to(array, (*shape, *array.shape)).copy()
    return like(leaf, wide) if is_tensor(leaf) else wide


def _view(leaf: Any, one: Any) -> Any:
    """One of the copies of a leaf, of its type; of arrays a view."""
    if is_tensor(one):
        return one
    is_array = isinstance(leaf, np.ndarray)
    return in_class_of(cast("Any", leaf), one) if is_array else like(leaf, one)
