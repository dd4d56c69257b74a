"""The derivative at 0 from both sides, from each side, and the second one, from few shared values.

Four steps there and back, and the value in the middle. Where that is not enough, `slope` of
`numerical` asks a hundred times.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from autograd_ref.reference.differences.numerical import (
    NOTHING,
    RATIO,
    SIZE,
    Number,
    Slope,
    extrapolated,
    most_accurate,
    slope,
)

STEPS = 4
"""Three rounds of extrapolation: an error of the eighth order. Five steps cost more, and where
rounding decides they tell less."""

FIRST, FIRST_IN_LONG_DOUBLE = 0.1, 0.04
"""The first step, relative to the scale of the entry: where the error of the steps and rounding
weigh about the same, in a format of 16 digits and in one of 19. Measured by `tests.cost`."""

LEAST = 0.01
"""The part of its last change that a value is off by at least. Chosen; with steps of such sizes
errors fall by 100 to 10,000 in a round."""


NOISE = 8.0
"""The noise of a function in units of roundoff, where nobody has measured it. Chosen."""


BEGIN = 0.3
"""The first of four steps, relative to the largest of as many as help. Chosen."""


TINY, ROOM = 1e-5, 3.0
"""The one step that may contradict the others, relative to the largest of as many as help, and how
many times what is enough or what rounding does it has to be off by. Chosen: a kink that is farther
away than that shows."""

FAR, CLOSE = 1e3, 0.5
"""How many times smaller than the first step, at least, that one is; and the part of the derivative
by which the first difference may be off, where smaller steps are to mend it. Chosen."""

FINER, APART = 30.0, 2.0
"""How much smaller the last of the first steps are, and by what two of them differ. Chosen: with
eight values each, four of them cost a third of as many steps as help."""


def slope_within(function: Callable[[Any], Any], *steps: Number, enough: float) -> Slope:
    """The derivative at 0, to some accuracy if that can be.

    Args:
        function: of one number, to one number.
        steps: the largest steps to try, each a scale on which the function may be smooth.
        enough: an accuracy that need not be exceeded.
    """
    kept = cache(function)
    for step in _worth_trying(steps):
        tiny = min(TINY * min(steps), BEGIN * step / FAR)
        if not _may_converge(kept, BEGIN * step, tiny, enough):
            continue
        found = _by_four_steps(kept, BEGIN * step)
        if found.accuracy <= enough and _holds_nearer(kept, tiny, found, enough):
            return found
    return slope(kept, *steps)


@np.errstate(all="ignore")
def _may_converge(function: Callable[[Any], Any], step: Any, tiny: Any, enough: float) -> bool:
    """True where the first difference is near that over a tiny step: others are then worth it."""
    wide, near = ((function(h) - function(-h)) / (2 * h) for h in (step, tiny))
    return bool(abs(wide - near) <= CLOSE * max(abs(near), enough / CLOSE))


@np.errstate(all="ignore")
def _holds_nearer(function: Callable[[Any], Any], step: Any, found: Slope, enough: float) -> bool:
    """True where a far smaller step gives the same; between the two there may be a kink."""
    after, before = function(step) * 1.0, function(-step) * 1.0
    unit = float(np.finfo(np.asarray(after).dtype).eps) / 2
    noise = NOISE * unit * float(max(abs(after), abs(before))) / float(step)
    off = abs((after - before) / (2 * step) - found.value)
    return bool(off <= ROOM * max(enough, noise))


def _worth_trying(steps: Sequence[Number]) -> list[Number]:
    """In their order, none that is nearly another; then far smaller ones, for what is steep."""
    found: list[Number] = []
    for step in (*steps, *(min(steps) / FINER**times for times in (1, 2, 3))):
        if all(max(step, other) > APART * min(step, other) for other in found):
            found.append(step)
    return found


@np.errstate(all="ignore")
def _by_four_steps(function: Callable[[Any], Any], step: Any) -> Slope:
    steps = [step / RATIO**i for i in range(STEPS)]
    pairs = [(function(h) * 1.0, function(-h) * 1.0) for h in steps]
    unit = float(np.finfo(np.asarray(pairs).dtype).eps) / 2
    noise = NOISE * unit * float(np.abs(np.asarray(pairs)).max())
    column = [(after - before) / (2 * h) for (after, before), h in zip(pairs, steps, strict=True)]
    return extrapolated(column, [noise / float(h) for h in steps], unit, order=2)


class Sides(NamedTuple):
    """Derivatives of a function at 0."""

    central: Slope
    before: Slope
    after: Slope
    curvature: float
    """The absolute second derivative."""

    @property
    def blur(self) -> float:
        """How far the derivatives from the two sides could differ without being seen to."""
        return self.before.accuracy + self.after.accuracy

    @property
    def jump(self) -> float:
        """How far they differ, where they are seen to; else 0."""
        jump = abs(self.after.value - self.before.value)
        return jump if jump > 2 * self.blur else 0.0

    @property
    def slope(self) -> Slope:
        """The derivative, or all between those of the two sides, or that of the only side.

        Over large steps a difference to both sides may agree with itself by accident; not with
        those to each side. Where these grow as the steps fall, to either side, the function leaps
        away from its value at 0: beside a pole that is nearer than the steps, as that of a nearly
        singular matrix, all that is beyond it is smooth, and has another slope.
        """
        if self.jump:
            middle = (self.before.value + self.after.value) / 2
            return Slope(middle, self.jump / 2 + self.blur)
        sides = [side for side in (self.before, self.after) if np.isfinite(side.accuracy)]
        if not sides:
            return NOTHING
        nearest = min(sides, key=lambda side: side.accuracy)
        if not np.isfinite(self.central.accuracy):
            return nearest
        off = abs(nearest.value - self.central.value)
        if off > self.central.accuracy + nearest.accuracy:
            return Slope(nearest.value, off + nearest.accuracy)
        return self.central


def first_step(scale: float, dtype: np.dtype[Any]) -> Number:
    """The first step for a function that is smooth on this scale, in this format."""
    wide = np.finfo(dtype).eps < np.finfo(np.float64).eps
    return dtype.type((FIRST_IN_LONG_DOUBLE if wide else FIRST) * scale)


@np.errstate(all="ignore")
def sides(
    function: Callable[[Any], Any], step: Number, noise: float, *, count: int = STEPS
) -> Sides:
    """The derivatives by so many steps.

    Args:
        function: of one number, to one number.
        step: the first.
        noise: how much rounding scatters its values.
        count: of the steps, each smaller by RATIO.
    """
    steps: list[Any] = [step / RATIO**i for i in range(count)]
    middle = function(0 * step) * 1.0
    right, left = ([function(sign * h) * 1.0 for h in steps] for sign in (1, -1))
    unit = float(np.finfo(np.asarray(middle).dtype).eps) / 2
    argument = unit * float(SIZE * step)

    def by(far: list[Any], near: list[Any], width: int) -> Slope:
        pairs = list(zip(far, near, steps, strict=True))
        column = [(a - b) / (width * h) for a, b, h in pairs]
        errors = [
            2 * float(max(noise, abs(a) * unit, abs(b) * unit, argument * abs(d)) / (width * h))
            for (a, b, h), d in zip(pairs, column, strict=True)
        ]
        if width == 2:
            return extrapolated(column, errors, unit, order=2, least=LEAST)
        return extrapolated(column, errors, unit, order=1)

    here = [middle] * count
    return Sides(
        by(right, left, 2),
        by(here, left, 1),
        by(right, here, 1),
        _bend(middle, right, left, steps),
    )


def _bend(middle: Any, right: list[Any], left: list[Any], steps: list[Any]) -> float:
    """The absolute second derivative, by the smallest step that goes; at a bound, from one side."""
    for far, back, step in reversed(list(zip(right, left, steps, strict=True))):
        bend = float(abs((far - middle) + (back - middle)) / step**2)
        if np.isfinite(bend):
            return bend
    for side in (right, left):
        slopes = [(value - middle) / step for value, step in zip(side, steps, strict=True)]
        bend = float(2 * abs(slopes[-2] - slopes[-1]) / (steps[-2] - steps[-1]))
        if np.isfinite(bend):
            return bend
    return float("inf")


def careful_sides(function: Callable[[Any], Any], steps: Sequence[Number], bend: float) -> Sides:
    """The derivatives by as many steps as help, and with the noise of this very function.

    Args:
        function: of one number, to one number.
        steps: the largest to try.
        bend: the absolute second derivative, where it is known already.
    """
    central, before, after = (slope(function, *steps, one_sided=side) for side in (0, -1, 1))
    return Sides(central, before, after, bend)


def better(one: Sides, other: Sides, *, larger: Sides) -> Sides:
    """The more telling derivatives by two first steps, of which `larger` are by the larger one."""
    smaller = other if larger is one else one
    best = most_accurate([smaller.slope, larger.slope])
    return smaller if best is smaller.slope else larger
