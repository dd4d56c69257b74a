"""Relations of blocks whose entries are missing, in other places, or of another shape."""

from collections.abc import Iterator

import numpy as np

from autograd_ref.diagnosis.relations.relation import (
    Around,
    Array,
    Claim,
    Relation,
    Variant,
    plain,
)
from autograd_ref.tree.nest import name_of


def _transposed(around: Around) -> Array | None:
    return around.right.T if around.right.ndim > 1 else None


def _reshaped(around: Around) -> Array | None:
    right = around.right
    square = len(set(right.shape)) == 1
    return None if right.ndim < 2 or square else right.T.reshape(right.shape)


def _filled_with_its_sum(around: Around) -> Array | None:
    right = around.right
    total = right.sum()
    if right.size < 2 or abs(total) <= right.size * around.unit * np.abs(right).sum():
        return None
    return np.full_like(right, total)


def _not_summed(hand: Array, around: Around) -> Claim | None:
    if hand.ndim == 0 or hand.shape[1:] != around.right.shape:
        return None
    if around.samples and len(hand) != around.samples:
        return None
    return Claim(hand.sum(axis=0), around.right)


def _for_each_sample(around: Around) -> Iterator[Variant]:
    each = around.each() if around.samples > 1 else None
    if each is not None:
        yield Variant(each)


def _in_another_shape(hand: Array, around: Around) -> Claim | None:
    right = around.right
    if hand.size != right.size or hand.shape == right.shape:
        return None
    return Claim(hand.reshape(right.shape), right, f"{hand.shape} for {right.shape}")


def _of_another_block(hand: Array, around: Around) -> Claim | None:
    for key, other in around.others.items():
        if other.shape == hand.shape and around.close(hand, other):
            return Claim(hand, other, name_of(key))
    return None


TRANSPOSED = plain(
    "transposed",
    "right, but transposed",
    "transpose it",
    _transposed,
    hides="it is symmetric",
)

ANOTHER_BLOCK = Relation(
    "another block's gradient",
    "the gradient of {} instead",
    "put each gradient under its own name, in the order of the parameters",
    _of_another_block,
    lambda a: [Variant(other) for other in a.others.values() if other.shape == a.right.shape],
    wipes=True,
)

PLACES = (
    plain(
        "zero",
        "zero everywhere",
        "compute it and return it (an array of integers cuts off all fractions)",
        lambda a: np.zeros_like(a.right),
        wipes=True,
    ),
    TRANSPOSED,
    plain(
        "reshaped, not transposed",
        "right, but reshaped where it should be transposed",
        "use .T, not reshape",
        _reshaped,
    ),
    Relation(
        "not summed over the batch",
        "right for every sample by itself, but not summed over the batch",
        "sum over the samples: .sum(axis=0)",
        _not_summed,
        _for_each_sample,
    ),
    Relation(
        "in another shape",
        "right, but of shape {}",
        "return the shape of the parameter",
        _in_another_shape,
        lambda a: [Variant(a.right[np.newaxis])],
    ),
    ANOTHER_BLOCK,
    plain(
        "filled with the total sum",
        "filled with one number, the sum of what its entries should be",
        "sum over the samples only",
        _filled_with_its_sum,
    ),
    plain(
        "filled with its first entry",
        "filled with one number, what its first entry should be",
        "an index is too many, or too few",
        lambda a: np.full_like(a.right, a.right.flat[0]) if a.right.size > 1 else None,
    ),
    plain(
        "absolute values",
        "right except for the signs: none is negative",
        "do not take the absolute value",
        lambda a: np.abs(a.right),
        hides="no entry is negative",
    ),
)
