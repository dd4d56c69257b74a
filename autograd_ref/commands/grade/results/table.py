"""The grades as text: the answer first, a row a submission, then what the class got wrong."""

from collections.abc import Sequence
from statistics import mean

from autograd_ref.commands.grade.graded import RIGHT, Graded, mistake_of, mistakes
from autograd_ref.commands.paragraphs import counted, filled
from autograd_ref.report.table import PLAIN, Display, shortened, table

LONG = 6
"""Letters of the name of a part in the head of the table."""
WIDEST_NAME = 20
NARROWEST = 12
"""Columns that what is said keeps; a student's page says it whole."""


def as_text(all_: Sequence[Graded], left: int = 0, display: Display = PLAIN) -> str:
    """The text; `left` submissions were not graded."""
    parts = [filled(_summary(all_, left), display)]
    if all_:
        parts += [_table(all_, display), _mistakes(all_, display)]
    parts += _flags(all_, display)
    return "\n\n".join(parts) + "\n"


def points(value: float) -> str:
    """Points as people write them.

    >>> points(2.0), points(1.6), points(1 / 3)
    ('2', '1.6', '0.33')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def said_of(one: Graded) -> str:
    """The outcome of a submission, in one line."""
    if one.score.zeroed:
        return f"no points: {one.score.review}"
    if one.outcome.error:
        return " ".join(one.outcome.error.split())
    return mistake_of(one)


def _summary(all_: Sequence[Graded], left: int) -> str:
    rest = f" {counted(left, 'submission')} not graded yet: --resume goes on." if left else ""
    if not all_:
        return f"No submission was graded.{rest}"
    right = sum(mistake_of(one) == RIGHT for one in all_)
    average = points(mean(one.score.points for one in all_))
    return (
        f"{counted(len(all_), 'submission')} graded, {right} of them right;"
        f" {average} of {points(all_[0].score.most)} points on average.{rest}"
    )


def _table(all_: Sequence[Graded], display: Display) -> str:
    names = [part.name for part in all_[0].score.parts]
    titles = [name if len(name) < LONG else f"{name[: LONG - 1]}." for name in names]
    header = ("submission", "points", *titles)
    numbers = range(1, len(header))
    rows = [
        (
            shortened(one.submission.name, WIDEST_NAME),
            points(one.score.points),
            *(points(part.points) for part in one.score.parts),
        )
        for one in all_
    ]
    columns = zip(header, *rows, strict=True)
    taken = sum(2 + max(map(len, column)) for column in columns)
    room = max(display.width - taken, NARROWEST)
    rows = [(*row, _beginning(said_of(one), room)) for row, one in zip(rows, all_, strict=True)]
    return table((*header, ""), rows, numbers=numbers, display=display)


def _beginning(text: str, most: int) -> str:
    """As many of the first clauses as there is room for, or the beginning of the first."""
    for end in (len(text), text.find("; "), text.find(": ")):
        if 0 < end <= most:
            return text[:end]
    return f"{text[: most - 3]}..."


def _mistakes(all_: Sequence[Graded], display: Display) -> str:
    rows = [(shortened(name, 60), str(count)) for name, count in mistakes(all_)]
    return table(("what the class made", "submissions"), rows, numbers=(1,), display=display)


def _flags(all_: Sequence[Graded], display: Display) -> list[str]:
    said = {one.submission.name: one.score.review for one in all_ if one.score.review}
    lines = [filled(f"Look at {name}: {review}.", display) for name, review in said.items()]
    return ["\n".join(lines)] if lines else []
