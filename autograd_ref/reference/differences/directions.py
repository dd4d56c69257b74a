"""A gradient beside a loss with many parameters: along random directions in which all entries move.

An error in any entry shows along every such direction; where one disagrees, halves of the entries
are asked in turn until a wrong one is found.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.differences.entries import A, Gradient, Slopes, changed
from autograd_ref.reference.differences.entry import Entry
from autograd_ref.reference.differences.stencil import Sides
from autograd_ref.reference.directional import each_by_itself
from autograd_ref.tree.nest import Path, leaves

DIRECTIONS = 10
"""Random directions for a block. Chosen: an error that one of them does not see is one that cancels
along it, or is smaller than what rounding does to all entries together."""

CLEAR = 0.01
"""The accuracy, relative to a disagreement, with which halves of it are told apart. Chosen."""


def along_directions(gradient: Gradient, path: Path, hand: NDArray[np.float64]) -> Slopes:
    """Derivatives by the entries of a block: those under test, and another where one is wrong.

    Args:
        gradient: the function, at a point.
        path: of the block.
        hand: the derivatives under test, of its shape.

    Returns:
        For each entry, with the distance within which it lies unless errors cancel.
    """
    block = _Block(gradient, path, hand)
    finite = np.isfinite(hand)
    if not finite.all():
        return block.with_entry(np.flatnonzero(~finite)[0])
    random = np.random.default_rng(0)
    for _direction in range(DIRECTIONS):
        by = each_by_itself(block.leaf, random)
        wrong = block.disagreement(by, random.permutation(by.size))
        if wrong is not None:
            return block.with_entry(wrong)
    return block.found


class _Block:
    """A block of the gradient under test, and what is known of it so far."""

    def __init__(self, gradient: Gradient, path: Path, hand: A) -> None:
        self.gradient, self.path = gradient, path
        self.leaf = np.asarray(leaves(gradient.base)[path], dtype=np.float64)
        self.hand = hand
        sizes, nothing = np.abs(self.leaf), np.zeros(hand.shape)
        self.room = gradient.room(hand, nothing, sizes)
        self.found = Slopes(hand.copy(), nothing, nothing, nothing, nothing, sizes)

    def with_entry(self, place: np.intp) -> Slopes:
        """The directions, with the derivative by one entry taken with care."""
        index = tuple(int(i) for i in np.unravel_index(place, self.hand.shape))
        return self.found.with_entry(index, self.gradient.carefully(self.path, index))

    def disagreement(self, by: A, order: NDArray[np.intp]) -> np.intp | None:
        """An entry that is wrong, where the derivative along a direction is; None where it is not.

        Args:
            by: how far each entry moves.
            order: of the entries, in which they are halved.
        """
        gap, allowed = self._gap(by, order, 0.0)
        if not abs(gap) > allowed:
            seen = allowed / np.where(by == 0, np.inf, np.abs(by))
            accuracy = np.maximum(self.found.accuracy, seen)
            self.found = self.found._replace(accuracy=accuracy)
            return None
        while order.size > 1:
            half, rest = np.array_split(order, 2)
            of_half = self._gap(by, half, CLEAR * abs(gap))[0]
            more = abs(of_half) >= abs(gap - of_half)
            order, gap = (half, of_half) if more else (rest, gap - of_half)
        return order[0]

    def _gap(self, by: A, moving: NDArray[np.intp], enough: float) -> tuple[float, float]:
        """How far the two derivatives are apart when some entries move, and how far they may be.

        Args:
            by: how far each entry moves.
            moving: those that do.
            enough: an accuracy that need not be exceeded.
        """
        speed = np.zeros(by.size)
        speed[moving] = by.ravel()[moving]
        speed = speed.reshape(by.shape)
        rounding = float((np.abs(speed) * self.room).sum())
        found = self._along(speed, max(rounding, enough))
        bend = float(self.gradient.room(*(np.array([v]) for v in (0.0, found.curvature, 1.0)))[0])
        gap = found.slope.value - float((self.hand * speed).sum())
        return gap, found.slope.accuracy + rounding + bend

    def _along(self, speed: A, room: float) -> Sides:
        base, path = self.gradient.base, self.path
        dtype = leaves(base)[path].dtype
        wide = speed.astype(dtype)

        def line(by: Any) -> Any:
            return self.gradient.value(changed(base, path, lambda leaf: leaf + by * wide))

        entry = Entry(cache(line), (1.0,), self.gradient.noise or 0.0, dtype)
        if self.gradient.noise is None:
            return entry.by_all_steps()
        return entry.with_care(entry.by_smaller_steps(entry.by_few_steps(), room), room)
