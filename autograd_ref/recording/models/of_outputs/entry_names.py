"""The rows and columns of a Jacobian by name: outputs and parameters, as one would type them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.report.words import listed
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, name_of

UNNAMED = {"jacobian": "output", "hessian": "x", "hvp": "x"}
"""Names for outputs that have none, by the name of their derivative."""

MOST = 6
"""Rows or columns that are listed."""

WORST = 10
"""Entries that are listed."""


class Matrix(NamedTuple):
    """One block of a Jacobian, as a matrix."""

    copies: Copies
    path: Path

    @property
    def name(self) -> str:
        """The name of the block."""
        return name_of(self.path)

    def row(self, number: Any) -> str:
        """The output that a row belongs to."""
        output, _parameter = self.copies.parts(self.path)
        name = name_of(output, root="output")
        return _entry(UNNAMED.get(name, name), leaves(self.copies.outputs)[output], number)

    def column(self, number: Any) -> str:
        """The entry of the parameters that a column belongs to."""
        _output, parameter = self.copies.parts(self.path)
        return _entry(self.column_name, leaves(self.copies.x)[parameter], number)

    @property
    def column_name(self) -> str:
        """The name of the parameter that the columns belong to."""
        return name_of(self.copies.parts(self.path)[1], root="x")

    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of the output and of the parameter."""
        output, parameter = self.copies.parts(self.path)
        leaf = leaves(self.copies.outputs)[output], leaves(self.copies.x)[parameter]
        return as_array(leaf[0]).shape, as_array(leaf[1]).shape


def those(names: Sequence[str], count: int, word: str) -> str:
    """Some rows or columns as the subject of a sentence.

    Args:
        names: of the outputs or parameters they belong to.
        count: of all rows or columns.
        word: "row" or "column".
    """
    if len(names) == count > 1:
        return f"all {word}s"
    return f"the {word}{'s' if len(names) > 1 else ''} of {listed(names, MOST)}"


def worst_entries(copies: Copies, shares: Mapping[Path, NDArray[np.float64]]) -> str:
    """The entries that are wrong by most, by name, in a sentence; empty where there is one.

    Args:
        copies: the form of the parameters.
        shares: error / tolerance of every entry, by the path of its block.
    """
    found: list[tuple[float, Matrix, int, int]] = []
    for path, block in shares.items():
        matrix = copies.matrix(path, block)
        wrong = np.argwhere(~(matrix <= 1))
        found += [(float(matrix[i, j]), Matrix(copies, path), int(i), int(j)) for i, j in wrong]
    found.sort(key=lambda entry: -entry[0])
    said = [f"{one.row(i)} by {one.column(j)} ({share:.2g})" for share, one, i, j in found[:WORST]]
    return f"The worst entries, with error / tolerance: {', '.join(said)}." if said[1:] else ""


def _entry(name: str, leaf: Any, number: Any) -> str:
    index: Iterable[Any] = np.unravel_index(int(number), as_array(leaf).shape)
    inside = ", ".join(str(int(i)) for i in index)
    return f"{name}[{inside}]" if inside else name
