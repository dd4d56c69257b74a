"""The counts, by family and in all."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.table import Table

from tests.mass.examine import Outcome

RIGHT = ("match", "accused", "inconclusive", "stated", "unearned", "raised")
WRONG = ("found", "passed", "below", "inconclusive", "none", "raised")
FINE = 1e-9
"""The resolution that nearly all checks in float64 have to have."""


def kind(outcome: Outcome) -> str:
    """The sort of check, over all families."""
    return f"{outcome.check.loss} {outcome.check.dtype}"


def row(name: str, outcomes: Sequence[Outcome], columns: Sequence[str]) -> list[str]:
    """The counts of some checks."""
    counts = Counter(outcome.result for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    cells = [str(counts[column] or "") for column in columns]
    return [name, str(len(outcomes)), *cells, f"{seconds:.1f}"]


def by(key: str, outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes by family or kind."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        name = outcome.check.family if key == "family" else kind(outcome)
        groups.setdefault(name, []).append(outcome)
    return dict(sorted(groups.items()))


def table(outcomes: Sequence[Outcome], *, injected: bool) -> Table:
    """A row for every family, one for every kind of check, and the total."""
    columns = WRONG if injected else RIGHT
    shown = Table(box=None, padding=(0, 1))
    shown.add_column("family", no_wrap=True)
    for column in ("problems", *columns, "seconds"):
        shown.add_column(column, justify="right", no_wrap=True)
    for key in ("family", "kind"):
        for name, group in by(key, outcomes).items():
            shown.add_row(*row(name, group, columns))
        shown.add_section()
        shown.add_row()
    shown.add_row(*row("all", outcomes, columns))
    return shown


def resolved(outcomes: Iterable[Outcome]) -> str:
    """How many of the checks in float64 state a fine resolution."""
    found = [o for o in outcomes if o.check.dtype == "float64" and o.resolution is not None]
    fine = sum(outcome.resolution is not None and outcome.resolution < FINE for outcome in found)
    share = 100 * fine / len(found) if found else 100
    of_all = f"{fine} of {len(found)} in float64 ({share:.1f} %)"
    return f"A resolution below {FINE:g} is stated in {of_all}."


def noted(outcomes: Iterable[Outcome]) -> str:
    """The remarks on gradients that match, and how often: mostly, they are not so."""
    matches = [outcome.notes for outcome in outcomes if outcome.result == "match"]
    counts = Counter(kind for notes in matches if notes for kind in notes.split(", "))
    listed = ", ".join(f"{kind} ({count})" for kind, count in counts.most_common())
    return f"Remarks on gradients that match: {listed or 'none'}."
