"""The command: python -m tests.mass."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.mass import families
from tests.mass.examine import Check, examine
from tests.mass.problem import FAMILIES, Family
from tests.mass.record import Findings
from tests.mass.table import noted, resolved, table

WRONG = ("accused", "unearned", "passed", "raised")
"""The results that make the status 1."""
WIDTH = 100


def arguments() -> argparse.Namespace:
    """The arguments of the command."""
    parser = argparse.ArgumentParser("python -m tests.mass", description=families.__doc__)
    _ = parser.add_argument("--problems", type=int, default=1, help="for every family")
    _ = parser.add_argument(
        "--seed", type=int, default=0, help="of the first; the next has one more"
    )
    _ = parser.add_argument("--only", metavar="FAMILY", choices=sorted(FAMILIES))
    kinds = ("torch", "numpy", "kernel")
    _ = parser.add_argument("--loss", choices=kinds, help="checks of one kind only")
    _ = parser.add_argument("--resume", action="store_true", help="leave out what is on record")
    _ = parser.add_argument("--injected", action="store_true", help="with one error in each")
    _ = parser.add_argument("--seconds", type=float, help="stop after so many")
    _ = parser.add_argument("--record", type=Path, help="instead of a file in .mass")
    return parser.parse_args()


def planned(wanted: list[Family], asked: argparse.Namespace) -> Iterator[Check]:
    """The checks, seed by seed, so that a run that is cut short has seen every family."""
    for seed in range(asked.seed, asked.seed + asked.problems):
        for family in wanted:
            losses = [loss for loss in family.losses if asked.loss in (None, loss)]
            for loss in losses:
                for dtype in family.formats:
                    yield Check(family.name, seed, loss, dtype, injected=asked.injected)


def run(checks: list[Check], findings: Findings, *, seconds: float | None) -> None:
    """Do them, with a bar; Ctrl-C stops between two."""
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=len(checks))
        for check in checks:
            if time.monotonic() > until:
                break
            bar.update(task, description=f"{check.family:24}")
            findings.add(examine(check))
            bar.advance(task)


def main() -> int:
    """Run, and print the table."""
    asked = arguments()
    console = Console(width=max(Console().width, WIDTH))
    wanted = [FAMILIES[asked.only]] if asked.only else [*FAMILIES.values()]
    for family in wanted:
        if not family.there:
            console.print(f"{family.name} is left out: {family.needs} is not installed.")
    wanted = [family for family in wanted if family.there]
    name = "only" if asked.only else "injected" if asked.injected else "honest"
    findings = Findings(asked.record or Path(f".mass/{name}.jsonl"), resume=asked.resume)
    checks = [check for check in planned(wanted, asked) if check not in findings.outcomes]
    try:
        run(checks, findings, seconds=asked.seconds)
    except KeyboardInterrupt:
        console.print("Interrupted; the same command with --resume goes on.")
    outcomes = [*findings.outcomes.values()]
    console.print(table(outcomes, injected=asked.injected))
    for line in (resolved(outcomes), noted(outcomes), f"To look at: {findings.to_look_at}"):
        console.print(line)
    return int(any(outcome.result in WRONG for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
