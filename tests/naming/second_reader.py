"""The judgements of a second reader, as data: judged.tsv has a line for every mistake."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.naming.ask import MISTAKE, NAMED, Answer

FILE = Path(__file__).with_name("judged.tsv")

JUDGEMENTS = ("place", "equal", "clumsy", "wrong")
"""The step is named at the author's place; elsewhere with the same effect, and clear; true, but
clumsy or misleading, or without the step; words that a reader would call wrong."""


class Judged(NamedTuple):
    """The words about a mistake, and what was thought of them."""

    judgement: str
    said: str


def judgements(file: Path = FILE) -> dict[tuple[str, str], Judged]:
    """Return them by model and title."""
    with file.open(encoding="utf-8", newline="") as lines:
        return {(m, t): Judged(j, said) for m, t, j, said in csv.reader(lines, delimiter="\t")}


def unread(answers: Sequence[Answer], file: Path = FILE) -> Iterator[str]:
    """Yield what is said otherwise than when it was judged, as lines for the file."""
    known = judgements(file)
    for answer in _told(answers):
        model, title = answer.question.model, answer.question.titles[0]
        if (model, title) not in known or known[model, title].said != answer.text:
            yield "\t".join((model, title, "?", answer.text))


def thought(answers: Sequence[Answer], file: Path = FILE) -> str:
    """Return how many were judged how, of those that are said as they were then."""
    known, told = judgements(file), list(_told(answers))
    found = [known.get((a.question.model, a.question.titles[0])) for a in told]
    counts = Counter(
        judged.judgement
        for answer, judged in zip(told, found, strict=True)
        if judged is not None and judged.said == answer.text
    )
    parts = [f"{counts[one]} {one}" for one in JUDGEMENTS]
    return f"Words: {', '.join(parts)}, {len(told) - counts.total()} not read."


def _told(answers: Sequence[Answer]) -> Iterator[Answer]:
    for answer in answers:
        if answer.question.kind == MISTAKE and answer.result in NAMED:
            yield answer
