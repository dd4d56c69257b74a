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
