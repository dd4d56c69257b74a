"""A kink of the loss: its gradient jumps when the point moves by a hair.

Neither side is wrong that lies between the slopes on the two sides of a kink. A kink is looked for
towards the gradient under test and away from it first, and then at random; every entry moves by a
distance of its own, so that no two that are equal stay so.
"""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.trial import Trial
from autograd_ref.reference.differences.nearby import STEP
from autograd_ref.reference.directional import in_proportion
from autograd_ref.tree.leaf import as_array, is_real
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Results
from autograd_ref.user_code import Raised, attempt

JUMP = 0.5
"""The part of its change over a distance that a gradient has to make over a hundredth of it in
order to jump: a smooth one makes less, one that jumps makes all of it. Chosen."""

NOISE = 10.0
"""How many tolerances a jump has to have, in order to be none of rounding's. Chosen."""

DISTANCES, BY_DIFFERENCES = (1e-10, 1e-12), (1e-4, 1e-6)
"""By how much the point moves, relative to each entry; with the second, differences have room for
their steps. Chosen."""

SEEN = 1e-3
"""The smallest jump, relative to the largest entry, that is told from the noise of a difference.
Chosen."""

ROUNDED = 1e-3
"""How far beyond a jump a gradient may be that has taken the one side and rounded. Chosen."""

VISIBLE = 0.03
"""The part of an error that a gradient has to move by for it to be looked at more closely: at a
kink it moves by the error, or more. Chosen."""

PAIRS = 4
"""How often a point moves there and back at random."""

MOST_SLOPES = 512
"""How many gradients are taken where each shows more entries between the sides of a kink: of those
that are equal, one at least. Chosen: enough for a hundred that are equal."""

LEAST_PART = 0.5
"""The smallest part of its distance by which an entry moves. Chosen."""

IN_VAIN = 8
"""How often some entries are moved among the others before they are given up. Chosen: the middle
one of three that are equal is met about every other time, the second of five likewise."""

AT_A_KINK = (
    "The loss has a kink here, as ReLU has at exactly 0: its gradient jumps when the point moves by"
    " a hair, and the gradient under test lies between. Neither side is wrong; check at another"
    " point."
)

A = NDArray[np.float64]


class Disagreement(NamedTuple):
    """A block that differs from its reference."""

    hand: A
    reference: A
    tolerance: A
    off: NDArray[np.bool_]
    """The entries beyond their tolerance."""
    least: float = 0.0
    """The smallest jump that can be seen."""


Slopes = Callable[[Path], A]
"""The gradient by each block, somewhere."""


class Move(NamedTuple):
    """Where to look: the parts of its own size by which each entry moves, and a side of kinks."""

    parts: Results
    side: int = 0


class Kinks:
    """The reference gradients beside a point, evaluated when they are asked for, and kept.

    Args:
        trial: the point, and the reference.
        answer: the gradient under test, towards which to look.
    """

    def __init__(self, trial: Trial, answer: Answer) -> None:
        self._trial, self._answer = trial, answer
        self._random = np.random.default_rng(trial.options.seed)
        self._found: dict[tuple[int, float], Slopes] = {}
        self._blind = trial.reference.blind

    def between(self, path: Path, block: Disagreement) -> bool:
        """True where all entries that are off lie between slopes that jump."""
        exact = self._trial.exact
        if self._trial.reference.around is None or exact.unseen:
            return False
        if self._met:
            block = told_from_the_jump(block)
        if self._blind:
            block = told_from_noise(block, self._noise_of_slopes(path))
            error = np.abs(block.hand - block.reference)
            if not (NOISE * block.tolerance < error)[block.off].all():
                return False
        found = attempt(lambda: self._between(path, block))
        return not isinstance(found, Raised) and found

    def beside(self, path: Path) -> list[A]:
        """The gradients by one block after all moves; none where they are differences."""
        nearest = min(self._distances)
        moves = range(0 if self._blind else len(self._moves))
        return [self._slopes(number, nearest)(path) for number in moves]

    def _between(self, path: Path, block: Disagreement) -> bool:
        far, near = self._distances
        first = [self._slopes(i, near)(path) for i in self._first]
        if not may_jump(block, first):
            return False
        further = [self._slopes(i, far)(path) for i in self._first]
        if not jumps(block, (further, first)).any():
            return False
        slopes = [
            [self._slopes(i, distance)(path) for i in range(len(self._moves))]
            for distance in (far, near)
        ]
        left, in_vain = block.off & ~between_slopes(block, (slopes[0], slopes[1])), 0
        while left.any():
            slopes[1] += [
                self._evaluated(move, near)(path) for move in self._alone(path, left, in_vain)
            ]
            before, left = left, left & ~between_slopes(block, (slopes[0], slopes[1]))
            in_vain = in_vain + 1 if left.sum() == before.sum() else 0
            if in_vain == IN_VAIN or len(slopes[1]) > MOST_SLOPES:
                return False
        return True

    @cached_property
    def _moves(self) -> list[Move]:
        """Towards the gradient under test and away from it, at random there and back, and none."""
        pairs = [self._towards(), *(self._anywhere() for _pair in range(PAIRS))]
        moves = [Move(_times(parts, sign)) for parts in pairs for sign in (1.0, -1.0)]
        return moves if self._blind else [*moves, Move({}, 1), Move({}, -1)]

    @property
    def _first(self) -> list[int]:
        """The few of them that show whether there is anything to be seen.

        Of two that are equal, one is the larger after a move, and the other after the opposite: one
        of the two choices is not the reference's.
        """
        last = len(self._moves)
        return [0, 1, *((last - 2, last - 1) if self._met else ())]

    @property
    def _met(self) -> bool:
        """True where the reference knows that it meets a kink exactly."""
        notes = self._trial.exact.notes
        return not self._blind and any(note.kind == "kink" for note in notes)

    @property
    def _distances(self) -> tuple[float, float]:
        return BY_DIFFERENCES if self._blind else DISTANCES

    def _noise_of_slopes(self, path: Path) -> A:
        """How much rounding scatters the slopes by the entries of a block, beside the point."""
        leaf = leaves(self._trial.point.parameters)[path]
        shape: tuple[int, ...] = as_array(leaf).shape
        moves = in_proportion(leaf, np.full(shape, LEAST_PART))
        return self._trial.exact.noise / (STEP * self._distances[1] * moves)

    def _slopes(self, number: int, distance: float) -> Slopes:
        """The gradients after one of the moves."""
        key = number, distance
        if key not in self._found:
            self._found[key] = self._evaluated(self._moves[number], distance)
        return self._found[key]

    def _evaluated(self, move: Move, distance: float) -> Slopes:
        around = self._trial.reference.around
        assert around is not None, "nothing is moved without it"
        parameters = leaves(self._trial.point.parameters)
        nowhere = np.zeros(())
        by = {
            path: distance * in_proportion(leaf, move.parts.get(path, nowhere))
            for path, leaf in parameters.items()
        }
        return around(self._trial.point, by, move.side)

    def _towards(self) -> Results:
        """Where the gradient under test is larger, up; where it is smaller, down; else anywhere."""
        anywhere, found = self._anywhere(), dict[Path, A]()
        for path, parts in anywhere.items():
            signs = self._signs(path)
            found[path] = np.where(signs == 0, parts, signs * np.abs(parts))
        return found

    def _signs(self, path: Path) -> A:
        hand, reference = self._answer.gradients.get(path), self._trial.exact.gradients[path]
        if hand is None or hand.shape != reference.shape or not is_real(hand):
            return np.zeros(reference.shape)
        difference = hand.astype(np.float64) - reference
        largest = float(np.abs(reference).max(initial=0.0))
        return np.where(np.abs(difference) > DISTANCES[0] * largest, np.sign(difference), 0.0)

    def _anywhere(self) -> Results:
        shapes = {p: as_array(leaf).shape for p, leaf in leaves(self._trial.point[0]).items()}
        return {
            path: self._random.choice([-1.0, 1.0], shape) * self._sizes(shape)
            for path, shape in shapes.items()
        }

    def _alone(self, path: Path, left: NDArray[np.bool_], in_vain: int) -> list[Move]:
        """Some entries up, and down; and among the others, half of which go up, or any part."""
        part = self._random.random() if in_vain % 2 else 0.5
        up = left * self._sizes(left.shape)
        order = self._random.permutation(left.size).reshape(left.shape)
        rank = np.where(left, left.size, order).ravel().argsort().argsort().reshape(left.shape)
        up_to = part * np.count_nonzero(~left)
        others = np.where(rank < up_to, 1.0, -1.0) * self._sizes(left.shape)
        among = np.where(left, up / 8 * self._random.choice([-1.0, 1.0], left.shape), others)
        return [Move({path: sign * parts}) for parts in (up, among) for sign in (1.0, -1.0)]

    def _sizes(self, shape: tuple[int, ...]) -> A:
        """Distances of their own, of which no two are equal."""
        return self._random.uniform(LEAST_PART, 1.0, shape)


def told_from_the_jump(block: Disagreement) -> Disagreement:
    """A disagreement at a kink that is met exactly: rounding to its other side is in the tolerance.

    What is off is no noise, so that half of the error is enough for a jump.
    """
    error = np.abs(block.hand - block.reference) / (2 * NOISE)
    tolerance = np.where(block.off, np.minimum(block.tolerance, error), block.tolerance)
    return block._replace(tolerance=tolerance)


def told_from_noise(block: Disagreement, noise: A) -> Disagreement:
    """A disagreement beside slopes that are differences; the tolerance may have the jump in it."""
    least = SEEN * float(np.abs([block.reference, block.hand]).max(initial=0.0))
    tolerance = np.maximum(np.minimum(block.tolerance, least / NOISE), noise)
    return block._replace(tolerance=tolerance, least=least)


def may_jump(block: Disagreement, near: list[A]) -> bool:
    """True where an entry moves by more than rounding, and by enough to matter to the error."""
    width = np.ptp(np.stack([block.reference, *near]), axis=0)
    error = float(np.abs(block.hand - block.reference)[block.off].max())
    seen = np.maximum(NOISE * block.tolerance, block.least)
    return bool(((width > seen) & (width > VISIBLE * error)).any())


def between_slopes(block: Disagreement, slopes: tuple[list[A], list[A]]) -> NDArray[np.bool_]:
    """Where an entry lies between slopes that jump.

    Args:
        block: one block that differs.
        slopes: gradients at the larger and at the smaller of two distances.
    """
    near = np.stack([block.reference, *slopes[1]])
    low, high = near.min(axis=0), near.max(axis=0)
    slack = NOISE * block.tolerance + ROUNDED * (high - low)
    inside = (block.hand >= low - slack) & (block.hand <= high + slack)
    return jumps(block, slopes) & inside


def jumps(block: Disagreement, slopes: tuple[list[A], list[A]]) -> NDArray[np.bool_]:
    """Where an entry makes most of its change over the smaller distance; the same arguments."""
    far, near = (np.ptp(np.stack([block.reference, *side]), axis=0) for side in slopes)
    return (near > JUMP * far) & (near > np.maximum(NOISE * block.tolerance, block.least))


def _times(parts: Results, sign: float) -> Results:
    return {path: sign * part for path, part in parts.items()}
