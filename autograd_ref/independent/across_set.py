"""A parameter that lives in a set determines its gradient along that set only.

In a symmetric matrix, a slope may be divided between an entry and its mirror image in any way; a
gradient on the sphere need not say what happens off it. The caller may give the set by the way back
to it: what `project` makes of a small move is a move along the set, and an error with no part in
any of these is across it, where no parameters are.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.stated.points import projected
from autograd_ref.calls.trial import Trial
from autograd_ref.reference.differences.numerical import slope
from autograd_ref.reference.directional import moved
from autograd_ref.report.words import listed
from autograd_ref.tree.leaf import as_array, typical
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.number_format import of_dtype
from autograd_ref.tree.sets import KnownSet, is_symmetric, sets_of
from autograd_ref.user_code import Raised, attempt

A = NDArray[np.float64]

TANGENT = 4.0
"""A gradient is along a set if what is across it is within so many tolerances. Chosen."""

DIRECTIONS = 16
"""Random moves, one of which an error along the set would show in. Chosen."""

STEP = 0.1
"""The largest step, relative to what is typical of the parameter. Chosen."""

STRETCH = 2.0
"""By how much project may lengthen a small move; one that takes the nearest point shortens it.
Chosen."""


def agrees_in_symmetric_part(
    parameter: NDArray[np.generic], error: NDArray[np.float64], tolerance: NDArray[np.float64]
) -> bool:
    """True where a parameter is a symmetric matrix and its error antisymmetric, to rounding."""
    if not is_symmetric(parameter):
        return False
    return bool((np.abs(error + error.T) <= tolerance + tolerance.T).all())


def known_set_across(parameter: NDArray[np.generic], hand: A, reference: A, tolerance: A) -> str:
    """The set that a parameter is in, where the two gradients differ across it only.

    One of the two has to lie along the set: a gradient that somebody made for the set has nothing
    across it, a mistake has.

    Returns:
        The set in words; empty where there is none.
    """
    if is_symmetric(parameter) and _is_of_both(hand, reference, tolerance):
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


def inside_of(trial: Trial, path: Path, error: A, tolerance: A) -> float | None:
    """How large an error along the set could be and not show; None where one shows.

    Args:
        trial: its options hold the way back to the set.
        path: of a block.
        error: of its gradient.
        tolerance: of each entry.
    """
    project = trial.options.project
    if project is None or not np.isfinite(error).all() or not np.isfinite(tolerance).all():
        return None
    random = np.random.default_rng(trial.options.seed)
    step = STEP * typical(leaves(trial.point.parameters)[path])
    slack, unknown = STRETCH * float(np.linalg.norm(tolerance)), 0.0
    size = float(np.abs(error).max()) or 1.0
    for _direction in range(DIRECTIONS):
        toward = random.normal(size=error.shape)
        toward /= float(np.linalg.norm(toward)) or 1.0

        def along(distance: float, toward: A = toward) -> float:
            there = projected(project, moved(trial.point, {path: toward}, distance))
            return float((as_array(leaves(there.parameters)[path]) * (error / size)).sum())

        found = attempt(partial(slope, along, step))
        if isinstance(found, Raised):
            return None
        if not size * abs(found.value) <= slack + size * found.accuracy:
            return None
        unknown = max(unknown, size * found.accuracy)
    return float(np.sqrt(error.size)) * unknown


def _along(sets: tuple[KnownSet, ...], member: A, values: A) -> A:
    """The values without their part across each of the sets."""
    for one in sets:
        values = values - one.across(member, values)
    return values


def _is_of_both(hand: A, reference: A, tolerance: A) -> bool:
    """True for the gradient by an entry that moves together with its mirror image."""
    both = reference + reference.T - np.diag(np.diagonal(reference))
    return bool((np.abs(hand - both) <= tolerance + tolerance.T).all())
