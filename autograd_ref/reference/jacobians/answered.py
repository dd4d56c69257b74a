"""A Jacobian as a function under test returns it, in the form of the copies of its parameters."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from autograd_ref.reference.jacobians.complex_blocks import in_parts, of_whole
from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.tree.leaf import as_array, as_numbers, is_array_like
from autograd_ref.tree.nest import leaves, rebuilt

Jacobian = Callable[..., Any]
"""The function under test: jacobian(x, *data)."""


class Rows(NamedTuple):
    """A Jacobian as a function of the copies of its parameters, a row of each."""

    jacobian: Jacobian
    copies: Copies

    def __call__(self, parameters: Any, *data: Any) -> Any:
        """Call it once for all outputs that share their parameters."""
        groups = [*self.copies.shared(parameters)]
        answers = [self._parts(self.jacobian(x, *data)) for x, _outputs in groups]
        if len(answers) == 1:
            return answers[0]
        shapes = {path: as_array(leaf).shape for path, leaf in leaves(parameters).items()}
        rows = {path: np.full(shape, np.nan) for path, shape in shapes.items()}
        for answer, (_x, outputs) in zip(answers, groups, strict=True):
            found = leaves(answer)
            for output, index in outputs:
                for p in leaves(self.copies.x):
                    path = (*output, *p)
                    block = as_array(found.get(path, np.nan))
                    fits = block.shape == shapes[path]
                    rows[path][index] = block[index] if fits else np.nan
        return rebuilt(parameters, lambda path, _leaf: rows[path])

    def _parts(self, result: Any) -> Any:
        """The blocks of a Jacobian, of the parts of complex numbers where it has some."""
        whole = of_whole(self.copies)
        if whole is not None:
            result = in_parts(Rows(self.jacobian, whole)._read(result), whole, self.copies)
        return self._read(result)

    def _read(self, result: Any) -> Any:
        """The blocks of a Jacobian; one that is a matrix has the shape of its block."""
        if self._is_after_values(result):
            result = result[1]
        blocks = self.copies.paths()
        if len(blocks) == 1:
            (path,) = blocks
            result = as_numbers(result)
            if path and result is not None and not _has(result, path[0]):
                result = {path[0]: result}

        def read(path: Any, leaf: Any) -> Any:
            leaf = _dense(leaf)
            if path not in blocks or not is_array_like(leaf):
                return leaf
            shape, found = self.copies.shape(path), tuple(np.shape(leaf))
            is_matrix = found == self.copies.form(path) != shape
            return leaf.reshape(shape) if is_matrix else leaf

        return rebuilt(result, read)

    def _is_after_values(self, result: Any) -> bool:
        """True for (values, Jacobian)."""
        pair = cast("tuple[Any, ...]", result)
        if not isinstance(result, tuple) or len(pair) != 2:
            return False
        values, outputs, second = map(_shapes, (pair[0], self.copies.outputs, pair[1]))
        return values == outputs and all(len(shape) > 1 for shape in second)


def _shapes(nest: Any) -> list[tuple[int, ...]]:
    return [np.shape(leaf) for leaf in leaves(nest).values()]


def _has(result: Any, key: Any) -> bool:
    return isinstance(result, dict) and key in result


def _dense(leaf: Any) -> Any:
    """A sparse matrix and a linear operator of SciPy's as an array; anything else as it is."""
    if hasattr(leaf, "toarray"):
        return leaf.toarray()
    if hasattr(leaf, "matvec") and hasattr(leaf, "shape"):
        # vector by vector, as SciPy's solvers do: its function may take nothing else
        return np.stack([leaf.matvec(column) for column in np.eye(leaf.shape[1])], axis=1)
    return leaf
