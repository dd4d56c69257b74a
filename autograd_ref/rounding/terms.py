"""Zeros that are what is left of terms that cancel: rounding is judged by the terms.

An entry of which nothing is significant tells nothing of its own size. Another honest derivation
leaves another rest of it: some units of roundoff of what is added up there.
"""

import numpy as np
from numpy.typing import NDArray

A = NDArray[np.float64]


def by_terms(exact: A, tolerance: A, unit: float, largest: float) -> A:
    """The tolerance in which insignificant entries are allowed units of larger ones.

    Args:
        exact: one quantity.
        tolerance: of each entry by itself.
        unit: the relative error that counts as one step of rounding.
        largest: the size of terms, for a quantity of which nothing is significant.
    """
    zero = np.abs(exact) <= tolerance
    size = largest if zero.all() else float(np.abs(exact).max(initial=0.0))
    return np.where(zero, np.maximum(tolerance, unit * size), tolerance)


def largest_in_units(values: A, sizes: A) -> A:
    """The largest of a block, for each entry in the units of measurement of its parameter.

    Args:
        values: of a gradient, or of its rounding; absolute ones.
        sizes: of the parameters; one of size zero has no units.
    """
    with np.errstate(all="ignore"):
        largest = np.where(np.isfinite(values), values, 0.0).max(initial=0.0)
        terms = values * sizes
        of_terms = np.where(np.isfinite(terms), terms, 0.0).max(initial=0.0) / sizes
        found: A = np.fmin(largest, of_terms)
    return found
