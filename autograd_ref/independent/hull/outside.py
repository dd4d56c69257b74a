"""A gradient outside the hull of the gradients beside a kink: no subgradient, and wrong.

Every mixture of gradients beside a point has, along a direction, at most the steepest slope that
the loss has on lines in that direction near it. Where these lines bend to one side only, the
steepest slope is one of the two at the point itself. Where some bend up and others down, nothing is
said: there may be steeper ones.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.trial import Trial
from autograd_ref.independent.hull.suspects import are_alike, suspects
from autograd_ref.independent.zero import size_of_terms
from autograd_ref.reference.directional import along, typical
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.user_code import Raised, attempt

A = NDArray[np.float64]

STEP, APART = 1e-6, 1e-5
"""The step of a slope at the point, and how far the lines beside it are away, relative to what is
typical of the parameter. Chosen."""

PLACES = np.linspace(-2, 2, 9)
"""Where a line beside the point is evaluated, in units of its distance. Chosen."""

LINES = 8
"""How many lines beside the point are looked at. Chosen."""

MARGIN = 1e-3
"""The part of the terms of a slope by which a gradient has to be beyond it. Chosen."""

BENT = 1e-6
"""The smallest bend of the loss along one entry, relative to the largest derivative. Chosen."""

ROUNDING = 1e-15
"""The rounding of a loss, relative to its size. Chosen."""

MOST_ENTRIES = 512
"""In larger blocks it is not asked how the loss bends along every entry. Chosen."""

TRIED = 3
"""How many directions are looked at closely, of those along which it is too steep. Chosen."""


class Beyond(NamedTuple):
    """A direction along which a gradient is steeper than both slopes at the point."""

    direction: A
    by: float
    """How much steeper, relative to the terms."""
    ahead: bool
    """True where the steeper of the two is that of the way ahead."""
    margin: float
    """How much steeper it has to be."""


def is_outside(
    trial: Trial, path: Path, sides: tuple[A, A], beside: Callable[[], Sequence[A]]
) -> bool:
    """True where a gradient is no mixture of gradients beside the point.

    Args:
        trial: the point, and the loss.
        path: of the parameter.
        sides: the gradient under test, and that of the reference.
        beside: gradients beside the point, where some are known.
    """
    if trial.reference.around is None or trial.exact.unseen:
        return False
    found = attempt(lambda: Lines(trial, path, *sides).is_outside(beside()))
    return not isinstance(found, Raised) and found


class Lines:
    """The reference's loss on lines beside a point, along which one parameter moves.

    Args:
        trial: the point, and the loss.
        path: of the parameter.
        hand: the gradient under test.
        reference: the gradient of the reference.
    """

    def __init__(self, trial: Trial, path: Path, hand: A, reference: A) -> None:
        leaf = leaves(trial.point.parameters)[path]
        self.at: A = as_array(leaf).astype(np.float64)
        self.hand, self.reference = hand, reference
        self._trusted = not trial.reference.blind
        self._size = typical(leaf)
        digits = number_format.coarsest(trial.point.parameters).unit ** 0.5
        self._insignificant = digits * size_of_terms(trial, trial.exact, path)
        self._random = np.random.default_rng(trial.options.seed)
        self._along: Callable[[A], float] = lambda by: along(
            trial.reference.value, trial.point, {path: by}
        )(1.0)
        self._here = self._along(np.zeros(self.at.shape))

    def is_outside(self, beside: Sequence[A]) -> bool:
        """True where the gradient under test is no mixture of gradients beside the point.

        Args:
            beside: some of them, where they are known.
        """
        found = [
            beyond
            for direction in suspects(self.at, self.hand, self.reference, beside)
            for signed in (direction, -direction)
            if (beyond := self._beyond(signed)) is not None
        ]
        found.sort(key=lambda one: -one.by)
        return any(self._is_steepest(one) for one in found[:TRIED])

    def _beyond(self, direction: A) -> Beyond | None:
        """The direction, where the gradient under test is steeper than both slopes along it."""
        ahead, behind = self._slope(direction), -self._slope(-direction)
        low, high = sorted((ahead, behind))
        terms = float(((np.abs(self.hand) + np.abs(self.reference)) * np.abs(direction)).sum())
        margin = MARGIN * terms + self._rounding(STEP) + self._insignificant
        if not _along(self.hand, direction) > high + margin:
            return None
        known = _along(self.reference, direction)  # a convention may be outside as well
        if self._trusted and not low - margin <= known <= high + margin:
            return None
        by = (_along(self.hand, direction) - high) / terms
        return Beyond(direction, by, ahead >= behind, margin)

    def _is_steepest(self, one: Beyond) -> bool:
        """True where no line nearby is steeper than those through the point itself."""
        slopes = np.stack([self._line(one.direction, number) for number in range(LINES)])
        slack = one.margin / 4 + self._rounding(APART)
        if not slopes.max() <= _along(self.hand, one.direction) - one.margin / 2:
            return False
        bends = np.diff(slopes, axis=1)
        up, down = bool((bends >= -slack).all()), bool((bends <= slack).all())
        if up and down:
            flat = bool(np.ptp(slopes) <= slack)
            return flat and (self._is_plain(one.direction) or are_alike(self.at, one.direction))
        to_one_side = (up and one.ahead) or (down and not one.ahead)
        # a norm bends everywhere, where units switch the slopes are few
        is_round = bool((np.abs(bends[::2]) > slack).all())
        usable = is_round or self._is_plain(one.direction)
        return to_one_side and usable and self._bends(1.0 if up else -1.0)

    def _is_plain(self, direction: A) -> bool:
        """True where no honest convention at zeros is outside, as one for units that switch may be.

        Parameters of zero switch many units at once, and these need not be sampled by one move.
        """
        alike = self._trusted or are_alike(self.at, direction)
        return alike and not direction[self.at == 0].any()

    def _line(self, direction: A, number: int) -> A:
        """The slopes of one line beside the point, from place to place."""
        move = self._random.uniform(0.5, 1, self.at.shape)
        move = move * self._random.choice([-1.0, 1.0], self.at.shape)
        if number % 2:  # some entries only
            move = move * (self._random.random(self.at.shape) < self._random.random())
        reach = APART * self._size
        values = [self._along(reach * (move + place * direction)) for place in PLACES]
        return np.diff(np.asarray(values)) / (reach * np.diff(PLACES))

    def _bends(self, sign: float) -> bool:
        """True where the loss bends to no other side along any entry."""
        return self._bent is not None and bool((sign * self._bent >= -self._least).all())

    @cached_property
    def _bent(self) -> A | None:
        """How much the loss bends at the point along each entry; None where there are too many."""
        if self.at.size > MOST_ENTRIES:
            return None
        found = np.empty(self.at.shape)
        for index in np.ndindex(found.shape):
            entry = np.zeros(found.shape)
            entry[index] = 1.0
            found[index] = self._slope(entry) + self._slope(-entry)
        return found

    @property
    def _least(self) -> float:
        largest = float(max(np.abs(self.hand).max(), np.abs(self.reference).max()))
        return BENT * largest + self._rounding(STEP)

    def _slope(self, direction: A) -> float:
        """The one-sided slope at the point; what is curved is taken out."""
        step = STEP * self._size
        one, two = (self._along(factor * step * direction) - self._here for factor in (1, 2))
        return (2 * one - two / 2) / step

    def _rounding(self, step: float) -> float:
        return 8 * ROUNDING * abs(self._here) / (step * self._size)


def _along(gradient: A, direction: A) -> float:
    return float((gradient * direction).sum())
