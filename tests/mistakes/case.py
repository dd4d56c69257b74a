"""A planted mistake as data: the code with it and without it, where it shows, and its outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.data import Verdict
from autograd_ref.report.report import Report

Function = Callable[..., Any]
DType = type[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Arguments:
    """The arguments of check_gradients after the function."""

    parameters: Any
    data: tuple[NDArray[Any], ...]
    loss: Function | None = None


Problem = Callable[[int, DType], Arguments]


@dataclass(frozen=True)
class Outcome:
    """The report that check_gradients has to make; a field that is empty does not matter."""

    verdicts: tuple[Verdict, ...]
    """Any of these."""
    findings: tuple[str, ...] = ()
    """The kinds of all findings."""
    warning: str = ""
    """The kind of a warning that has to be there."""
    reason: str = ""
    """Part of the reason of a block with such a verdict."""
    side: str = ""
    """Who the witness has to say is wrong."""
    raises: type[Exception] | None = None


MISMATCH = Outcome(("mismatch",))
MATCH = Outcome(("match",))


@dataclass(frozen=True, eq=False)
class Mistake:
    """One entry of the catalogue."""

    wrong: Callable[[], Function]
    """Makes the function under test, with state of its own where it has any."""
    problem: Problem
    outcome: Outcome
    right: Callable[[], Function] | None = None
    """Makes the same code without the mistake; None where no right code exists for the problem."""
    accepted: Outcome = MATCH
    """The outcome of the right code."""
    problem_of_right: Problem | None = None
    """Where the mistake is in the problem: the one without it."""
    dtypes: tuple[DType, ...] = (np.float64, np.float32)


def complaint(outcome: Outcome, report: Report) -> str:
    """The first difference between a report and the outcome, in words; empty without one."""
    if report.verdict not in outcome.verdicts:
        return f"the verdict is {report.verdict}: {[b.reason for b in report.quantities]}"
    kinds = {note.kind for note in report.findings}
    if kinds != set(outcome.findings):
        return f"the findings are {report.findings}"
    if outcome.warning and outcome.warning not in {note.kind for note in report.warnings}:
        return f"the warnings are {report.warnings}"
    reasons = [block.reason for block in report.quantities if block.verdict in outcome.verdicts]
    if not any(outcome.reason in reason for reason in reasons):
        return f"the reasons are {reasons}"
    if outcome.side and (not report.witness or report.witness.side != outcome.side):
        return f"the witness says {report.witness}"
    return ""
