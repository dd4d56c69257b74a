"""A gradient that is zero wherever one looks: the parameter has no effect on the loss.

The bias before a batch norm is one. The terms of its gradient cancel, and what is left is rounding;
at a minimum they cancel too, but not elsewhere.
"""

import numpy as np

from autograd_ref.calls.trial import Trial
from autograd_ref.reference.directional import in_proportion, moved, typical
from autograd_ref.reference.protocol import Evaluation, Level
from autograd_ref.tree import number_format
from autograd_ref.tree.inside import unevenly_smaller
from autograd_ref.tree.leaf import as_array, largest
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import with_other_data, with_other_parameters
from autograd_ref.user_code import Raised, attempt

FAR_BELOW = 1e-3
"""How far its tolerance lies below the other gradients, at least, for a gradient to count as zero.
Chosen."""

CHANGED = 1e-6
"""The smallest change of a loss, relative to it, by which it is not constant. Chosen."""

DISTANCES = (1.0, -0.5, 8.0, -4.0, 64.0, -32.0, 512.0, -256.0)
"""How far a parameter moves, in parts of its size, until the loss rounds with it. Chosen: the
larger what is added and cancels, the more it rounds; the mean of a batch hides small roundings."""


def is_zero_everywhere(trial: Trial, path: Path) -> bool:
    """True where terms cancel in the gradient by a parameter, here and elsewhere.

    Where there are no terms, or the loss is constant, nothing could have shown a mistake.
    """
    if not _cancels(trial, trial.exact, path):
        return False
    found = attempt(lambda: _has_terms(trial, path) and _elsewhere(trial, path))
    return not isinstance(found, Raised) and found


def _elsewhere(trial: Trial, path: Path) -> bool:
    """Likewise with multiples of the parameters and with others, where the loss is another."""
    losses: list[float] = []
    for other in (with_other_parameters, unevenly_smaller):
        exact = trial.reference.evaluate(other(trial.point, trial.options.seed))
        if not _cancels(trial, exact, path):
            return False
        losses.append(exact.loss)
    if any(_differ(trial.exact.loss, loss) for loss in losses):
        return True
    rearranged = with_other_data(trial.point)
    return rearranged is not None and _differ(trial.exact.loss, trial.reference.value(rearranged))


def _cancels(trial: Trial, exact: Evaluation, path: Path) -> bool:
    """True where a gradient is zero to within the rounding of terms, far below the others."""
    found, tolerance = exact.gradients[path], exact.tolerances(Level.STRICT).gradients[path]
    scale = max(map(largest, (found, tolerance))) or 1.0
    # as a whole: one random movement of an entry may be small by chance
    if not np.linalg.norm(found / scale) <= np.linalg.norm(tolerance / scale):
        return False
    number = number_format.coarsest(trial.point.parameters)
    # what no term moves, underflow alone may
    if not largest(tolerance) > number.smallest_normal / number.unit:
        return False
    return largest(tolerance) <= FAR_BELOW * size_of_terms(trial, exact, path)


def size_of_terms(trial: Trial, exact: Evaluation, path: Path) -> float:
    """The size of what cancels in a gradient that is zero: that of others, and of the loss."""
    sizes = list(map(largest, exact.gradients.values()))
    return max(*sizes, abs(exact.loss) / typical(leaves(trial.point.parameters)[path]))


def _has_terms(trial: Trial, path: Path) -> bool:
    """True where what cancels is there: a loss that changes with a parameter, by rounding alone.

    A numerical derivative has a tolerance of its own also where there are no terms.
    """
    if not trial.reference.blind or trial.exact.gradients[path].any():
        return True
    random, here = np.random.default_rng(trial.options.seed), trial.exact.loss
    leaf = leaves(trial.point.parameters)[path]
    shape: tuple[int, ...] = as_array(leaf).shape
    for distance in DISTANCES:
        by = in_proportion(leaf, random.uniform(0.5, 1.0, shape))
        value = trial.reference.value(moved(trial.point, {path: by}, distance))
        if value != here:
            return not _differ(value, here)
    return False


def _differ(one: float, two: float) -> bool:
    return not abs(one - two) <= CHANGED * max(abs(one), abs(two))
