"""Rounding told from mistakes by a wider number format: a derivation is the same in every format.

Where the very same function is right in a format with more digits, what it is off by in its own is
rounding, however many digits that takes and however alike it is nearby.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.rounding.arithmetic import SINGLE
from autograd_ref.rounding.terms import largest_in_units
from autograd_ref.tree.number_format import NumberFormat

A = NDArray[np.float64]

GROSS = 0.1
"""Rounding of more than so much of the largest entry leaves not one digit: then the format is too
narrow for the formulas, and the function is wrong in it. Chosen."""

LUCK = 16.0
"""How many times more the same formulas may round in units of one format than of another: errors of
rounding are small by chance as well. Chosen; a mistake of a hundredth of the rounding is seen."""


def wider_than(number: NumberFormat) -> type[np.floating] | None:
    """The format in which a derivation shows itself: float64 for float32, and for that NumPy's own.

    None for formats in 16 bits, in which half of the digits are one or two, and where a machine has
    nothing wider than float64.
    """
    if number.unit > SINGLE.unit:
        return None
    if number.eps > np.finfo(np.float64).eps:
        return np.float64
    has_more = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
    return np.longdouble if has_more else None


class InBoth(NamedTuple):
    """The results of a function at equal values in two formats."""

    own: A
    wide: A
    falls: float
    """The unit of roundoff of the wider format, in those of its own."""


def explained_by_rounding(found: InBoth, exact: A, tolerance: A, sizes: A) -> A | None:
    """The tolerance with what the function itself was seen to round; None where that is no reason.

    |own - exact| <= |own - wide| + |wide - exact|. The first is rounding by definition. The second
    is what is left in the wider format: of rounding, so many times less; of a mistake, all.

    Args:
        found: what is under test.
        exact: the reference.
        tolerance: what rounding was allowed so far, entry by entry.
        sizes: of the parameters, by which the units of the entries may differ.
    """
    if found.wide.shape != exact.shape:
        return None
    rounding = np.abs(found.own - found.wide)
    left = tolerance + LUCK * found.falls * largest_in_units(rounding, sizes)
    if not (np.abs(found.wide - exact) <= left).all():
        return None
    gross = not rounding.max(initial=0.0) <= GROSS * np.abs(exact).max(initial=0.0)
    return None if gross else left + rounding
