"""A gradient that is zero wherever one looks: the parameter has no effect on the loss.

The bias before a batch norm is one. The terms of its gradient cancel, and what is left is rounding;
at a minimum they cancel too, but not elsewhere.
"""

import numpy as np

from autograd_ref.calls.trial import Trial
from autograd_ref.reference.directional import along, each_by_itself, typical
from autograd_ref.reference.protocol import Evaluation, Level
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import with_other_data, with_other_parameters
from autograd_ref.user_code import Raised, attempt

FAR_BELOW = 1e-3
"""How far its tolerance lies below the other gradients, at least, for a gradient to count as zero.
Chosen."""

PLACES, MOVED = 8, 0.1
"""How often, and by how much of itself, a parameter is moved to see if the loss uses it. Chosen."""

CHANGED = 1e-6
"""The smallest change of a loss, relative to it, by which it is not constant. Chosen."""


def is_zero_everywhere(trial: Trial, path: Path) -> bool:
    """True where terms cancel in the gradient by a parameter, here and elsewhere.

    Where there are no terms, or the loss is constant, nothing could have shown a mistake.
    """
    if not _cancels(trial, trial.exact, path):
        return False
    found = attempt(lambda: _elsewhere(trial, path))
    return not isinstance(found, Raised) and found


def _elsewhere(trial: Trial, path: Path) -> bool:
    """Likewise with other parameters, where the loss is another."""
    point = with_other_parameters(trial.point, trial.options.seed)
    exact = trial.reference.evaluate(point)
    if not _cancels(trial, exact, path):
        return False
    if _differ(trial.exact.loss, exact.loss):
        return True
    rearranged = with_other_data(trial.point)
    return rearranged is not None and _differ(trial.exact.loss, trial.reference.value(rearranged))


def _cancels(trial: Trial, exact: Evaluation, path: Path) -> bool:
    """True where a gradient is zero to within the rounding of terms, far below the others."""
    found, tolerance = exact.gradients[path], exact.tolerances(Level.STRICT).gradients[path]
    scale = max(float(np.abs(values).max(initial=0.0)) for values in (found, tolerance)) or 1.0
    # as a whole: one random movement of an entry may be small by chance
    if not np.linalg.norm(found / scale) <= np.linalg.norm(tolerance / scale):
        return False
    number = number_format.coarsest(trial.point.parameters)
    # what no term moves, underflow alone may; a numerical derivative has its own accuracy there
    terms = float(tolerance.max(initial=0.0)) > number.smallest_normal / number.unit
    if not terms or (trial.reference.blind and not found.any() and not _is_used(trial, path)):
        return False
    return float(tolerance.max()) <= FAR_BELOW * size_of_terms(trial, exact, path)


def size_of_terms(trial: Trial, exact: Evaluation, path: Path) -> float:
    """The size of what cancels in a gradient that is zero: that of others, and of the loss."""
    sizes = [float(np.abs(values).max(initial=0.0)) for values in exact.gradients.values()]
    return max(*sizes, abs(exact.loss) / typical(leaves(trial.point.parameters)[path]))


def _is_used(trial: Trial, path: Path) -> bool:
    """True where a parameter changes the rounding of the loss."""
    value = along(
        trial.reference.value,
        trial.point,
        {path: each_by_itself(leaves(trial.point.parameters)[path], np.random.default_rng(0))},
    )
    return len({value(MOVED * place) for place in range(PLACES)}) > 1


def _differ(one: float, two: float) -> bool:
    return abs(one - two) > CHANGED * max(abs(one), abs(two))
