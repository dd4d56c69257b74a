"""Relations with a number that is not known beforehand, and is fitted."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from autograd_ref.diagnosis.relations.relation import (
    FEWEST,
    Around,
    Array,
    Claim,
    Relation,
    Variant,
)
from autograd_ref.tree.number_format import BFLOAT16, NumberFormat, of_dtype


def slope_of(y: Array, x: Array) -> float:
    """Return the slope of the line through the origin, by least squares, without overflow."""
    size = float(np.abs(x).max(initial=0.0)) or 1.0
    scaled = x / size
    square = float(np.vdot(scaled, scaled))
    return float(np.vdot(scaled, y)) / square / size if square > 0 else 0.0


def _by_a_factor(hand: Array, around: Around) -> Claim | None:
    if hand.shape != around.right.shape:
        return None
    factor = slope_of(hand, around.right)
    if factor == 0:
        return None
    sign = "-" if factor < 1 else "+"
    near = f"1 {sign} {abs(factor - 1):.1g}"
    detail = near if abs(factor - 1) < NEAR_ONE else f"{factor:.4g}"
    return Claim(hand, factor * around.right, detail, weak=hand.size < FEWEST)


def _by_the_parameter(hand: Array, around: Around) -> Claim | None:
    shapes = {hand.shape, around.right.shape, around.parameter.shape}
    if len(shapes) > 1:
        return None
    rate = slope_of(hand - around.right, around.parameter)
    how = "missing" if rate < 0 else "added"
    right = around.right + rate * around.parameter
    detail = f"{abs(rate):.4g} times the parameter is {how}"
    return Claim(hand, right, detail, weak=hand.size < FEWEST)


def _by_a_typed_part(hand: Array, around: Around) -> Claim | None:
    claim = _by_the_parameter(hand, around)
    assert claim is not None, "it is asked for beside a factor, which has the shape"
    rate = slope_of(hand - around.right, around.parameter)
    right = around.right + float(f"{rate:.1g}") * around.parameter
    return claim._replace(right=right)


NEAR_ONE = 1e-3
"""A factor closer to one is given as 1 + x or 1 - x."""

NARROWER = (BFLOAT16, of_dtype(np.float16), of_dtype(np.float32))


def _in_lower_precision(hand: Array, around: Around) -> Claim | None:
    """Claim that all numbers are of a narrower format, and right to its precision."""
    if hand.shape != around.right.shape:
        return None
    for number in NARROWER:
        coarser = number.unit / around.unit
        if coarser > 1 and np.array_equal(_rounded_down(hand, number), hand):
            return Claim(hand, around.right, number.name, coarser, hand.size < FEWEST)
    return None


def _rounded_down(values: Array, number: NumberFormat) -> Array:
    """Return values without the digits that a format lacks."""
    with np.errstate(over="ignore", invalid="ignore"):
        if number is not BFLOAT16:
            return values.astype(number.name).astype(values.dtype)
        bits = values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
        return bits.view(np.float32).astype(values.dtype)


def _narrowed(around: Around) -> Iterator[Variant]:
    yield Variant(around.right.astype(np.float32).astype(around.right.dtype))


def _decayed(around: Around) -> Iterator[Variant]:
    if around.right.shape == around.parameter.shape:
        yield Variant(around.right + 1e-3 * around.parameter)


IN_LOWER_PRECISION = Relation(
    "in lower precision",
    "right, but only to the precision of {}",
    "look for a dtype=, an array made without one, or a library that computes in its own",
    _in_lower_precision,
    _narrowed,
)

NUMBER_FORMAT = "the number format"
"""The cause of what is right in float64: of what is computed there, and of no relation to it."""

A_CONSTANT_FACTOR = Relation(
    "a constant factor",
    "off by a factor {}",
    "find the factor: it is the same for every entry",
    _by_a_factor,
    lambda a: [Variant(1.01 * a.right)],
)

WEIGHT_DECAY = Relation(
    "weight decay",
    "right, except that {}",
    "weight decay belongs in the loss and its gradient alike, with the same factor",
    _by_the_parameter,
    _decayed,
    hides="the parameter is zero",
)

FITTED = IN_LOWER_PRECISION, A_CONSTANT_FACTOR, WEIGHT_DECAY

BESIDE_A_FACTOR = (
    IN_LOWER_PRECISION,
    A_CONSTANT_FACTOR,
    replace(WEIGHT_DECAY, claim=_by_a_typed_part),
)
"""The relations where a factor explains the same, as of a gradient proportional to its parameter:
then weight decay needs a number that people type."""
