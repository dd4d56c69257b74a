"""Sets that an array of parameters may live in, recognised by its values.

Each has a way to another member, and the part of a gradient across it: what no move inside the set
can tell. A set that holds every multiple of a member needs no way of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

A = NDArray[np.float64]
Random = np.random.Generator

MEMBER = 64.0
"""The largest error of a member, in units of roundoff: what normalising and orthogonalising leave.
Chosen."""

FAR = 0.2
"""How far the other member is, relative to typical entries. Chosen."""


@dataclass(frozen=True)
class KnownSet:
    """A set of arrays."""

    said: str
    """A member, as the end of a sentence: "x is ..."."""
    holds: Callable[[A, float], bool]
    """True for members, given the allowed error."""
    across: Callable[[A, A], A]
    """For a member and an array, the part of the array that is normal to the set there."""
    other: Callable[[A, Random], A] | None = None
    """Another member; None where multiples of a member are."""


def sets_of(values: NDArray[Any], unit: float) -> tuple[KnownSet, ...]:
    """The sets that an array is a member of, the most special first.

    Args:
        values: of a parameter.
        unit: the unit roundoff of its format.
    """
    if values.dtype.kind != "f" or values.size < 2 or values.ndim > 2 or not values.any():
        return ()
    wide = values.astype(np.float64)
    return tuple(one for one in SETS if one.holds(wide, MEMBER * unit))


def is_symmetric(values: NDArray[Any]) -> bool:
    """True for a square matrix that is larger than one number, its own transpose, and not zero."""
    return _is_square(values) and np.array_equal(values, values.T) and bool(values.any())


def _of_length_one(said: str, axis: int | None) -> KnownSet:
    """The arrays whose rows or columns, or which as a whole, have length one."""

    def other(x: A, random: Random) -> A:
        moved = _elsewhere(x, random)
        return moved / np.sqrt((moved * moved).sum(axis=axis, keepdims=True))

    return KnownSet(
        said,
        lambda x, error: _has_lines(x, axis) and _ones((x * x).sum(axis=axis), error),
        lambda x, v: x * (x * v).sum(axis=axis, keepdims=True),
        other,
    )


def _of_probabilities(said: str, axis: int | None) -> KnownSet:
    """The arrays whose rows or columns, or which as a whole, are distributions."""

    def holds(x: A, error: float) -> bool:
        return _has_lines(x, axis) and bool((x >= 0).all()) and _ones(x.sum(axis=axis), error)

    def other(x: A, random: Random) -> A:
        weights = random.uniform(0.5, 1.5, x.shape)
        return (1 - FAR) * x + FAR * weights / weights.sum(axis=axis, keepdims=True)

    return KnownSet(
        said, holds, lambda _x, v: np.broadcast_to(v.mean(axis=axis, keepdims=True), v.shape), other
    )


def _of_squares(said: str, across: Callable[[A], A]) -> KnownSet:
    """The square matrices in which a part, of any matrix, is zero."""
    return KnownSet(
        said,
        lambda x, _error: _is_square(x) and not across(x).any(),
        lambda _x, v: across(v),
    )


def _is_square(values: NDArray[Any]) -> bool:
    return values.ndim == 2 and values.shape[0] == values.shape[1] > 1


def _is_triangular(x: A) -> bool:
    return _is_square(x) and not (np.triu(x, 1).any() and np.tril(x, -1).any())


def _has_lines(x: A, axis: int | None) -> bool:
    """True for a matrix whose rows, or columns, have several entries; None is the whole array."""
    return axis is None or (x.ndim == 2 and x.shape[axis] > 1)


def _ones(found: A, error: float) -> bool:
    return bool((np.abs(found - 1) <= error).all())


def _elsewhere(x: A, random: Random) -> A:
    """Every entry moved; of triangular matrices only those that are not zero."""
    size: A = np.abs(x) if _is_triangular(x) else np.full(x.shape, np.sqrt(np.mean(x * x)))
    shape: tuple[int, ...] = x.shape
    by: A = FAR * size * random.uniform(-1, 1, shape)
    moved: A = x + by
    return _symmetric_part(moved) if is_symmetric(x) else moved


def _is_orthonormal(x: A, error: float) -> bool:
    if x.ndim != 2 or min(x.shape) < 2:
        return False
    tall = x if x.shape[0] >= x.shape[1] else x.T
    if not _ones(np.einsum("ij,ij->j", tall, tall), error):
        return False  # a matrix product would cost more than the gradient
    return bool((np.abs(tall.T @ tall - np.eye(tall.shape[1])) <= error).all())


def _across_orthonormal(x: A, v: A) -> A:
    if x.shape[0] < x.shape[1]:
        return _across_orthonormal(x.T, v.T).T
    return x @ _symmetric_part(x.T @ v)


def _rotated(x: A, random: Random) -> A:
    """Turned by Cayley's rotation, which keeps the sign of a determinant."""
    if x.shape[0] < x.shape[1]:
        return _rotated(x.T, random).T
    n = len(x)
    free: A = FAR * random.uniform(-1, 1, (n, n)) / np.sqrt(n)
    skew: A = free - free.T
    return np.linalg.solve(np.eye(n) - skew, np.eye(n) + skew) @ x


def _has_unit_diagonal(x: A, error: float) -> bool:
    return (_is_triangular(x) or is_symmetric(x)) and _ones(np.diagonal(x), error)


def _with_smaller_rest(x: A, random: Random) -> A:
    """Nearer to the identity: a correlation matrix remains one."""
    diagonal = _diagonal(x)
    return diagonal + (1 - FAR * random.uniform(0.5, 1)) * (x - diagonal)


def _diagonal(v: A) -> A:
    return np.diag(np.diagonal(v))


def _symmetric_part(v: A) -> A:
    return (v + v.T) / 2


SETS: tuple[KnownSet, ...] = (
    KnownSet("orthonormal", _is_orthonormal, _across_orthonormal, _rotated),
    KnownSet(
        "with ones on its diagonal",
        _has_unit_diagonal,
        lambda _x, v: _diagonal(v),
        _with_smaller_rest,
    ),
    _of_length_one("rows of length one", 1),
    _of_length_one("columns of length one", 0),
    _of_probabilities("rows that sum to one", 1),
    _of_probabilities("columns that sum to one", 0),
    _of_probabilities("a distribution, which sums to one", None),
    _of_length_one("of length one", None),
    _of_squares("diagonal", lambda v: np.triu(v, 1) + np.tril(v, -1)),
    _of_squares("lower triangular", lambda v: np.triu(v, 1)),
    _of_squares("upper triangular", lambda v: np.tril(v, -1)),
    _of_squares("skew-symmetric", _symmetric_part),
)
"""The most special first. Symmetric matrices have a rule of their own."""
