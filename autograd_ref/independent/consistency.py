"""Consistency of the reference: its gradient beside the numerical derivative of its own loss.

A reference may be at fault without anybody differing from it: a custom backward pass in the loss
that is the very code under test, a tensor detached where both sides forgot it. One central
difference, along a direction in which every parameter moves, is enough to notice what is grossly
wrong; only then is the derivative taken with care.
"""

from functools import cache

import numpy as np

from autograd_ref.calls.trial import Trial
from autograd_ref.reference.directional import along, each_by_itself
from autograd_ref.reference.numerical import slope
from autograd_ref.report.data import IndependentCheck, Slope
from autograd_ref.tree.nest import leaves
from autograd_ref.user_code import Raised, attempt

STEP = 1e-5
"""The step of the one difference, relative to every parameter: curvature costs 1e-10."""

ROUNDING = 1e-13
"""The rounding of the loss, relative to its size; divided by the step, that of the difference.
Chosen."""

GROSS = 1e-3
"""A contradiction, relative to the derivative that such a gradient typically has in a random
direction. Chosen."""

LARGEST_STEP = 0.1
"""The largest step of the careful derivative, relative to every parameter. Chosen."""

EXPLANATION = (
    "Your gradient agrees with the reference, but the numerical derivative of the loss contradicts"
    " both: is a tensor detached, or its backward pass the code under test? Pass what is to be held"
    " fixed as data."
)


@np.errstate(over="ignore", invalid="ignore")
def contradiction(trial: Trial) -> IndependentCheck | None:
    """The numbers, where the reference's loss contradicts its gradient; None where it does not."""
    random = np.random.default_rng(trial.options.seed)
    direction = {
        path: each_by_itself(leaf, random) for path, leaf in leaves(trial.point.parameters).items()
    }
    terms = [(trial.exact.gradients[path] * d).ravel() for path, d in direction.items()]
    claimed = sum(float(part.sum()) for part in terms)
    gross = max(GROSS, trial.options.accuracy or 0.0)
    allowed = gross * float(np.sqrt(sum(float(part @ part) for part in terms)))
    value = cache(along(trial.reference.value, trial.point, direction))

    def difference() -> float:
        return (value(STEP) - value(-STEP)) / (2 * STEP)

    def slopes() -> list[Slope]:
        return [slope(value, LARGEST_STEP, one_sided=side) for side in (0, -1, 1)]

    one = attempt(difference)
    if isinstance(one, Raised):  # the loss is not defined nearby
        return None
    if not abs(one - claimed) > allowed + ROUNDING / STEP * abs(trial.exact.loss):
        return None
    found = attempt(slopes)
    if isinstance(found, Raised):
        return None
    measured, before, after = found
    kink = abs(before.value - after.value) > before.accuracy + after.accuracy
    if kink or not abs(measured.value - claimed) > allowed + measured.accuracy:
        return None
    return IndependentCheck("reference", EXPLANATION, claimed, claimed, None, measured)
