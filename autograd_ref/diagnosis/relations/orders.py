"""Relations of blocks that have the right entries in another order."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from autograd_ref.diagnosis.relations.relation import (
    FEWEST,
    Around,
    Array,
    Claim,
    Relation,
    Variant,
)


def _in_another_order(hand: Array, around: Around) -> Claim | None:
    right = around.right
    if hand.shape != right.shape:
        return None
    for axis, word in enumerate(("rows", "columns")[: right.ndim]):
        order = _order(np.moveaxis(hand, axis, 0), np.moveaxis(right, axis, 0))
        reordered = np.take(right, order, axis=axis)
        if around.close(hand, reordered) and (np.diff(order) < 0).any():
            kind = "entries" if right.ndim == 1 else word
            first = ", ".join(map(str, order[:8])) + (", ..." if len(order) > 8 else "")
            return Claim(hand, reordered, f"{kind} {first}")
    return None


def _order(hand: Array, right: Array) -> NDArray[np.intp]:
    """Return where each row of hand is in right, if it is in another place at all.

    Rows are told apart by one number each, by which both sides are sorted: rows may be many.
    """
    flat = hand.reshape(len(hand), -1), right.reshape(len(right), -1)
    speeds = np.random.default_rng(0).uniform(1.0, 2.0, flat[0].shape[1])
    order = np.arange(len(hand))
    moved = np.flatnonzero((flat[0] != flat[1]).any(axis=1))  # equal rows stay where they are
    mine, theirs = (moved[np.argsort(rows[moved] @ speeds, kind="stable")] for rows in flat)
    order[mine] = theirs
    return order


def _reordered(around: Around) -> Iterator[Variant]:
    if around.right.ndim and len(around.right) > 1:
        yield Variant(np.roll(around.right, 1, axis=0))


def _in_other_places(hand: Array, around: Around) -> Claim | None:
    right = around.right
    if hand.shape != right.shape or right.size < FEWEST:
        return None
    return Claim(np.sort(hand, axis=None), np.sort(right, axis=None))


def _swapped(around: Around) -> Iterator[Variant]:
    right = around.right
    if right.ndim == 2 and min(right.shape) > 1:
        found = right.copy()
        found[0, 0], found[1, 1] = right[1, 1], right[0, 0]
        yield Variant(found)


ORDERS = (
    Relation(
        "in another order",
        "right, but in another order: {}",
        "keep the order of the parameter's own rows and columns",
        _in_another_order,
        _reordered,
    ),
    Relation(
        "in other places",
        "made of the right numbers, in other places",
        "look at reshapes, and at the order in which entries are filled in",
        _in_other_places,
        _swapped,
    ),
)
