"""Directions along which a gradient at a kink may be further than any mixture of gradients beside.

Along the direction in which all equal entries move alike, a maximum has one slope on both sides.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

A = NDArray[np.float64]

MOST_GROUPS = 16
"""How many groups of equal entries, or rows, are tried: those that are off the most. Chosen."""

NEGLIGIBLE = 1e-6
"""The part of a gradient that is no direction any more. Chosen."""


def suspects(at: A, hand: A, reference: A, beside: Sequence[A]) -> Iterator[A]:
    """Directions whose largest entry is one; they are read with either sign.

    Args:
        at: the parameter.
        hand: the gradient under test.
        reference: another one.
        beside: gradients at points nearby, where some are known.
    """
    off = hand - reference
    signs = np.where(at < 0, -1.0, 1.0)
    equal = [np.where(np.abs(at) == size, signs, 0.0) for size in _tied(np.abs(at), off * signs)]
    same = [np.where(at == value, 1.0, 0.0) for value in _tied(at, off)]
    zeros = np.where(at == 0, hand, 0.0)
    everywhere = [off, hand, zeros, at, np.ones(at.shape), _left_by(hand, beside)]
    for direction in (*everywhere, *equal, *same, *_rows(hand, off)):
        largest = float(np.abs(direction).max(initial=0.0))
        if 0 < largest < np.inf:
            yield direction / largest


def are_alike(at: A, direction: A) -> bool:
    """True where entries that are equal move alike, or those of one size do."""
    for values, by in ((at, direction), (np.abs(at), direction * np.where(at < 0, -1.0, 1.0))):
        found, inverse = np.unique(values.ravel(), return_inverse=True)
        alike = np.zeros(found.shape)
        alike[inverse] = by.ravel()
        if (alike[inverse] == by.ravel()).all():
            return True
    return False


def _tied(values: A, off: A) -> list[float]:
    """The values that several entries have, those with the largest error in all first."""
    found, counts = np.unique(values, return_counts=True)
    sums = {float(v): abs(float(off[values == v].sum())) for v in found[counts > 1]}
    return sorted(sums, key=lambda value: -sums[value])[:MOST_GROUPS]


def _rows(hand: A, off: A) -> list[A]:
    """The gradient by one row alone, of those that are off the most: a row may have a norm."""
    if hand.ndim < 2:
        return []
    sizes = np.abs(off).reshape(len(off), -1).sum(axis=1)
    order = np.argsort(-sizes)[:MOST_GROUPS]
    found = [np.zeros(hand.shape) for _row in order]
    for row, direction in zip(order, found, strict=True):
        direction[row] = hand[row]
    return found


def _left_by(hand: A, beside: Sequence[A]) -> A:
    """The part of the gradient under test across all differences of the others."""
    if len(beside) < 2:
        return np.zeros(hand.shape)
    first, *others = (one.ravel() for one in beside)
    left = hand.ravel() - first
    spanned = np.stack([other - first for other in others], axis=1)
    weights = np.linalg.lstsq(spanned, left, rcond=None)[0]
    rest = (left - spanned @ weights).reshape(hand.shape)
    least = NEGLIGIBLE * float(np.abs(left).max(initial=0.0))
    return rest if float(np.abs(rest).max(initial=0.0)) > least else np.zeros(hand.shape)
