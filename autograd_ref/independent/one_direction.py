"""Agreement with a loss along one direction, for the price of one entry."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.trial import Trial
from autograd_ref.reference.differences.stencil import slope_within
from autograd_ref.reference.directional import along, each_by_itself
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import is_real
from autograd_ref.tree.nest import Path, leaves

STEP = 0.1
"""The largest step, relative to every entry. Chosen."""

DIGITS, MANY_DIGITS = 0.6, 1e-3
"""The part of its digits in which a gradient has to agree: far beyond what a single step decides,
and well within what the derivative of a smooth loss is known to. Chosen."""


@np.errstate(all="ignore")
def agrees_along(trial: Trial, answer: Answer, blocks: Collection[Path]) -> bool:
    """True where some blocks of an answer agree with the loss in most of their digits.

    All entries of these blocks move at once, up or down.

    Args:
        trial: the loss, and where the answer was given.
        answer: of the function under test.
        blocks: those that are asked about; the others do not move.
    """
    point, random, terms = trial.point, np.random.default_rng(trial.options.seed), [0.0]
    moved = {p: leaf for p, leaf in leaves(point.parameters).items() if p in set(blocks)}
    direction = {path: _at_random_speeds(leaf, random) for path, leaf in moved.items()}
    for path, by in direction.items():
        hand = answer.gradients.get(path)
        if hand is None or hand.shape != by.shape or not is_real(hand):
            return False
        terms += (hand.astype(np.float64) * by).ravel().tolist()
    if not direction:
        return True
    part = min(number_format.coarsest(point.parameters).unit ** DIGITS, MANY_DIGITS)
    allowed = part * float(np.abs(terms).sum())
    found = slope_within(along(trial.reference.value, point, direction), STEP, enough=allowed)
    return abs(found.value - sum(terms)) + found.accuracy <= 2 * allowed


def _at_random_speeds(leaf: object, random: np.random.Generator) -> NDArray[np.float64]:
    """By half of its size up to all of it: equal entries that move equally far would cancel."""
    by = each_by_itself(leaf, random)
    speeds = random.uniform(0.5, 1.0, by.shape)
    symmetric = by.ndim == 2 and by.shape[0] == by.shape[1] and np.array_equal(by, by.T)
    return by * ((speeds + speeds.T) / 2 if symmetric else speeds)
