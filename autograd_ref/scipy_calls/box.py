"""Bounds: the box in which functions may be called, and other points in it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import as_array

A = NDArray[np.float64]


class Box(NamedTuple):
    """The bounds of every number in x."""

    lower: A
    upper: A

    def holds(self, x: object) -> bool:
        """True inside and at the bounds. A number whose bounds are equal may be anything."""
        values, free = as_array(x), self.lower < self.upper
        return bool((((self.lower <= values) & (values <= self.upper)) | ~free).all())

    def moved_inside(self, x: A, other: A) -> A:
        """Other numbers, those outside mirrored at x, where they go half of the way at most.

        Args:
            x: inside.
            other: anywhere.

        >>> Box(np.array([0.0, 1.0]), np.array([np.inf, 4.0])).moved_inside(
        ...     np.array([0.0, 2.0]), np.array([-0.5, 7.0])
        ... ).tolist()
        [0.5, 1.5]
        """
        outside = (other < self.lower) | (other > self.upper)
        half = np.clip(2 * x - other, (x + self.lower) / 2, (x + self.upper) / 2)
        return np.where(outside, half, other)


def box_of(bounds: Any, x: A, name: str, *, ends: bool | None) -> Box | None:
    """The bounds in any form that SciPy takes; None where there are none.

    Args:
        bounds: a Bounds object; pairs, with None for no bound; or the two ends.
        x: the numbers that they are the bounds of.
        name: of x.
        ends: True for (lower, upper), as least_squares takes them; False for a pair for each, as
            minimize does; None where it may be either.

    Raises:
        ValueError: they do not fit x, or x is outside.
    """
    if bounds is None:
        return None
    if hasattr(bounds, "lb"):
        both: list[Any] = [bounds.lb, bounds.ub]
    else:
        both = [*bounds]
        if not both:  # as fmin_slsqp has it
            return None
        if not (_is_of_ends(bounds) if ends is None else ends):
            both = _ends_of_pairs(both, x.size, name)
    if len(both) != 2:
        raise ValueError(f"bounds has {len(both)} items; it needs to be (lower, upper)")
    try:
        found = Box(*(np.broadcast_to(np.asarray(end, np.float64), x.shape) for end in both))
    except ValueError as error:
        raise ValueError(f"bounds do not fit the {x.size} numbers in {name}: {error}") from None
    if not (np.isfinite(found.lower) | np.isfinite(found.upper)).any():
        return None
    outside = np.flatnonzero((x < found.lower) | (x > found.upper))
    if outside.size:
        i = int(outside[0])
        raise ValueError(
            f"{name}[{i}] is {x[i]:.6g}, outside of its bounds {found.lower[i]:.6g} and"
            f" {found.upper[i]:.6g}; it needs to be inside (SciPy clips it, or refuses it)"
        )
    return found


def _is_of_ends(bounds: object) -> bool:
    """True for a tuple of two ends: pairs are tuples, or lists in a list."""
    if not isinstance(bounds, tuple):
        return False
    return not any(isinstance(one, tuple) for one in cast("tuple[object, ...]", bounds))


def _ends_of_pairs(pairs: list[Any], size: int, name: str) -> list[A]:
    if len(pairs) != size or any(np.shape(pair) != (2,) for pair in pairs):
        raise ValueError(
            f"bounds has {len(pairs)} items; it needs to have a pair (lower, upper) for each of the"
            f" {size} numbers in {name}"
        )
    lower, upper = np.array(pairs, dtype=np.float64).T  # None becomes nan
    return [np.where(np.isnan(lower), -np.inf, lower), np.where(np.isnan(upper), np.inf, upper)]


def called_inside(
    function: Callable[..., Any], box: Box | None, shape: tuple[int, ...]
) -> Callable[..., Any]:
    """The function, which is not called outside of the bounds: there it is not a number.

    Args:
        function: of x and data.
        box: the bounds.
        shape: of what it returns.
    """
    if box is None:
        return function

    @wraps(function)
    def inside(x: Any, *data: Any) -> Any:
        return function(x, *data) if box.holds(x) else np.full(shape, np.nan)

    return inside
