"""Blocks with the right entries in another order."""

from collections.abc import Iterator

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.diagnosis.relations.relation import (
    EACH_WEIGHT,
    FEWEST,
    Around,
    Claim,
    Close,
    Relation,
    Way,
)


def _in_another_order(hand: A, around: Around) -> Claim | None:
    right = around.right
    if hand.shape != right.shape:
        return None
    for axis, word in enumerate(("rows", "columns")[: right.ndim]):
        order = _order(np.moveaxis(hand, axis, 0), np.moveaxis(right, axis, 0), around.close)
        if order is not None:
            kind = "entries" if right.ndim == 1 else word
            first = ", ".join(map(str, order[:8])) + (", ..." if len(order) > 8 else "")
            return Claim(hand, np.take(right, order, axis=axis), f"{kind} {first}")
    return None


def _order(hand: A, right: A, close: Close) -> list[int] | None:
    """Which row of the one is where in the other; None where they are not the same rows."""
    left = list(range(len(right)))
    order: list[int] = []
    for row in hand:
        nearest = min(left, key=lambda i: float(np.abs(right[i] - row).max(initial=0.0)))
        if not close(row, right[nearest]):
            return None
        left.remove(nearest)
        order.append(nearest)
    return None if order == sorted(order) else order


def _order_ways(around: Around) -> Iterator[Way]:
    if around.right.ndim and len(around.right) > 1:
        yield Way(np.roll(around.right, 1, axis=0))


def _in_other_places(hand: A, around: Around) -> Claim | None:
    right = around.right
    if hand.shape != right.shape or right.size < FEWEST:
        return None
    return Claim(np.sort(hand, axis=None), np.sort(right, axis=None))


def _other_places_ways(around: Around) -> Iterator[Way]:
    right = around.right
    if right.ndim == 2 and min(right.shape) > 1:
        found = right.copy()
        found[0, 0], found[1, 1] = right[1, 1], right[0, 0]
        yield Way(found)


ORDERS = (
    Relation(
        "in another order",
        "right, but in another order: {}",
        "loop in the order of the parameters (rows of W0, b0 and columns of W1 are hidden units)",
        _in_another_order,
        _order_ways,
        places=(("W0", "b0"), ("W0",)),
    ),
    Relation(
        "in other places",
        "made of the right numbers, in other places",
        "look at reshapes, and at the order in which entries are filled in",
        _in_other_places,
        _other_places_ways,
        places=EACH_WEIGHT,
    ),
)
