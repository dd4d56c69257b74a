"""Verdicts on correct implementations, on random problems from ordinary to degenerate."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from autograd_ref.check import check_gradients
from autograd_ref.selftest.correct import CORRECT, NAIVE, every_exponential_is_normal
from autograd_ref.selftest.random_problems import is_ordinary, random_problem
from autograd_ref.selftest.trials import DType


class Count(NamedTuple):
    """Verdicts on some problems."""

    problems: int
    ordinary: int
    """Problems that are not degenerate: `is_ordinary`."""
    checks: Counter[str]
    """By implementation."""
    accused: tuple[str, ...]
    """Every mismatch: seed, implementation, blocks."""
    undecided: tuple[str, ...]
    """Every ordinary problem on which the project's own gradient is inconclusive."""


def verdicts_on(seed: int, dtype: DType) -> Count:
    """Check every right implementation on the problem of a seed."""
    problem = random_problem(seed, dtype)
    ordinary = is_ordinary(problem)
    checks: Counter[str] = Counter()
    accused: list[str] = []
    undecided: list[str] = []
    for name, gradients in CORRECT.items():
        if name in NAIVE and not every_exponential_is_normal(problem.parameters, problem.X):
            continue
        report = check_gradients(gradients, *problem)
        checks[name] += 1
        if report.verdict == "mismatch":
            wrong = [q.name for q in report.quantities if q.verdict == "mismatch"]
            accused.append(f"seed {seed}, {dtype.__name__}: {name}, {', '.join(wrong)}")
        if name == "manual_backprop" and report.verdict == "inconclusive" and ordinary:
            why = "; ".join(f"{block.name} {block.reason}" for block in report.quantities)
            undecided.append(f"seed {seed}, {dtype.__name__}: {why}")
    return Count(1, int(ordinary), checks, tuple(accused), tuple(undecided))


def added_up(counts: Iterable[Count]) -> Count:
    """The sum over several problems."""
    parts = list(counts)
    return Count(
        sum(part.problems for part in parts),
        sum(part.ordinary for part in parts),
        sum((part.checks for part in parts), Counter[str]()),
        tuple(line for part in parts for line in part.accused),
        tuple(line for part in parts for line in part.undecided),
    )
