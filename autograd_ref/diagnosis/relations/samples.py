"""Relations of blocks in which not every sample counts, or not every one counts once.

A sum over all samples is the sum of the sums over batches of any size. The mean of the means of
batches is the mean over all only where every batch has as many samples: otherwise the samples of
a smaller batch count for more.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograd_ref.diagnosis.relations.relation import (
    FEWEST,
    Around,
    Array,
    Claim,
    Relation,
    Variant,
    one_of,
)

SAMPLES_FIX = "every sample counts once: sum over all of them (+=, not =), and look at the slices"
SIZES_FIX = (
    "add up the sums over the samples of each batch, and divide by S once: a mean of means is that"
    " of all samples only where all batches are of one size"
)
FEW = 16
"""Entries at which a way to count the samples is looked at first. Chosen."""

NEAR = 1e-2
"""How far these may be off, relative to the largest sum over samples. Chosen: what is nearer is
compared with all entries, to rounding."""

CHANCE = 1e-2
"""Ways times units of roundoff, above which one of them may be near by chance. Chosen."""

KEPT = {0: "only the first sample", -1: "only the last sample"}
DROPPED = {0: "the first sample dropped", -1: "the last sample dropped"}


class Weighting(NamedTuple):
    """How often each sample counts, if something is done with batches."""

    weights: Array
    """(S,); 1 where a sample counts once."""
    said: str
    """Which ones, and what is done with them."""


def counted(*, alone: bool) -> str:
    """Return what the samples that count are divided by, in words."""
    return "divided by their number" if alone else "still divided by S"


def _alone(around: Around) -> Array | None:
    return around.each() if around.samples > 1 else None


def _samples(name: str, *, dropped: bool, which: int | None) -> Relation:
    def variants(around: Around) -> Iterator[Variant]:
        each = _alone(around)
        if each is None:
            return
        others = range(1, around.samples - 1)
        for i in others if which is None else [which % around.samples]:
            number = f"number {i}, " if which is None else ""
            found = around.right - each[i] if dropped else each[i]
            left = around.samples - 1 if dropped else 1
            yield Variant(found, number + counted(alone=False))
            yield Variant(found * (around.samples / left), number + counted(alone=True))

    what = f"what comes {'with' if dropped else 'of'} {name}, {{}}"
    return Relation(name, what, SAMPLES_FIX, one_of(variants), variants, hides="S = 1")


def _first(samples: int) -> Iterator[Weighting]:
    """Yield those of which the first count: a batch, or all whole ones."""
    for number in range(2, samples - 1):
        batches = -(-samples // number)
        yield from _only(np.arange(samples) < number, [batches])


def _last(samples: int) -> Iterator[Weighting]:
    """Yield those of which the last count: where each batch takes the place of the one before."""
    for number in range(2, samples - 1):
        sizes = [size for size in range(number, samples) if (samples - number) % size == 0]
        batches = [(samples - number) // size + 1 for size in sizes]
        yield from _only(np.arange(samples) >= samples - number, batches)


def _only(kept: Array, batches: list[int]) -> Iterator[Weighting]:
    samples, number = len(kept), int(kept.sum())
    part = f"{number} of {samples}"
    yield Weighting(kept.astype(np.float64), f"{part}, {counted(alone=False)}")
    mean = kept * samples / number
    yield Weighting(mean, f"{part}, {counted(alone=True)}")
    for count in batches:
        yield Weighting(mean / count, f"{part}, {counted(alone=True)} and by {count}")


def _put_together(samples: int) -> Iterator[Weighting]:
    """Yield what is made of the means of batches, of parts and of every n-th sample."""
    order = np.arange(samples)
    for size in range(2, samples):
        whole, left = divmod(samples, size)
        if left:
            means = of_means(order // size)
            of = f"of {size} samples, the last of {left}"
            yield Weighting(means / (whole + 1), f"{of}, averaged")
            yield Weighting(means, f"{of}, added up")
            yield Weighting(means / whole, f"{of}, added up and divided by {whole}")
            yield Weighting(means * size / samples, f"{of}, each weighted as one of {size}")
    for number in range(2, samples):
        least, more = divmod(samples, number)
        if more:
            of = f"of {least + 1} or {least} samples"
            for parts, said in (
                (np.sort(order % number), f"{number} parts {of}"),
                (order % number, f"slices [i::{number}] {of}"),
            ):
                yield Weighting(of_means(parts) / number, f"{said}, averaged")
                yield Weighting(of_means(parts), f"{said}, added up")


def of_means(parts: Array) -> Array:
    """Return how often each sample counts in the sum of the means of their parts."""
    return len(parts) / np.bincount(parts)[parts]


WAYS = {
    "only the first samples": _first,
    "only the last samples": _last,
    "unequal batches": _put_together,
}


@lru_cache(maxsize=len(WAYS))
def _counts(name: str, samples: int) -> tuple[Array, tuple[str, ...]]:
    """Return the ways to count so many samples wrongly, one in a row, and what is done."""
    found = [*WAYS[name](samples)]
    weights = np.reshape([count.weights for count in found], (len(found), samples))
    return weights, tuple(count.said for count in found)


def _of_batches(name: str, what: str, fix: str) -> Relation:
    def variants(around: Around) -> Iterator[Variant]:
        each = _alone(around)
        if each is not None:
            for weights, said in zip(*_counts(name, len(each)), strict=True):
                yield Variant(np.tensordot(weights, each, 1).astype(each.dtype), said)

    def claim(hand: Array, around: Around) -> Claim | None:
        each = _alone(around)
        if each is None or hand.shape != each.shape[1:]:
            return None
        weights, said = _counts(name, len(each))
        if len(weights) * around.unit > CHANCE:
            return None
        for row in np.flatnonzero(_is_near(hand, around.right, each, weights)):
            block = np.tensordot(weights[row], each, 1)
            if around.close(hand, block):
                return Claim(hand, block, said[row], weak=hand.size < FEWEST)
        return None

    return Relation(name, what, fix, claim, variants, hides="S < 4")


def _is_near(hand: Array, right: Array, each: Array, weights: Array) -> Array:
    """Tell of all ways to count at once whether the largest entries are nearly right."""
    few = np.argsort(np.abs(right), axis=None)[-FEW:]
    alone = each.reshape(len(each), -1)[:, few]
    apart = np.abs(weights @ alone - hand.ravel()[few]).max(axis=1, initial=0.0)
    size = np.abs(weights).max(axis=1) * np.abs(alone).sum(axis=0).max(initial=0.0)
    return apart <= NEAR * size


FIRST_OR_LAST = (
    *(_samples(name, dropped=False, which=which) for which, name in KEPT.items()),
    *(_samples(name, dropped=True, which=which) for which, name in DROPPED.items()),
)
BATCHES = (
    _of_batches("only the first samples", "what comes of only the first samples, {}", SAMPLES_FIX),
    _of_batches("only the last samples", "what comes of only the last samples, {}", SAMPLES_FIX),
    _of_batches("unequal batches", "what comes of the means of unequal batches, {}", SIZES_FIX),
)
SAMPLES = (
    *FIRST_OR_LAST,
    _samples("only one sample", dropped=False, which=None),
    _samples("one sample dropped", dropped=True, which=None),
    *BATCHES,
)
