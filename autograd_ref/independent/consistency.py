"""Whether the gradient of a given loss is the slope of that loss.

A reference may be at fault without anybody differing from it: a custom backward pass in the loss
that is the very code under test, a tensor detached where both sides forgot it. One central
difference, along a direction in which every parameter moves, is enough to notice what is grossly
wrong; only then is the slope measured with care.
"""

from functools import cache

import numpy as np

from autograd_ref.reference.directional import along, each_by_itself
from autograd_ref.reference.numerical import slope
from autograd_ref.reference.protocol import Evaluation, Point, Reference
from autograd_ref.report.data import IndependentCheck
from autograd_ref.tree.nest import leaves
from autograd_ref.verdict.judge import Judgement

STEP = 1e-5
"""Of the one difference, relative to every parameter: curvature costs 1e-10."""

ROUNDING = 1e-13
"""What the loss may round, relative to its size; over the step, what the difference may be off."""

GROSS = 1e-3
"""Of the slope that such a gradient typically has in a random direction."""

LARGEST_STEP = 0.1

REASON = "agrees with a reference that is not the slope of its own loss"


@np.errstate(over="ignore", invalid="ignore")
def confirmed(
    result: Judgement, reference: Reference, point: Point, exact: Evaluation, seed: int
) -> Judgement:
    """The same judgement; where the loss contradicts its gradient, nothing is called a match.

    Args:
        result: of a function that is not wrong, as far as the reference tells.
        reference: a loss, and what is given out as its gradient.
        point: where they are held against each other.
        exact: the reference there.
        seed: for the direction.
    """
    if not any(block.verdict == "match" for block in result.blocks):
        return result
    random = np.random.default_rng(seed)
    direction = {
        name: each_by_itself(leaf, random) for name, leaf in leaves(point.parameters).items()
    }
    terms = [(exact.gradients[name] * d).ravel() for name, d in direction.items()]
    claimed = sum(float(part.sum()) for part in terms)
    allowed = GROSS * float(np.sqrt(sum(float(part @ part) for part in terms)))
    value = cache(along(reference.value, point, direction))
    try:
        difference = (value(STEP) - value(-STEP)) / (2 * STEP)
        if not abs(difference - claimed) > allowed + ROUNDING / STEP * abs(exact.loss):
            return result
        measured, before, after = (slope(value, LARGEST_STEP, one_sided=s) for s in (0, -1, 1))
    except Exception:  # the loss is not defined nearby, so that nothing can be said
        return result
    kink = abs(before.value - after.value) > before.accuracy + after.accuracy
    if kink or not abs(measured.value - claimed) > allowed + measured.accuracy:
        return result
    explanation = (
        "The numerical derivative of the reference's own loss contradicts its gradient, with which"
        " yours agrees: is the loss detached somewhere, or its backward pass the code under test?"
        " What is to be held fixed belongs into the data."
    )
    blocks = [
        block._replace(verdict="inconclusive", reason=REASON) if block.verdict == "match" else block
        for block in result.blocks
    ]
    witness = IndependentCheck("reference", explanation, claimed, claimed, None, measured)
    return result._replace(blocks=tuple(blocks), witness=witness)
