"""Square Jacobians, and Hessians, of which a part is left out: all but a triangle, or the diagonal.

A triangle is filled in where code loops over j <= i and forgets the other one.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.reference.model import Hypothesis
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Results

A = NDArray[np.float64]


def squares(copies: Copies, right: Results) -> Iterator[Hypothesis]:
    """Yield the Jacobians whose square blocks have zeros outside a triangle or the diagonal."""
    square = {
        path: matrix
        for path, block in right.items()
        if len({*(matrix := copies.matrix(path, block)).shape}) == 1 < matrix.shape[0]
    }
    apart = {path: np.zeros_like(right[path]) for path in right if not _on_diagonal(copies, path)}
    for name, what, fix, part in (
        ("diagonal only", "all but the diagonal is left out", "fill in all entries", _diagonal),
        ("upper triangle only", "only the upper triangle is filled", "fill in the lower", np.triu),
        ("lower triangle only", "only the lower triangle is filled", "fill in the upper", np.tril),
    ):
        blocks = {path: part(matrix).reshape(right[path].shape) for path, matrix in square.items()}
        if blocks:
            others = apart if name == "diagonal only" else {}
            yield Hypothesis(name, what, fix, {**right, **blocks, **others}, lambda: None)
    if apart:
        what, fix = "all but the blocks on the diagonal is left out", "fill in the other blocks"
        yield Hypothesis("diagonal blocks only", what, fix, {**right, **apart}, lambda: None)


def shifted(copies: Copies, right: Results) -> Iterator[Hypothesis]:
    """Yield the Jacobians whose rows or columns are one too high or too low, with zeros beside."""
    for axis, word in enumerate(("rows", "columns")):
        for by, way in ((-1, "before"), (1, "after")):
            blocks: Results = {}
            for path, block in right.items():
                matrix = np.roll(copies.matrix(path, block), by, axis)
                np.moveaxis(matrix, axis, 0)[0 if by > 0 else -1] = 0
                blocks[path] = matrix.reshape(block.shape)
            what = f"all {word} stand one place {way} their own, and the {word[:-1]} left over is 0"
            fix = "look at the index at which they are filled in"
            yield Hypothesis(f"{word} shifted", what, fix, blocks, lambda: None)


def _on_diagonal(copies: Copies, path: Path) -> bool:
    """True but for the blocks of a Hessian by two different parameters."""
    if list(leaves(copies.outputs)) != list(leaves(copies.x)):
        return True
    output, parameter = copies.parts(path)
    return output == parameter


def _diagonal(matrix: A) -> A:
    return np.diag(np.diag(matrix))
