"""Relations of blocks in which not every sample counts."""

from collections.abc import Iterator

from autograd_ref.diagnosis.relations.relation import Around, Relation, Variant, one_of

SAMPLES_FIX = "every sample counts once: sum over all of them (+=, not =), and look at the slices"
KEPT = {0: "only the first sample", -1: "only the last sample"}
DROPPED = {0: "the first sample dropped", -1: "the last sample dropped"}


def counted(*, alone: bool) -> str:
    """Return what the samples that count are divided by, in words."""
    return "divided by their number" if alone else "still divided by S"


def _samples(name: str, *, dropped: bool, which: int | None) -> Relation:
    def variants(around: Around) -> Iterator[Variant]:
        each = around.each() if around.samples > 1 else None
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


FIRST_OR_LAST = (
    *(_samples(name, dropped=False, which=which) for which, name in KEPT.items()),
    *(_samples(name, dropped=True, which=which) for which, name in DROPPED.items()),
)
SAMPLES = (
    *FIRST_OR_LAST,
    _samples("only one sample", dropped=False, which=None),
    _samples("one sample dropped", dropped=True, which=None),
)
