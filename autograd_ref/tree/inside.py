"""Other parameters in the sets that the given ones are in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import as_array, like, typical
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt
from autograd_ref.tree.number_format import of_leaf
from autograd_ref.tree.point import SHRINK, SMALL, Point, own_copy, with_other_parameters
from autograd_ref.tree.sets import FAR, KnownSet, sets_of


def special_sets(point: Point) -> dict[str, str]:
    """The sets that multiples of the parameters would leave, by the names of the parameters."""
    found: dict[str, str] = {}
    for path, leaf in leaves(point.parameters).items():
        special = [one.said for one in _sets_of(leaf) if one.other is not None]
        if special:
            found[name_of(path, root="parameters")] = special[0]
    return found


def inside_sets(point: Point, seed: int) -> Point | None:
    """Other parameters in the same sets; None where multiples do, or one matrix is the identity.

    The identity lies in most of these sets at once, and so tells none of them.
    """
    if not special_sets(point):
        return None
    if any(_is_identity(as_array(leaf)) for leaf in leaves(point.parameters).values()):
        return None
    random = np.random.default_rng(seed)
    smaller = leaves(with_other_parameters(point, seed).parameters)

    def move(path: Path, leaf: object) -> object:
        ways = [one.other for one in _sets_of(leaf) if one.other is not None]
        if not ways:
            return smaller[path]
        values = as_array(leaf)
        return like(leaf, ways[0](values.astype(np.float64), random).astype(values.dtype))

    return Point(rebuilt(point.parameters, move), own_copy(point).data)


def unevenly_smaller(point: Point, seed: int) -> Point:
    """Other parameters, every entry smaller by a factor of its own, in the sets that they are in.

    Where a loss does not depend on the size of its parameters, multiples of them tell nothing.
    """
    random = np.random.default_rng(seed)
    inside = leaves((inside_sets(point, seed) or with_other_parameters(point, seed)).parameters)

    def move(path: Path, leaf: object) -> object:
        values = as_array(leaf)
        kept = any(one.other is not None for one in _sets_of(leaf)) or not values.any()
        if kept or values.dtype.kind != "f":
            return inside[path]
        shape: tuple[int, ...] = values.shape
        factors: NDArray[np.float64] = random.uniform(*SHRINK, shape)
        if values.ndim == 2 and np.array_equal(values, values.T):
            factors = np.maximum(factors, factors.T)
        moved = values.astype(np.float64) * factors
        if values.ndim == 1:  # the zeros of a matrix may be what it is made to be
            zeros = SMALL * typical(values) * (1 - factors)
            moved = np.where(values == 0, zeros, moved)
        return like(leaf, np.asarray(moved).astype(values.dtype))

    return Point(rebuilt(point.parameters, move), own_copy(point).data)


def entry_by_entry(point: Point, seed: int) -> Point:
    """Other parameters, every entry moved by itself: nothing is left but what they are made to be.

    For parameters that are brought back to a set afterwards.
    """
    random = np.random.default_rng(seed)

    def move(_path: Path, leaf: object) -> object:
        values = as_array(leaf)
        if values.dtype.kind != "f":
            return like(leaf, values.copy())
        wide: NDArray[np.float64] = values.astype(np.float64)
        shape: tuple[int, ...] = wide.shape
        sizes = np.where(wide == 0, typical(wide), wide)
        moved = wide + FAR * sizes * random.uniform(-1, 1, shape)
        return like(leaf, np.asarray(moved).astype(values.dtype))

    return Point(rebuilt(point.parameters, move), own_copy(point).data)


def _sets_of(leaf: object) -> tuple[KnownSet, ...]:
    return sets_of(as_array(leaf), of_leaf(leaf).unit)


def _is_identity(values: NDArray[Any]) -> bool:
    return values.ndim == 2 and values.size > 1 and np.array_equal(values, np.eye(*values.shape))
