"""Blocks that are right but for a factor that can be named."""

from collections.abc import Callable

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.diagnosis.relations.relation import (
    BIASES,
    EACH_BIAS,
    EACH_WEIGHT,
    EVERYWHERE,
    Around,
    Places,
    Relation,
    plain,
)


def _times(
    name: str,
    what: str,
    fix: str,
    factor: Callable[[Around], float | None],
    places: Places = EVERYWHERE,
    hides: str = "",
) -> Relation:
    def wrong(around: Around) -> A | None:
        found = factor(around)
        return None if found is None else found * around.right

    return plain(name, what, fix, wrong, places, hides=hides)


def _over_count(name: str) -> Callable[[Around], float | None]:
    def factor(around: Around) -> float | None:
        count = around.counts.get(name)
        return None if not count or not around.samples else around.samples / count

    return factor


def _per_count(name: str) -> Callable[[Around], float | None]:
    def factor(around: Around) -> float | None:
        count = around.counts.get(name)
        return None if not count else 1 / count

    return factor


ONE_SAMPLE = "S = 1"
EACH: Places = (*EVERYWHERE, *EACH_WEIGHT, *EACH_BIAS)
COUNTS = ("N_I", "N_H", "N_O")

SCALES = (
    _times("sign flipped", "right but for the sign", "turn the sign", lambda _a: -1.0, EACH),
    _times(
        "1/S missing",
        "right but for a factor S: summed over the batch, not averaged",
        "divide by S",
        lambda a: float(a.samples) or None,
        hides=ONE_SAMPLE,
    ),
    _times(
        "1/S twice",
        "right but for a factor 1/S: averaged over the batch twice",
        "divide by S once: e2 may hold it already",
        lambda a: 1 / a.samples if a.samples else None,
        (*EVERYWHERE, BIASES),
        ONE_SAMPLE,
    ),
    _times(
        "divided by S - 1",
        "right but for a factor S/(S - 1)",
        "divide by S, not S - 1",
        lambda a: a.samples / (a.samples - 1) if a.samples > 1 else None,
    ),
    _times("twice", "right but for a factor 2", "a factor 2 is too many", lambda _a: 2.0, EACH),
    _times("half", "right but for a factor 1/2", "a factor 1/2 is too many", lambda _a: 0.5, EACH),
    *(
        _times(
            f"divided by {n}",
            f"right but for a factor S/{n}",
            f"divide by S, not {n}",
            _over_count(n),
            hides=f"S = {n}",
        )
        for n in COUNTS
    ),
    *(
        _times(
            f"divided by S {n}",
            f"right but for a factor 1/{n}",
            "divide by S alone",
            _per_count(n),
            hides=f"{n} = 1",
        )
        for n in COUNTS
    ),
)
