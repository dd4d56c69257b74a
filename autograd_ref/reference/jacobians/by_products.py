"""A Jacobian read off its products: jvp(x, v, *data) is J v, and vjp(x, u, *data) is u J.

There is one product for every entry of v or u, whose size is a power of two of either sign, and one
with three times all of these at once: what is not linear shows in it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.jacobians.copied_inputs import Copies, Index
from autograd_ref.tree.leaf import as_array, copied, is_tensor, like
from autograd_ref.tree.nest import ROOT, Path, leaves, nested, rebuilt, with_vectors

A = NDArray[Any]
Product = Callable[..., Any]

LINEAR = 1e-3
"""The part by which the product of a sum may differ from the sum of the products. Chosen: products
by differences of functions are linear to 1e-6."""

SIZES = (1.0, -2.0, 0.5, -1.0, 2.0, -0.5)
"""Entries of v and u, in turn: numbers are multiplied by them without rounding."""


TIMES = 3.0
"""The product of all entries at once has so many times each."""


class ByProducts:
    """A Jacobian as a function, by one of its products.

    Args:
        product: jvp or vjp.
        copies: the form of the Jacobian.
        forward: True for jvp, whose products are columns.
        root: the path that the only output of a function is given.

    Attributes:
        is_linear: False once a product of a sum was not the sum of the products.
    """

    def __init__(self, product: Product, copies: Copies, *, forward: bool, root: Path) -> None:
        self._product, self._copies, self._forward = product, copies, forward
        only = list(leaves(copies.x)) == [ROOT] and list(leaves(copies.outputs)) == [root]
        self._root = root if only else ROOT
        self.is_linear = True

    def __call__(self, x: Any, *data: Any) -> Any:
        """Return the blocks; or the first product, where that has another form."""
        both = leaves(self._copies.x), leaves(self._copies.outputs)
        ways, others = both if self._forward else both[::-1]
        form = {path: as_array(leaf).shape for path, leaf in others.items()}
        blocks = {p: np.zeros(self._copies.shape(p)) for p in self._copies.paths()}
        total = {path: np.zeros(shape) for path, shape in form.items()}
        for path, index, size in _entries(ways):
            product = self._of(x, data, {path: [(index, size)]})
            if {other: values.shape for other, values in product.items()} != form:
                return nested(product)
            for other, values in product.items():
                total[other] += values
                if self._forward:
                    blocks[*other, *path][(..., *index)] = values / size
                else:
                    blocks[*path, *other][index] = values / size
        self._compare(total, self._of(x, data, _together(ways)))
        return nested(blocks)

    def _compare(self, total: Mapping[Path, A], at_once: Mapping[Path, A]) -> None:
        for path, values in total.items():
            off = np.abs(at_once[path] - TIMES * values)
            largest = TIMES * np.abs(values).max(initial=0.0)
            self.is_linear &= bool((off <= LINEAR * largest).all())

    def _of(self, x: Any, data: Any, entries: Mapping[Path, Any]) -> dict[Path, A]:
        """One product, by its leaves."""
        root = self._root
        tensors = any(map(is_tensor, leaves(x).values()))

        def filled(path: Path, leaf: Any) -> Any:
            array = as_array(leaf)
            values = np.zeros(array.shape, array.dtype if array.dtype.kind == "f" else float)
            for index, size in entries.get(path, ()):
                values[index] = size
            return _tensor(values) if tensors and not is_tensor(leaf) else like(leaf, values)

        way = rebuilt(x if self._forward else self._copies.outputs, filled)
        if not self._forward and root:
            way = leaves(way)[root]
        result = self._product(rebuilt(x, lambda _path, leaf: copied(leaf)), way, *data)
        found = {path: as_array(leaf) for path, leaf in leaves(with_vectors(result)).items()}
        if self._forward and root and list(found) == [ROOT]:
            return {root: found[ROOT]}
        return found


def _entries(ways: Mapping[Path, Any]) -> Iterator[tuple[Path, Index, float]]:
    number = 0
    for path, leaf in ways.items():
        for index in np.ndindex(as_array(leaf).shape):
            yield path, index, SIZES[number % len(SIZES)]
            number += 1


def _together(ways: Mapping[Path, Any]) -> dict[Path, list[tuple[Index, float]]]:
    found: dict[Path, list[tuple[Index, float]]] = {}
    for path, index, size in _entries(ways):
        found.setdefault(path, []).append((index, TIMES * size))
    return found


def _tensor(values: A) -> Any:
    import torch  # loaded already, or there would be no tensor

    return torch.from_numpy(values)
