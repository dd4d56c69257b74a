"""Relations of blocks whose entries are missing, in other places, or of another shape."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from autograd_ref.diagnosis.relations.relation import (
    Around,
    Array,
    Claim,
    Relation,
    Variant,
    plain,
)
from autograd_ref.report.words import listed
from autograd_ref.tree.nest import name_of

MOST_AXES = 3
"""Axes over which a sum may be forgotten. Chosen: the bias of an image's layer needs three."""


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


def _not_summed_elsewhere(hand: Array, around: Around) -> Claim | None:
    """Claim that what comes back by entries that the function repeats is not added up."""
    right = around.right
    if hand.size <= right.size or (
        hand.shape[1:] == right.shape and around.samples in (0, len(hand))
    ):
        return None
    for mine, said in (*_summed_away(hand, right.shape), *_in_groups(hand, right.shape)):
        if around.close(mine, right):
            return Claim(mine, right, said)
    return None


def _summed_away(hand: Array, shape: tuple[int, ...]) -> Iterator[tuple[Array, str]]:
    """Yield an array summed over the axes that it has beyond a shape."""
    for count in range(1, min(hand.ndim, MOST_AXES) + 1):
        for over in combinations(range(hand.ndim), count):
            if tuple(n for axis, n in enumerate(hand.shape) if axis not in over) == shape:
                axes = listed([str(axis) for axis in over])
                yield hand.sum(axis=over), f"{'axis' if count == 1 else 'axes'} {axes}"


def _in_groups(hand: Array, shape: tuple[int, ...]) -> Iterator[tuple[Array, str]]:
    """Yield an array summed over what is repeated along its axes: n times in a row, or in turn."""
    if hand.ndim != len(shape) or any(
        n == 0 or m % n for m, n in zip(hand.shape, shape, strict=True)
    ):
        return
    longer = [axis for axis, n in enumerate(shape) if hand.shape[axis] != n]
    of = " and ".join(
        f"axis {a}" if shape[a] == 1 else f"{hand.shape[a] // shape[a]} at a time along axis {a}"
        for a in longer
    )
    for in_turn in (False, True):
        found = hand
        for axis in longer:
            n, times = shape[axis], found.shape[axis] // shape[axis]
            parts = (times, n) if in_turn else (n, times)
            split = found.reshape(*found.shape[:axis], *parts, *found.shape[axis + 1 :])
            found = split.sum(axis=axis if in_turn else axis + 1)
        yield found, of


def _for_each_sample(around: Around) -> Iterator[Variant]:
    each = around.each() if around.samples > 1 else None
    if each is not None:
        yield Variant(each)


def _repeated(around: Around) -> Iterator[Variant]:
    right = around.right
    yield from [Variant(np.repeat(right, 2, axis=0) / 2)] if right.ndim else []


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
        "not summed",
        "right, but not summed over {}",
        "sum over what the function repeats: a broadcast operand, the heads of a group",
        _not_summed_elsewhere,
        _repeated,
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
