"""The reports on several kinds of derivatives as one report, in which every block says its kind."""

from collections.abc import Sequence
from dataclasses import replace

from autograd_ref.operations.other_derivatives.examination import Unavailable
from autograd_ref.report.behaviour import FAILS_IN_SOME_CALLS
from autograd_ref.report.data import Block, Note
from autograd_ref.report.report import Report


def of_kind(kind: str, report: Report) -> Report:
    """The report with a kind of derivative in front of all names and sentences.

    Args:
        kind: such as second.
        report: on that derivative. The outputs stand for the loss.
    """

    def said(notes: Sequence[Note]) -> tuple[Note, ...]:
        return tuple(note._replace(text=f"{kind}: {note.text}") for note in notes)

    def named(name: str) -> str:
        return f"{kind}: {name}"

    witness = report.witness
    return replace(
        report,
        blocks=tuple(block._replace(name=named(block.name)) for block in report.blocks),
        loss=None,
        reference=named(report.reference),
        findings=said(report.findings),
        warnings=said(report.warnings),
        not_checked=said(report.not_checked),
        witness=witness and witness._replace(explanation=named(witness.explanation)),
        causes=tuple(
            cause._replace(
                blocks=tuple(map(named, cause.blocks)), explanation=named(cause.explanation)
            )
            for cause in report.causes
        ),
        steps=tuple(step._replace(name=named(step.name)) for step in report.steps),
        pattern=said(report.pattern),
        shares={named(name): shares for name, shares in report.shares.items()},
    )


def not_available(found: Unavailable) -> Report:
    """The report on a derivative that was asked for, and that the operation lacks."""
    said = f"{found.kind}: {found.why}"
    block = Block(found.kind, (), "", "inconclusive", "is not available; not_checked says why")
    return Report(
        blocks=() if found.further else (block,),
        reference="",
        findings=(Note(FAILS_IN_SOME_CALLS, f"{said}."),) if found.fails else (),
        not_checked=() if found.fails else (Note("not available", said),),
    )


def joined(reports: Sequence[Report]) -> Report:
    """The reports as one; of several independent checks the first is kept."""
    first, *others = reports
    for report in others:
        first = replace(
            first,
            blocks=first.blocks + report.blocks,
            reference="; ".join(said for said in (first.reference, report.reference) if said),
            findings=first.findings + report.findings,
            warnings=first.warnings + report.warnings,
            not_checked=first.not_checked + report.not_checked,
            witness=first.witness or report.witness,
            causes=first.causes + report.causes,
            steps=first.steps + report.steps,
            pattern=first.pattern + report.pattern,
            shares={**first.shares, **report.shares},
        )
    return first
