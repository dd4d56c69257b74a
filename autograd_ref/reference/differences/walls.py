"""Penalties outside a bound: a loss that is 1e10 there is as good as not defined."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Function = Callable[[Any], Any]

HIGH = 100.0
"""A wall is so many times higher than what changes on the other side; and higher than the loss.
Chosen: penalties are made to be far beyond every value."""

NEARER, STEEP = 64.0, 0.5
"""A jump is one of which, this many times nearer, at least this part is left: of a slope or a bend
less would be. Chosen."""


def without_walls(function: Function) -> Function:
    """The function, not a number where it jumps to a penalty on one side of 0.

    >>> inside = without_walls(lambda x: x**2 if x >= 0 else 1e10)
    >>> inside(0.5), inside(-0.5)
    (0.25, nan)
    """

    @cache
    def value(by: Any) -> Any:
        return function(by)

    @np.errstate(all="ignore")
    def within(by: Any) -> Any:
        here, there = value(0 * by), value(by)
        if not abs(there - here) > abs(here):
            return there
        usual = HIGH * abs(value(-by) - here)
        wall = is_wall(lambda part: value(by * part), here, there, usual)
        return float("nan") if wall else there

    return within


def is_wall(towards: Callable[[Any], Any], here: Any, there: Any, usual: Any) -> bool:
    """True where a function jumps between two points, near the first.

    Args:
        towards: the value at a part of the way.
        here: at the first point.
        there: at the second.
        usual: a change that is none of a wall.
    """
    jump = abs(there - here)
    return bool(jump > usual and abs(towards(1 / NEARER) - here) >= STEEP * jump)
