"""The steps of a derivation as sentences, which the text and the HTML show alike."""

from collections.abc import Sequence
from typing import NamedTuple

from autograd_ref.report.data import Step
from autograd_ref.report.words import are, listed

MOST_AT_FAULT = 10
"""Steps at fault that are described; of the others, the number is given."""

MOST_LISTED = 8
"""Steps that are right and listed; of more, the number is given."""


class StepSaid(NamedTuple):
    """A step at fault in words."""

    text: str
    cause: str
    """The mistake, and how to fix it; empty where it is not known."""


class StepsSaid(NamedTuple):
    """The steps of a derivation in words."""

    summary: str
    at_fault: tuple[StepSaid, ...]
    remarks: tuple[str, ...]


def said(steps: Sequence[Step]) -> StepsSaid:
    """Return which quantities are wrong, and which of their steps are at fault."""
    at_fault = [step for step in steps if step.verdict == "mismatch"]
    shown = tuple(map(_said, at_fault[:MOST_AT_FAULT]))
    remarks = tuple(f"{step.name}: {step.remark}." for step in steps if step.remark)
    return StepsSaid(_summary(steps, at_fault), shown, remarks)


def tell_all(steps: Sequence[Step]) -> bool:
    """Return whether several steps are at fault, and all are named: then no one mistake is it."""
    at_fault = [step for step in steps if step.verdict == "mismatch"]
    return len(at_fault) > 1 and all_named(steps)


def all_named(steps: Sequence[Step]) -> bool:
    """Return whether there are steps at fault, and the mistake in each of them is known."""
    at_fault = [step for step in steps if step.verdict == "mismatch"]
    return bool(at_fault) and all(step.cause for step in at_fault)


def _summary(steps: Sequence[Step], at_fault: Sequence[Step]) -> str:
    wrong = [step.name for step in steps if step.verdict != "match"]
    if not wrong:
        if len(steps) > MOST_LISTED:
            return f"Step by step: all {len(steps)} quantities are right."
        return f"Step by step: {are([step.name for step in steps])} right."
    count = f"{len(wrong)} of {len(steps)} quantities {'is' if len(wrong) == 1 else 'are'} wrong"
    if not at_fault:
        return f"Step by step: {count}; none of the steps between them is at fault."
    names = listed([step.name for step in at_fault], most=MOST_AT_FAULT)
    one = len(at_fault) == 1
    steps_are = "step at fault is" if one else f"{len(at_fault)} steps at fault are"
    return f"Step by step: {count}; the {steps_are} {names}."


def _said(step: Step) -> StepSaid:
    text = (
        f"{step.name}, at {step.place}: not what follows from the quantities before it (error /"
        f" tolerance {step.share:.2g})."
    )
    cause = step.cause
    return StepSaid(text, f"{cause.explanation} Fix: {cause.fix}." if cause else "")
