"""The check of one submission: its gradient on the problems of the hidden seeds, as plain data."""

from contextlib import nullcontext
from pathlib import Path

import torch

from autograd_ref.commands.as_written.written_problems import CheckPlan
from autograd_ref.commands.check.called import CheckedFunction, called
from autograd_ref.commands.check.problems import Case, Checked, counting
from autograd_ref.commands.check.show import shown_of
from autograd_ref.commands.functions.world import TimeUp, raised_by_user, their_traceback
from autograd_ref.commands.grade.asked.submitted import submitted
from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.isolation.own_time import Meter, at_most
from autograd_ref.commands.grade.outcome import Outcome
from autograd_ref.commands.options import Unusable
from autograd_ref.report.data import overall
from autograd_ref.report.plain import as_dict
from autograd_ref.user_code import worded

SEARCH = 20.0
"""Seconds of computing in which the mistake is looked for. Chosen: most take less than one, one
that has no name a few."""
ENDED = "The search for the mistake was not carried to its end."


def check_submission(file: Path, grading: Grading, meter: Meter = nullcontext) -> Outcome:
    """The outcome of a submission's file; whatever its code raises becomes words.

    The meter is entered whenever the submission's own code runs.
    """
    torch.set_num_threads(1)  # two at a time have a core each
    try:
        return _checked(file, grading, meter)
    except Unusable as error:
        return Outcome(error=str(error), trace=error.trace)
    except MemoryError:
        return Outcome(error=f"needs more memory than {grading.limits.memory} MiB")
    except Exception as error:
        if raised_by_user(error):
            return Outcome(error=f"raises {worded(error)}", trace=their_traceback(error))
        return Outcome(error=f"could not be checked, by an error of crosscheck's: {worded(error)}")


def _checked(file: Path, grading: Grading, meter: Meter) -> Outcome:
    checked, plan, others = submitted(file, grading, meter)
    cases = _cases(plan, grading.seeds)
    results = list(plan.reports(cases, diagnose=False))
    case, report = shown_of(results)
    outcome = _outcome(checked, results)
    wrong = report.verdict == "mismatch"
    if not wrong and not grading.points["intermediates"]:
        return outcome
    try:
        with at_most(SEARCH):
            found = counting([*plan.reports([case])])
            also = others() if wrong and grading.page == "full" else ""
    except (TimeUp, Unusable):  # what is known without it stays
        return outcome._replace(called=(*outcome.called, ENDED))
    called_ = (*filter(None, [also]), *outcome.called)
    return outcome._replace(report=as_dict(found[0] if found else report), called=called_)


def _cases(plan: CheckPlan, seeds: tuple[int, ...]) -> list[Case]:
    """A random problem in float64 for every seed, and where there is one, one in float32.

    The penguins are no secret: a submission could know their answer.
    """
    drawn = [[one for one in plan.cases(1, seed) if one.name == "random"] for seed in seeds]
    return [*(cases[0] for cases in drawn), *drawn[-1][1:]]


def _outcome(checked: CheckedFunction, results: list[Checked]) -> Outcome:
    case, report = shown_of(results)
    reports = counting(results)
    names = dict.fromkeys(block.name for one in reports for block in one.quantities)
    return Outcome(
        function=checked.name,
        called=(*called(checked),),
        where=_where(case),
        verdicts={
            name: overall(b.verdict for one in reports for b in one.quantities if b.name == name)
            for name in names
        },
        harmful=(*dict.fromkeys(note.kind for one in reports for note in one.harmful),),
        report=as_dict(report),
    )


def _where(case: Case) -> str:
    """The problem in words, without its seed, which is hidden."""
    return case.where.rpartition(", seed")[0]
