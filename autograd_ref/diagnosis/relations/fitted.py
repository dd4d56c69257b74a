"""Blocks that are wrong by a number that is not known beforehand, and is fitted."""

from collections.abc import Iterator

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.diagnosis.relations.relation import (
    EVERYWHERE,
    FEWEST,
    WEIGHTS,
    Around,
    Claim,
    Relation,
    Way,
)


def _slope(y: A, x: A) -> float:
    """That of the line through the origin, by least squares, without overflow."""
    size = float(np.abs(x).max(initial=0.0)) or 1.0
    scaled = x / size
    square = float(np.vdot(scaled, scaled))
    return float(np.vdot(scaled, y)) / square / size if square > 0 else 0.0


def _by_a_factor(hand: A, around: Around) -> Claim | None:
    if hand.shape != around.right.shape:
        return None
    factor = _slope(hand, around.right)
    if factor == 0:
        return None
    detail = f"1 {factor - 1:+.1g}" if abs(factor - 1) < NEAR_ONE else f"{factor:.4g}"
    return Claim(hand, factor * around.right, detail, weak=hand.size < FEWEST)


def _by_the_parameter(hand: A, around: Around) -> Claim | None:
    shapes = {hand.shape, around.right.shape, around.parameter.shape}
    if len(shapes) > 1:
        return None
    rate = _slope(hand - around.right, around.parameter)
    how = "is missing" if rate < 0 else "is added"
    right = around.right + rate * around.parameter
    detail = f"{abs(rate):.4g} times the parameter, which {how}"
    return Claim(hand, right, detail, weak=hand.size < FEWEST)


NEAR_ONE = 1e-3
"""A factor as near to one is given by what it is off."""

NARROWER = (np.float16, np.float32)


def _in_lower_precision(hand: A, around: Around) -> Claim | None:
    """All numbers are of a narrower format, and right as far as that can be."""
    if hand.shape != around.right.shape:
        return None
    for kind in NARROWER:
        coarser = float(np.finfo(kind).eps) / around.unit / 2
        with np.errstate(over="ignore"):
            if coarser > 1 and np.array_equal(hand.astype(kind).astype(hand.dtype), hand):
                return Claim(hand, around.right, np.dtype(kind).name, coarser, hand.size < FEWEST)
    return None


def _narrowed(around: Around) -> Iterator[Way]:
    yield Way(around.right.astype(np.float32).astype(around.right.dtype))


def _decayed(around: Around) -> Iterator[Way]:
    if around.right.shape == around.parameter.shape:
        yield Way(around.right + 1e-3 * around.parameter)


IN_LOWER_PRECISION = Relation(
    "in lower precision",
    "right, but only to the precision of {}",
    "look for a dtype=, an array made without one, or a library that computes in its own",
    _in_lower_precision,
    _narrowed,
    places=(*EVERYWHERE, ("W0",)),
)

A_CONSTANT_FACTOR = Relation(
    "a constant factor",
    "right but for a factor {}",
    "a factor is wrong, the same for every entry",
    _by_a_factor,
    lambda a: [Way(1.01 * a.right)],
    places=(*EVERYWHERE, WEIGHTS),
)

FITTED = (
    IN_LOWER_PRECISION,
    A_CONSTANT_FACTOR,
    Relation(
        "weight decay",
        "right but for {}",
        "weight decay belongs in the loss and its gradient alike, with the same factor",
        _by_the_parameter,
        _decayed,
        places=(*EVERYWHERE, WEIGHTS),
        hides="the parameter is zero",
    ),
)
