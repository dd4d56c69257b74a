"""The counts, by model and in all, and what is claimed of gradients that nobody derived."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.table import Table

from tests.naming.ask import NAMED, NOBODY, Answer

COLUMNS = (*NAMED, "unknown", "match", "inconclusive", "raised")


def table(answers: Sequence[Answer]) -> Table:
    """Return a row for every model, or kind of gradient that nobody derived, and the total."""
    shown = Table(box=None, padding=(0, 1))
    shown.add_column("", no_wrap=True)
    for column in ("checks", *COLUMNS, "median s", "95 %", "worst"):
        shown.add_column(column, justify="right", no_wrap=True)
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.result != "none":
            groups.setdefault(_group(answer), []).append(answer)
    for name, group in groups.items():
        shown.add_row(*row(name, group))
    shown.add_section()
    shown.add_row(*row("all", [answer for group in groups.values() for answer in group]))
    return shown


def _group(answer: Answer) -> str:
    question = answer.question
    return question.titles[0] if question.kind == NOBODY else question.model


def row(name: str, answers: Sequence[Answer]) -> list[str]:
    """Return the counts of some answers, and the seconds of the processor that they took."""
    results = [answer.result for answer in answers]
    seconds = [answer.seconds for answer in answers] or [0.0]
    spread = (np.median(seconds), np.quantile(seconds, 0.95), np.max(seconds))
    counts = [str(results.count(column) or "") for column in COLUMNS]
    return [name, str(len(answers)), *counts, *(f"{s:.2f}" for s in spread)]


def explained(answers: Sequence[Answer]) -> str:
    """Return how many are explained in every block, and how many of them at the place."""
    made = [answer for answer in answers if answer.result != "none"]
    some = [answer for answer in made if answer.result in NAMED]
    here = [answer for answer in some if answer.result == NAMED[0]]
    share = f"{len(some) / len(made):.1%}" if made else "none"
    return f"Explained: {len(some)} of {len(made)} ({share}), {len(here)} of them at the place."


def claims(answers: Sequence[Answer]) -> Iterator[str]:
    """Yield what is said to be wrong in a line, of gradients that nobody derived.

    That an array is off by a factor, or has its entries in another order, is true where it is said.
    """
    for answer in answers:
        if answer.question.kind == NOBODY and answer.result in ("elsewhere", "raised"):
            model, _kind, titles, seed = answer.question
            yield f"{model}, {titles[0]}, seed {seed}: {answer.text}"
