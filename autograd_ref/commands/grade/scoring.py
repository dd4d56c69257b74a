"""Points for an outcome: part by part, with credit for mistakes that have a name."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.outcome import Mark, Outcome, report_of
from autograd_ref.report.data import Cause, ReportData
from autograd_ref.report.words import listed

BEHAVIOUR = "behaviour"


class Part(NamedTuple):
    """One part of a submission, and what it gets."""

    name: str
    points: float
    most: float
    said: str
    """The reason, as a sentence."""
    where: str
    """The report without a cause or a fix."""


class Score(NamedTuple):
    """All parts that have points, and what the teacher should look at."""

    parts: tuple[Part, ...]
    flags: tuple[Mark, ...]
    """Marks that are said."""
    zeroed: bool
    """True if a mark takes all points."""
    review: str
    """The reason why somebody should look; empty for none."""

    @property
    def points(self) -> float:
        """The sum."""
        return math.fsum(part.points for part in self.parts)

    @property
    def most(self) -> float:
        """The sum that a right submission gets."""
        return math.fsum(part.most for part in self.parts)


def scored(outcome: Outcome, grading: Grading) -> Score:
    """The points of an outcome, by a grading."""
    report = report_of(outcome)
    flags = tuple(mark for mark in outcome.marks if grading.marks.get(mark.kind) != "allow")
    zeroed = any(grading.marks.get(mark.kind) == "zero" for mark in outcome.marks)
    review = _review(outcome, flags)
    parts: list[Part] = []
    blocks = grading.network.blocks
    # behaviour last: it depends on the others
    for name, most in sorted(grading.points.items(), key=lambda one: one[0] == BEHAVIOUR):
        if most > 0:
            earned = any(part.points for part in parts if part.name in blocks)
            share, said, where = _share(name, outcome, report, grading, earned=earned)
            if zeroed:
                share, said, where = 0.0, *[f"No points: {review}."] * 2
            parts.append(Part(name, most * share, most, said, where))
    return Score((*parts,), flags, zeroed, review)


def credit_of(causes: Iterable[Cause], block: str, grading: Grading) -> tuple[float, str]:
    """The best share that a cause of a wrong block gives, and the kind of that cause.

    Each of the causes explains all; none is to the disadvantage of who was graded. Of two mistakes
    at once, both shares count.
    """
    found = [
        (_credit(cause.kind, grading), cause.kind) for cause in causes if block in cause.blocks
    ]
    return max(found, key=lambda one: one[0], default=(0.0, ""))


def _credit(kind: str, grading: Grading) -> float:
    if kind in grading.credit:
        return grading.credit[kind]
    kinds = kind.split(" + ")
    return math.prod(grading.credit.get(one, 0.0) for one in kinds)


def _share(
    name: str, outcome: Outcome, report: ReportData | None, grading: Grading, *, earned: bool
) -> tuple[float, str, str]:
    if report is None:
        return 0.0, "Not checked.", "Not checked."
    if name == BEHAVIOUR:
        return _behaviour(outcome, earned=earned)
    if name == "intermediates":
        return _intermediates(report)
    return _block(name, outcome, report, grading)


def _block(
    name: str, outcome: Outcome, report: ReportData, grading: Grading
) -> tuple[float, str, str]:
    verdict = outcome.verdicts.get(name)
    if verdict is None:
        return 0.0, "Not returned.", "Not returned."
    if verdict == "match":
        return 1.0, "Right.", "Right."
    if verdict == "inconclusive":
        return 0.0, "Cannot be decided.", "Cannot be decided."
    credit, kind = credit_of(report.causes, name, grading)
    if credit:
        return credit, f"Wrong: {kind}, for which {credit:.0%} is given.", "Wrong."
    named = [cause.kind for cause in report.causes if name in cause.blocks]
    return 0.0, f"Wrong: {named[0]}." if named else "Wrong.", "Wrong."


def _intermediates(report: ReportData) -> tuple[float, str, str]:
    steps = report.intermediates
    if not steps:
        return 0.0, "None is returned.", "None is returned."
    wrong = [step.name for step in steps if step.verdict == "mismatch"]
    said = f"Wrong in themselves: {listed(wrong)}." if wrong else "Right."
    return 1 - len(wrong) / len(steps), said, said


def _behaviour(outcome: Outcome, *, earned: bool) -> tuple[float, str, str]:
    if not earned:  # to do nothing does no harm
        said = "Counts where a block gets points."
        return 0.0, said, said
    if outcome.harmful:
        said = f"The function {listed(outcome.harmful)}."
        return 0.0, said, said
    return 1.0, "Right.", "Right."


def _review(outcome: Outcome, said: tuple[Mark, ...]) -> str:
    """The reason why somebody should look at a submission."""
    open_ = [name for name, verdict in outcome.verdicts.items() if verdict == "inconclusive"]
    reasons = [mark.what for mark in said]
    reasons += [f"{listed(open_)} cannot be decided"] if open_ else []
    return "; ".join(reasons)
