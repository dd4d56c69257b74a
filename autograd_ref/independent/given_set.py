"""The set that the caller says parameters live in: is a gradient off along it, or across it only?

`project` brings parameters back to the set, so what it makes of a small move is a move along the
set. An error with no part in any of these is across the set, where no parameters are.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.stated import projected
from autograd_ref.calls.trial import Trial
from autograd_ref.reference.directional import moved, typical
from autograd_ref.reference.numerical import slope
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.user_code import Raised, attempt

A = NDArray[np.float64]

DIRECTIONS = 16
"""Random moves, one of which an error along the set would show in. Chosen."""

STEP = 0.1
"""The largest step, relative to what is typical of the parameter. Chosen."""

STRETCH = 2.0
"""By how much project may lengthen a small move; one that takes the nearest point shortens it.
Chosen."""


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
