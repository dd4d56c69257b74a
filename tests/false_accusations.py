"""Count what check_gradients says of right implementations on random problems.

python -m tests.false_accusations --problems 100000 --processes 2
"""

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import torch
from rich.progress import track

from autograd_ref import check_gradients
from tests.correct_gradients import CORRECT, NAIVE, every_exponential_is_normal
from tests.random_problems import is_ordinary, random_problem

CHUNK = 100


class Count(NamedTuple):
    """What was found."""

    problems: int
    ordinary: int
    """Problems that are not degenerate: `is_ordinary`."""
    checks: Counter[str]
    """By implementation."""
    accused: list[str]
    """Every mismatch: seed, implementation, blocks."""
    undecided: list[str]
    """Every ordinary problem on which the project's own gradient is inconclusive."""


def count_verdicts(seeds: Iterable[int]) -> Count:
    """Check every right implementation on the problem of every seed."""
    checks: Counter[str] = Counter()
    accused: list[str] = []
    undecided: list[str] = []
    problems = ordinary = 0
    for seed in seeds:
        problem = random_problem(seed)
        problems += 1
        ordinary += is_ordinary(problem)
        for name, gradients in CORRECT.items():
            if name in NAIVE and not every_exponential_is_normal(problem.parameters, problem.X):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # overflow at the other point
                report = check_gradients(gradients, *problem)
            checks[name] += 1
            if report.verdict == "mismatch":
                wrong = [q.name for q in report.quantities if q.verdict == "mismatch"]
                accused.append(f"seed {seed}: {name}, {', '.join(wrong)}")
            first = name == "manual_backprop"
            if first and report.verdict == "inconclusive" and is_ordinary(problem):
                why = "; ".join(f"{block.name} {block.reason}" for block in report.quantities)
                undecided.append(f"seed {seed}: {why}")
    return Count(problems, ordinary, checks, accused, undecided)


def counted(seeds: range, processes: int) -> Count:
    """The same in several processes, each with one thread and without anybody's tracing."""
    chunks = [seeds[i : i + CHUNK] for i in range(0, len(seeds), CHUNK)]
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_one_thread) as pool:
        parts = list(track(pool.map(count_verdicts, chunks), total=len(chunks), disable=_piped()))
    return Count(
        sum(part.problems for part in parts),
        sum(part.ordinary for part in parts),
        sum((part.checks for part in parts), Counter[str]()),
        [line for part in parts for line in part.accused],
        [line for part in parts for line in part.undecided],
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    _ = parser.add_argument("--problems", type=int, default=2_000)
    _ = parser.add_argument("--processes", type=int, default=1)
    _ = parser.add_argument("--first-seed", type=int, default=0)
    chosen = parser.parse_args()
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.problems)
    count = counted(seeds, chosen.processes)
    lines = [
        f"{count.problems} problems, {count.checks.total()} checks: {dict(count.checks)}",
        f"mismatches: {len(count.accused)}",
        f"inconclusive: {len(count.undecided)} of the {count.ordinary} that are not degenerate",
        *count.accused,
        *count.undecided,
    ]
    _ = sys.stdout.write("\n".join(lines) + "\n")
    return 1 if count.accused or len(count.undecided) > count.ordinary // 1_000 else 0


def _piped() -> bool:
    return not sys.stderr.isatty()


def _one_thread() -> None:
    torch.set_num_threads(1)


if __name__ == "__main__":
    sys.exit(main())
