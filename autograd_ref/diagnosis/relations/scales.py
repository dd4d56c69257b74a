"""Relations of blocks that are off by a factor with a name."""

from collections.abc import Callable, Sequence

from autograd_ref.diagnosis.relations.relation import Around, Array, Relation, plain

ONE_SAMPLE = "S = 1"


def _times(
    name: str,
    what: str,
    fix: str,
    factor: Callable[[Around], float | None],
    hides: str = "",
) -> Relation:
    def wrong(around: Around) -> Array | None:
        found = factor(around)
        return None if found is None else found * around.right

    return plain(name, what, fix, wrong, hides=hides)


SCALES = (
    _times("sign flipped", "right except for the sign", "flip the sign", lambda _a: -1.0),
    _times(
        "1/S missing",
        "too large by a factor S, the number of samples: summed over the batch, not averaged",
        "divide by S",
        lambda a: float(a.samples) or None,
        ONE_SAMPLE,
    ),
    _times(
        "1/S twice",
        "too small by a factor S, the number of samples: divided by S once too often",
        "divide by S once less",
        lambda a: 1 / a.samples if a.samples else None,
        ONE_SAMPLE,
    ),
    _times(
        "divided by S - 1",
        "off by a factor S/(S - 1), with S samples",
        "divide by S, not S - 1",
        lambda a: a.samples / (a.samples - 1) if a.samples > 1 else None,
    ),
    _times("twice", "too large by a factor 2", "divide by 2", lambda _a: 2.0),
    _times("half", "too small by a factor 2", "multiply by 2", lambda _a: 0.5),
)


def over_counts(names: Sequence[str]) -> tuple[Relation, ...]:
    """Return the relations of a mean over one of these counts instead of, or beside, the batch."""
    return (
        *(
            _times(
                f"divided by {n}",
                f"off by a factor S/{n}",
                f"divide by S, not {n}",
                _over_count(n),
                f"S = {n}",
            )
            for n in names
        ),
        *(
            _times(
                f"divided by S {n}",
                f"off by a factor 1/{n}",
                "divide by S alone",
                _per_count(n),
                f"{n} = 1",
            )
            for n in names
        ),
    )


def _over_count(name: str) -> Callable[[Around], float | None]:
    def factor(around: Around) -> float | None:
        return around.samples / around.counts[name] if around.samples else None

    return factor


def _per_count(name: str) -> Callable[[Around], float | None]:
    return lambda around: 1 / around.counts[name]
