"""Blocks whose entries are missing, in other places, or of another shape."""

from collections.abc import Iterator

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.diagnosis.relations.relation import (
    BIASES,
    EACH_BIAS,
    EACH_WEIGHT,
    WEIGHTS,
    Around,
    Claim,
    Relation,
    Way,
    plain,
)
from autograd_ref.tree.nest import name_of


def _transposed(around: Around) -> A | None:
    return around.right.T if around.right.ndim > 1 else None


def _reshaped(around: Around) -> A | None:
    right = around.right
    square = len(set(right.shape)) == 1
    return None if right.ndim < 2 or square else right.T.reshape(right.shape)


def _filled_with_its_sum(around: Around) -> A | None:
    right = around.right
    total = right.sum()
    if right.size < 2 or abs(total) <= right.size * around.unit * np.abs(right).sum():
        return None
    return np.full_like(right, total)


def _not_summed(hand: A, around: Around) -> Claim | None:
    if hand.ndim == 0 or hand.shape[1:] != around.right.shape:
        return None
    if around.samples and len(hand) != around.samples:
        return None
    return Claim(hand.sum(axis=0), around.right)


def _not_summed_ways(around: Around) -> Iterator[Way]:
    each = around.each() if around.samples > 1 else None
    if each is not None:
        yield Way(each)


def _in_another_shape(hand: A, around: Around) -> Claim | None:
    right = around.right
    if hand.size != right.size or hand.shape == right.shape:
        return None
    return Claim(hand.reshape(right.shape), right, f"{hand.shape} for {right.shape}")


def _of_another_block(hand: A, around: Around) -> Claim | None:
    for name, other in around.others.items():
        if other.shape == hand.shape and around.close(hand, other):
            return Claim(hand, other, name_of(name))
    return None


TRANSPOSED = plain(
    "transposed",
    "right, but transposed",
    "transpose it",
    _transposed,
    EACH_WEIGHT,
    hides="it is symmetric",
)

ANOTHER_BLOCK = Relation(
    "another block's gradient",
    "not there: in its place is the gradient of {}",
    "put each gradient under its own name, in the order of the parameters",
    _of_another_block,
    lambda a: [Way(other) for other in a.others.values() if other.shape == a.right.shape],
    wipes=True,
    places=(WEIGHTS, BIASES),
)

PLACES = (
    plain(
        "zero",
        "zero everywhere",
        "it has to be worked out, and returned (an array of integers cuts off all fractions)",
        lambda a: np.zeros_like(a.right),
        (*EACH_WEIGHT, *EACH_BIAS),
        wipes=True,
    ),
    TRANSPOSED,
    plain(
        "reshaped, not transposed",
        "right, but reshaped where it should be transposed",
        "use .T, not reshape",
        _reshaped,
        EACH_WEIGHT,
    ),
    Relation(
        "not summed over the batch",
        "right for every sample by itself, but not summed over the batch",
        "sum over the samples: .sum(axis=0)",
        _not_summed,
        _not_summed_ways,
        places=EACH_BIAS,
    ),
    Relation(
        "in another shape",
        "right, but of shape {}",
        "return the shape of the parameter",
        _in_another_shape,
        lambda a: [Way(a.right[np.newaxis])],
        places=EACH_BIAS,
    ),
    ANOTHER_BLOCK,
    plain(
        "filled with the total sum",
        "filled with one number, the sum of what its entries should be",
        "sum over the samples only: .sum(axis=0)",
        _filled_with_its_sum,
        (("b0",),),  # the sum of b1 is zero
    ),
    plain(
        "filled with its first entry",
        "filled with one number, what its first entry should be",
        "an index is too many, or too few",
        lambda a: np.full_like(a.right, a.right.flat[0]) if a.right.size > 1 else None,
        EACH_BIAS,
    ),
    plain(
        "absolute values",
        "right but for the signs: none is negative",
        "do not take the absolute value",
        lambda a: np.abs(a.right),
        EACH_WEIGHT,
        hides="no entry is negative",
    ),
)
