"""Sets that an array of parameters may live in, recognised by its values.

Each has a way to another member, and the part of a gradient across it: what no move inside the set
can tell. A set that holds every multiple of a member needs no way of its own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

A = NDArray[np.float64]
Random = np.random.Generator

MEMBER = 64.0
"""The largest error of a member, in units of roundoff: what normalising and orthogonalising leave.
Chosen."""

FAR = 0.2
"""How far the other member is, relative to typical entries. Chosen."""


class KnownSet(NamedTuple):
    """A set of arrays."""

    said: str
    """A member, as the end of a sentence: "x is ..."."""
    holds: Callable[[A, float], bool]
    """True for members, given the allowed error."""
    across: Callable[[A, A], A]
    """Of a member and an array, the part of the array that is normal to the set there."""
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


def _is_square(values: NDArray[Any]) -> bool:
    return values.ndim == 2 and values.shape[0] == values.shape[1] > 1


def _ones(found: A, error: float) -> bool:
    return bool((np.abs(found - 1) <= error).all())


def _unit(axis: int | None) -> Callable[[A, float], bool]:
    """Lengths along an axis, or of everything, are one."""

    def holds(x: A, error: float) -> bool:
        if axis is not None and (x.ndim != 2 or x.shape[axis] < 2):
            return False
        return _ones((x * x).sum(axis=axis), error)

    return holds


def _along_lengths(axis: int | None) -> Callable[[A, A], A]:
    return lambda x, v: x * (x * v).sum(axis=axis, keepdims=True)


def _other_lengths(axis: int | None) -> Callable[[A, Random], A]:
    def other(x: A, random: Random) -> A:
        moved = _elsewhere(x, random)
        return moved / np.sqrt((moved * moved).sum(axis=axis, keepdims=True))

    return other


def _elsewhere(x: A, random: Random) -> A:
    """Every entry moved; of triangular matrices only those that are not zero."""
    keep = _is_lower(x, 0.0) or _is_upper(x, 0.0)
    size: A = np.abs(x) if keep else np.full(x.shape, np.sqrt(np.mean(x * x)))
    shape: tuple[int, ...] = x.shape
    by: A = FAR * size * random.uniform(-1, 1, shape)
    moved: A = x + by
    return (moved + moved.T) / 2 if _is_square(x) and np.array_equal(x, x.T) else moved


def _probabilities(axis: int | None) -> Callable[[A, float], bool]:
    def holds(x: A, error: float) -> bool:
        if axis is not None and (x.ndim != 2 or x.shape[axis] < 2):
            return False
        return bool((x >= 0).all()) and _ones(x.sum(axis=axis), error)

    return holds


def _mean_along(axis: int | None) -> Callable[[A, A], A]:
    return lambda _x, v: np.broadcast_to(v.mean(axis=axis, keepdims=True), v.shape)


def _mixed(axis: int | None) -> Callable[[A, Random], A]:
    def other(x: A, random: Random) -> A:
        weights = random.uniform(0.5, 1.5, x.shape)
        return (1 - FAR) * x + FAR * weights / weights.sum(axis=axis, keepdims=True)

    return other


def _orthonormal(x: A, error: float) -> bool:
    if x.ndim != 2 or min(x.shape) < 2:
        return False
    tall = x if x.shape[0] >= x.shape[1] else x.T
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


def _symmetric_part(v: A) -> A:
    return (v + v.T) / 2


def _is_lower(x: A, _error: float) -> bool:
    return _is_square(x) and not np.triu(x, 1).any()


def _is_upper(x: A, _error: float) -> bool:
    return _is_square(x) and not np.tril(x, -1).any()


def _has_unit_diagonal(x: A, error: float) -> bool:
    special = _is_lower(x, 0) or _is_upper(x, 0) or (_is_square(x) and np.array_equal(x, x.T))
    return special and _ones(np.diagonal(x), error)


def _with_smaller_rest(x: A, random: Random) -> A:
    """Nearer to the identity: a correlation matrix remains one."""
    diagonal = np.diag(np.diagonal(x))
    return diagonal + (1 - FAR * random.uniform(0.5, 1)) * (x - diagonal)


def _diagonal_of(_x: A, v: A) -> A:
    return np.diag(np.diagonal(v))


def _off_diagonal(_x: A, v: A) -> A:
    return v - np.diag(np.diagonal(v))


def _is_diagonal(x: A, error: float) -> bool:
    return _is_lower(x, error) and _is_upper(x, error)


def _above(_x: A, v: A) -> A:
    return np.triu(v, 1)


def _below(_x: A, v: A) -> A:
    return np.tril(v, -1)


def _is_skew(x: A, _error: float) -> bool:
    return _is_square(x) and np.array_equal(x, -x.T)


def _symmetric_part_of(_x: A, v: A) -> A:
    return _symmetric_part(v)


SETS: tuple[KnownSet, ...] = (
    KnownSet("orthonormal", _orthonormal, _across_orthonormal, _rotated),
    KnownSet("with ones on its diagonal", _has_unit_diagonal, _diagonal_of, _with_smaller_rest),
    *(
        KnownSet(said, _unit(axis), _along_lengths(axis), _other_lengths(axis))
        for said, axis in (("rows of length one", 1), ("columns of length one", 0))
    ),
    *(
        KnownSet(said, _probabilities(axis), _mean_along(axis), _mixed(axis))
        for said, axis in (
            ("rows that sum to one", 1),
            ("columns that sum to one", 0),
            ("a distribution, which sums to one", None),
        )
    ),
    KnownSet("of length one", _unit(None), _along_lengths(None), _other_lengths(None)),
    KnownSet("diagonal", _is_diagonal, _off_diagonal),
    KnownSet("lower triangular", _is_lower, _above),
    KnownSet("upper triangular", _is_upper, _below),
    KnownSet("skew-symmetric", _is_skew, _symmetric_part_of),
)
"""The most special first. Symmetric matrices have a rule of their own."""
