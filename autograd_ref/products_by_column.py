"""Products with a Hessian as a function under test returns them, and the matrix of all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_ref.calls.answer import understood
from autograd_ref.reference.jacobians.answered import Jacobian
from autograd_ref.tree.leaf import as_array, copied, like
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.user_code import user_code

Product = Callable[..., object]
"""The function under test: hvp(x, v, *data) -> H v, of the form of x."""


def product_of(hvp: Product, x: Any, way: Any, data: tuple[Any, ...]) -> dict[Path, Any]:
    """The product with a direction, which is copied, by the paths of the parameters."""
    with user_code():
        result = hvp(x, rebuilt(way, lambda _path, leaf: copied(leaf)), *data)
    return dict(understood(result, leaves(x)).gradients)


def matrix_of(hvp: Product) -> Jacobian:
    """The matrix whose columns are the products with unit vectors."""

    def hessian(x: Any, *data: Any) -> object:
        arrays = {path: as_array(leaf) for path, leaf in leaves(x).items()}

        def block(row: Path, path: Path) -> Any:
            return np.full((*arrays[row].shape, *arrays[path].shape), np.nan)

        blocks = {(row, path): block(row, path) for row in arrays for path in arrays}
        for path, array in arrays.items():
            for index in np.ndindex(array.shape):
                for row, part in product_of(hvp, x, _unit(x, path, index), data).items():
                    if part.shape == arrays[row].shape:
                        blocks[row, path][(..., *index)] = part
        return rebuilt(x, lambda row, _: rebuilt(x, lambda path, _: blocks[row, path]))

    return hessian


def _unit(x: Any, path: Path, index: tuple[int, ...]) -> Any:
    """A direction of the form of x that is 1 at one entry and 0 elsewhere."""

    def entries(at: Path, leaf: Any) -> object:
        found = np.zeros(as_array(leaf).shape)
        if at == path:
            found[index] = 1.0
        return like(leaf, found)

    return rebuilt(x, entries)
