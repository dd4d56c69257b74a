"""The derivative by one entry: by a few steps, and by more for as long as that is not enough.

First on the scale of the whole block; then on the scale of the entry itself; then by smaller steps;
at last by as many as help.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_ref.reference.differences.numerical import CAUTION, most_accurate
from autograd_ref.reference.differences.stencil import (
    STEPS,
    Sides,
    better,
    careful_sides,
    first_step,
    sides,
)

LARGEST = 0.1
"""The largest step of the careful derivative, relative to the entry, or to what is typical of its
block. Chosen."""

ENOUGH = 3.0
"""An accuracy of so many times what rounding in the gradient under test is allowed is not improved
any further. Chosen."""

BY_NOISE, FAR = 40.0, 10.0
"""Nor is one of so many times what the noise of the function does to a difference over the first
step: the fourth step is 16 times smaller. Only one that is so many times further off is worth all
the steps there are."""

CREDIBLE = 1e-10
"""Rounding that is allowed beyond so much of the block's largest derivative comes from a curvature
that is none: a kink nearby, or steps that are too large. Chosen."""

SMALL, OF_ITSELF = 0.1, 1e-8
"""An entry that is so much smaller than what is typical may be on another scale altogether: its
derivative over steps of the block has to be known to so much of itself. Chosen."""

MORE = 3
"""Steps that are added where four do not tell enough. Chosen."""


class Entry(NamedTuple):
    """A function along one entry of a block, and what it may be smooth over."""

    line: Callable[[Any], Any]
    scales: tuple[float, ...]
    """Rising: that of the entry, where it is smaller, and that of its block."""
    noise: float
    """How much rounding scatters the values."""
    dtype: np.dtype[Any]

    def by_few_steps(self) -> Sides:
        """By four steps on the scale of the block."""
        return sides(self.line, first_step(self.scales[-1], self.dtype), self.noise)

    def by_more_steps(self) -> Sides:
        """By seven steps on its own scale, or by four where these tell more, side by side."""
        few = self.by_few_steps()
        step = first_step(self.scales[0], self.dtype)
        more = sides(self.line, step, self.noise, count=STEPS + MORE)
        return Sides(
            most_accurate([more.central, few.central]),
            most_accurate([more.before, few.before]),
            most_accurate([more.after, few.after]),
            more.curvature,
        )

    def by_all_steps(self) -> Sides:
        """By as many steps as help, with the noise along this very entry."""
        steps = [self.dtype.type(LARGEST * scale) for scale in self.scales]
        bend = sides(self.line, first_step(self.scales[0], self.dtype), 0.0).curvature
        return careful_sides(self.line, steps, bend)

    def on_its_own_scale(self, found: Sides, room: float) -> Sides:
        """This derivative, or a better one by steps on the scale of an entry small in its block."""
        value, accuracy = found.slope
        if self._scale == self.scales[-1]:
            return found
        if accuracy <= OF_ITSELF * abs(value) and not self._lacks(found, room):
            return found
        own = sides(self.line, first_step(self._scale, self.dtype), self.noise)
        return better(own, found, larger=found)

    def by_smaller_steps(self, found: Sides, room: float) -> Sides:
        """This derivative, or a better one by smaller steps."""
        if not self._lacks(found, room):
            return found
        step = first_step(self._scale, self.dtype)
        return better(sides(self.line, step, self.noise, count=STEPS + MORE), found, larger=found)

    def with_care(self, found: Sides, room: float) -> Sides:
        """This derivative, or a better one by as many steps as help."""
        return self.by_all_steps() if self._lacks(found, room, by=FAR) else found

    @property
    def _scale(self) -> float:
        """The scale of the entry, where it is much smaller than its block."""
        own, whole = self.scales[0], self.scales[-1]
        return own if own < SMALL * whole else whole

    def _lacks(self, found: Sides, room: float, *, by: float = 1.0) -> bool:
        """True where more steps could tell something that matters."""
        step = float(first_step(self.scales[0], self.dtype))
        by_noise = CAUTION * 4 * self.noise / (2 * step)
        return not found.slope.accuracy <= max(ENOUGH * room, by * BY_NOISE * by_noise)


Stage = Callable[[Entry, Sides, float], Sides]

STAGES: Sequence[Stage] = (Entry.on_its_own_scale, Entry.by_smaller_steps, Entry.with_care)
"""The steps for an entry, one after the other, with the rounding that is allowed there."""
