"""Blocks in which not every sample counts."""

from collections.abc import Iterator

from autograd_ref.diagnosis.relations.relation import (
    EACH_BIAS,
    EVERYWHERE,
    Around,
    Relation,
    Way,
    one_of,
)

SAMPLES_FIX = "every sample counts once: sum over all of them (+=, not =), and look at the slices"
KEPT = {0: "only the first sample", -1: "only the last sample"}
DROPPED = {0: "the first sample dropped", -1: "the last sample dropped"}


def counted(*, alone: bool) -> str:
    """What the samples that count are divided by."""
    return "divided by their number" if alone else "still divided by S"


def _samples(name: str, *, dropped: bool, which: int | None) -> Relation:
    def ways(around: Around) -> Iterator[Way]:
        each = around.each() if around.samples > 1 else None
        if each is None:
            return
        others = range(1, around.samples - 1)
        for i in others if which is None else [which % around.samples]:
            number = f"number {i}, " if which is None else ""
            found = around.right - each[i] if dropped else each[i]
            left = around.samples - 1 if dropped else 1
            yield Way(found, number + counted(alone=False))
            yield Way(found * (around.samples / left), number + counted(alone=True))

    # what is kept of a loop over samples is its last turn, in one block as in all
    places = EVERYWHERE if name != KEPT[-1] else (*EVERYWHERE, *EACH_BIAS)
    what = f"what comes {'with' if dropped else 'of'} {name}, {{}}"
    return Relation(name, what, SAMPLES_FIX, one_of(ways), ways, places=places, hides="S = 1")


FIRST_OR_LAST = (
    *(_samples(name, dropped=False, which=which) for which, name in KEPT.items()),
    *(_samples(name, dropped=True, which=which) for which, name in DROPPED.items()),
)
SAMPLES = (
    *FIRST_OR_LAST,
    _samples("only one sample", dropped=False, which=None),
    _samples("one sample dropped", dropped=True, which=None),
)
