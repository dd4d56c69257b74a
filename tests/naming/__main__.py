"""The command: python -m tests.naming."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import tests.naming
from tests.naming.ask import MISTAKE, NOBODY, PAIR, Question, ask
from tests.naming.nobody import KINDS
from tests.naming.record import Answers
from tests.naming.second_reader import thought, unread
from tests.naming.table import claims, explained, table
from tests.naming.zoo import OURS, Model, models

WIDTH = 110


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the arguments of the command."""
    parser = argparse.ArgumentParser("python -m tests.naming", description=tests.naming.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    _ = parser.add_argument("--only", metavar="MODEL", help="the checks of one model")
    _ = parser.add_argument("--seed", type=int, default=0, help="of the points")
    several = parser.add_mutually_exclusive_group()
    _ = several.add_argument("--pairs", type=int, metavar="N", help="two mistakes at once")
    _ = several.add_argument("--nobody", type=int, metavar="N", help="gradients nobody derived")
    _ = parser.add_argument("--unseen", type=Path, metavar="FOLDER", help="models kept elsewhere")
    _ = parser.add_argument("--seconds", type=float, help="stop after so many")
    _ = parser.add_argument("--resume", action="store_true", help="leave out what is on record")
    _ = parser.add_argument("--read", action="store_true", help="words that nobody has judged")
    _ = parser.add_argument("--record", type=Path, help="instead of a file in .naming")
    return parser.parse_args(given)


def planned(wanted: Sequence[Model], asked: argparse.Namespace) -> Iterator[Question]:
    """Yield the checks; of those by number first one of every model, so that all are seen."""
    if asked.nobody is not None:
        for i in range(asked.nobody):
            for j, model in enumerate(wanted):
                yield Question(model.name, NOBODY, (KINDS[(i + j) % len(KINDS)],), asked.seed + i)
        return
    for model in wanted:
        if asked.pairs is None:
            for title in model.mistakes:
                yield Question(model.name, MISTAKE, (title,), asked.seed)
            continue
        pairs = list(combinations(model.mistakes, 2))
        order = np.random.default_rng(asked.seed).permutation(len(pairs))
        for i in order[: asked.pairs]:
            yield Question(model.name, PAIR, pairs[i], asked.seed)


def run(
    questions: Sequence[Question], by_name: dict[str, Model], answers: Answers, until: float
) -> None:
    """Ask them, with a bar; Ctrl-C stops between two."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=len(questions))
        for question in questions:
            if time.monotonic() > until:
                break
            bar.update(task, description=f"{question.model:24}")
            answers.add(ask(by_name[question.model], question))
            bar.advance(task)


def main(given: Sequence[str] | None = None) -> int:
    """Run, and print the table."""
    asked = arguments(given)
    console = Console(width=max(Console().width, WIDTH))
    by_name = models(asked.unseen or OURS)
    if asked.only is not None and asked.only not in by_name:
        console.print(f"There is no model {asked.only}; there are {', '.join(by_name)}.")
        return 2
    wanted = [by_name[asked.only]] if asked.only else [*by_name.values()]
    name = "nobody" if asked.nobody is not None else "pairs" if asked.pairs else "mistakes"
    answers = Answers(asked.record or Path(f".naming/{name}.jsonl"), resume=asked.resume)
    questions = list(planned(wanted, asked))
    until = float("inf") if asked.seconds is None else time.monotonic() + asked.seconds
    try:
        run([q for q in questions if q not in answers.known], by_name, answers, until)
    except KeyboardInterrupt:
        console.print("Interrupted; the same command with --resume goes on.")
    found = [answers.known[q] for q in questions if q in answers.known]
    console.print(table(found))
    if asked.nobody is None:
        console.print(explained(found))
        if asked.read:
            _ = sys.stdout.writelines(f"{line}\n" for line in unread(found))
            console.print(thought(found))
        return int(any(answer.result == "raised" for answer in found))
    said = list(claims(found))
    for line in said:
        console.print(line, markup=False)
    console.print(f"Claims of a wrong step: {len(said)}.")
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
