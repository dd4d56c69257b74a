"""Entries at which a loss has a kink, each by itself, as |w| has: all between its slopes is right.

Where entries share a kink, as two that are equal do in a maximum, more is asked of them than that
each lies between its own slopes; nothing is said of those here.
"""

from typing import Any

import numpy as np

from autograd_ref.reference.differences.entries import A, Gradient, Slopes
from autograd_ref.reference.differences.entry import LARGEST
from autograd_ref.reference.differences.numerical import slope
from autograd_ref.reference.directional import typical
from autograd_ref.tree.nest import Path, rebuilt
from autograd_ref.tree.point import Results

SLOWEST = 0.5
"""The smallest part of its scale by which an entry moves. Chosen: no two move alike."""

KNOWN = 1e-3
"""How accurate a derivative along a direction has to be, relative to all jumps along it. Chosen:
what a shared kink takes of them is more."""


def between_slopes(
    gradient: Gradient, found: dict[Path, Slopes], hand: Results
) -> dict[Path, Slopes]:
    """The slopes, with the nearest that is right where an entry has a kink of its own.

    Args:
        gradient: the function, at a point.
        found: its derivatives by single entries.
        hand: the gradient under test.
    """
    some = {path for path, slopes in found.items() if slopes.kinks and path in hand}
    # of a block that is all kinks nothing else is known
    some = {path for path in some if not found[path].jumps.all()}
    if not some or not _are_their_own(gradient, found):
        return found
    return {p: _nearest(one, hand[p]) if p in some else one for p, one in found.items()}


def _nearest(slopes: Slopes, hand: A) -> Slopes:
    half, kink = np.abs(slopes.jumps) / 2, slopes.jumps != 0
    inside = np.clip(hand, slopes.values - half, slopes.values + half)
    return slopes._replace(
        values=np.where(kink, inside, slopes.values),
        accuracy=np.where(kink, slopes.blur, slopes.accuracy),
        curvature=np.where(kink, 0.0, slopes.curvature),
    )


def _are_their_own(gradient: Gradient, found: dict[Path, Slopes]) -> bool:
    """True where the slopes along directions are the sums of those by single entries."""
    count = sum(int(np.count_nonzero(slopes.jumps)) for slopes in found.values())
    random = np.random.default_rng(0)
    # any two entries move to the same side, and to different ones
    for bit in range((count - 1).bit_length() + 1) if count > 1 else ():
        for sign in (1.0, -1.0):
            if not _adds_up(gradient, found, bit, sign, random):
                return False
    return True


@np.errstate(all="ignore")
def _adds_up(
    gradient: Gradient,
    found: dict[Path, Slopes],
    bit: int,
    sign: float,
    random: np.random.Generator,
) -> bool:
    """True along one direction, in which entries at kinks move by the bits of their numbers."""
    by, number, expected, room, jumps = Results(), 0, 0.0, 0.0, 0.0
    for path, slopes in found.items():
        signs = np.full(slopes.values.shape, sign)
        at = slopes.jumps != 0
        numbers = number + np.arange(np.count_nonzero(at))
        number += len(numbers)
        # none differs in the bit zero, which is no number's
        signs[at] *= np.where((numbers << 1 >> bit) & 1, -1.0, 1.0)
        speeds = random.uniform(SLOWEST, 1.0, signs.shape) * typical(slopes.sizes)
        by[path] = signs * speeds
        own = slopes.values + np.sign(by[path]) * slopes.jumps / 2
        expected += float((own * by[path]).sum())
        error = np.where(at, slopes.blur, slopes.accuracy)
        room += float((error * speeds).sum())
        jumps += float(np.abs(slopes.jumps * speeds).sum())
    along = slope(_line(gradient, by), np.float64(LARGEST), one_sided=1)
    known = along.accuracy + room <= KNOWN * jumps
    return known and abs(along.value - expected) <= along.accuracy + room


def _line(gradient: Gradient, by: Results) -> Any:
    def moved(t: Any) -> Any:
        def move(path: Path, leaf: Any) -> Any:
            return leaf + (t * by[path]).astype(leaf.dtype) if path in by else leaf.copy()

        return gradient.value(rebuilt(gradient.base, move))

    return moved
