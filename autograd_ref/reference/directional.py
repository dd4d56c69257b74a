"""A loss along a straight line through its parameters."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import as_array, in_float64, is_numeric, typical
from autograd_ref.tree.nest import Path, rebuilt
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import UserCodeRaised


def along(
    loss: Callable[[Point], float], point: Point, direction: Results
) -> Callable[[float], float]:
    """The loss as a function of the distance; not a number where it cannot be evaluated.

    Args:
        loss: of a point.
        point: the one at distance 0; all of it is evaluated in float64.
        direction: by how much each block moves for a distance of 1; others stay.
    """

    def widen(_path: Path, leaf: object) -> object:
        if not is_numeric(leaf) or as_array(leaf).dtype.kind != "f" or isinstance(leaf, float):
            return leaf
        return in_float64(leaf, as_array(leaf).astype(np.float64))

    data = tuple(rebuilt(item, widen) for item in point.data)

    def at(distance: float) -> float:
        try:
            return loss(moved(point, direction, distance)._replace(data=data))
        except UserCodeRaised as raised:
            if isinstance(raised.error, ArithmeticError | Warning):
                return float("nan")
            raise

    return at


def moved(point: Point, direction: Results, distance: float) -> Point:
    """The point with its parameters in float64, so far along the direction."""

    def move(path: Path, leaf: object) -> object:
        values = as_array(leaf).astype(np.float64)
        return in_float64(leaf, values + distance * direction.get(path, 0.0))

    return point._replace(parameters=rebuilt(point.parameters, move))


def each_by_itself(leaf: object, random: np.random.Generator) -> NDArray[np.float64]:
    """A direction in which every entry moves by its own size, up or down.

    A symmetric matrix remains symmetric; zeros move by what is typical of the others.
    """
    return in_proportion(leaf, random.choice([-1.0, 1.0], as_array(leaf).shape))


def in_proportion(leaf: object, parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """A direction in which every entry moves by such a part of its own size, likewise."""
    values = as_array(leaf)
    sizes = np.abs(values.astype(np.float64))
    by = np.where(sizes > 0, sizes, typical(values)) * parts
    square = values.ndim == 2 and values.shape[0] == values.shape[1]
    if square and np.array_equal(values, values.T):
        lower = np.tril(np.where(by == 0, by.T, by))  # an entry, or its mirror image
        return lower + np.tril(lower, -1).T
    return by
