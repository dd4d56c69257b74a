"""A parameter that lives in a set determines its gradient along that set only.

In a symmetric matrix, a slope may be divided between an entry and its mirror image in any way; a
gradient on the sphere need not say what happens off it.
"""

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.words import listed
from autograd_ref.tree.number_format import of_dtype
from autograd_ref.tree.sets import KnownSet, sets_of

A = NDArray[np.float64]

TANGENT = 4.0
"""A gradient is along a set if what is across it is within so many tolerances. Chosen."""


def agrees_in_symmetric_part(
    parameter: NDArray[np.generic], error: NDArray[np.float64], tolerance: NDArray[np.float64]
) -> bool:
    """True where a parameter is a symmetric matrix and its error antisymmetric, to rounding."""
    if not _is_symmetric(parameter):
        return False
    return bool((np.abs(error + error.T) <= tolerance + tolerance.T).all())


def known_set_across(parameter: NDArray[np.generic], hand: A, reference: A, tolerance: A) -> str:
    """The set that a parameter is in, where the two gradients differ across it only.

    One of the two has to lie along the set: a gradient that somebody made for the set has nothing
    across it, a mistake has.

    Returns:
        The set in words; empty where there is none.
    """
    if _is_symmetric(parameter) and _is_of_both(hand, reference, tolerance):
        return "symmetric, an entry and its mirror image being one number"
    slack, wide = float(np.linalg.norm(tolerance)), parameter.astype(np.float64)
    sets = sets_of(parameter, of_dtype(parameter.dtype).unit)
    for some in [*((one,) for one in sets), sets]:  # in one of them, or in all
        left, across_hand, across_reference = (
            float(np.abs(values).max())
            for values in (
                _along(some, wide, hand - reference),
                hand - _along(some, wide, hand),
                reference - _along(some, wide, reference),
            )
        )
        if left <= slack and min(across_hand, across_reference) <= TANGENT * slack:
            return listed([one.said for one in some]) if some else ""
    return ""


def _along(sets: tuple[KnownSet, ...], member: A, values: A) -> A:
    """The values without their part across each of the sets."""
    for one in sets:
        values = values - one.across(member, values)
    return values


def _is_of_both(hand: A, reference: A, tolerance: A) -> bool:
    """True for the gradient by an entry that moves together with its mirror image."""
    both = reference + reference.T - np.diag(np.diagonal(reference))
    return bool((np.abs(hand - both) <= tolerance + tolerance.T).all())


def _is_symmetric(parameter: NDArray[np.generic]) -> bool:
    """True for a square matrix that is larger than one number and not zero."""
    shape = parameter.shape
    square = len(shape) == 2 and shape[0] == shape[1] > 1
    return square and np.array_equal(parameter, parameter.T) and bool(np.count_nonzero(parameter))
