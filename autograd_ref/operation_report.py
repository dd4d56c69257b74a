"""The report on an operation: the examination of each derivative that is asked for, in one.

How else the operation is called is one table (`operations.ways`); a derivative beside the first is
examined as an operation of its own (`operations.other_derivatives`).
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from autograd_ref.calls.arguments import checked_point
from autograd_ref.calls.trial import Options, Trial
from autograd_ref.check import examine
from autograd_ref.observe.elsewhere import Place
from autograd_ref.operations.other_derivatives.batches import batched
from autograd_ref.operations.other_derivatives.double_backward import second
from autograd_ref.operations.other_derivatives.examination import Examination, Unavailable
from autograd_ref.operations.other_derivatives.forward_mode import forward
from autograd_ref.operations.other_derivatives.kinds import not_asked
from autograd_ref.operations.other_derivatives.reports import joined, not_available, of_kind
from autograd_ref.operations.prepared import Prepared
from autograd_ref.operations.probes.by_call import cause_of_way
from autograd_ref.operations.probes.formats import reference_of
from autograd_ref.operations.probes.properties import with_properties
from autograd_ref.operations.ways import How, table
from autograd_ref.recording.models.operation import OperationModel
from autograd_ref.report.report import Report
from autograd_ref.tree.point import Point

OF_OUTPUTS = "; the loss is the sum of its outputs, each times a random upstream gradient"


def report_on(ready: Prepared, name: str, kinds: Collection[str], options: Options) -> Report:
    """The report on the derivatives of an operation.

    Args:
        ready: the operation.
        name: of its reference.
        kinds: of derivatives.
        options: the wishes of the caller.
    """
    reports: list[Report] = []
    if "first" in kinds:
        reports.append(_examined(Examination("first", name, ready), options))
    if "second" in kinds:
        reports.append(_said(second(ready, name, options.seed), options))
    if "forward" in kinds:
        reports.append(_said(forward(ready, name, options.seed), options))
    if "batched" in kinds:
        for found in batched(ready, name, options.seed):
            reports.append(_said(found, options))
            if reports[-1].verdict == "mismatch" or reports[-1].harmful:
                break  # what follows repeats it
    report = joined(reports)
    return replace(
        report,
        reference=report.reference or f"autograd of {name}",
        allowed=options.allow,
        findings=(*report.findings, *ready.findings),
        not_checked=(
            *report.not_checked,
            *ready.notes,
            *not_asked(ready.subject.operation, kinds),
        ),
        # each is judged by its own format
        warnings=(
            *(note for note in report.warnings if note.kind != "mixed dtypes"),
            *ready.finer,
        ),
    )


def _said(found: Examination | Unavailable, options: Options) -> Report:
    """The report on one derivative beside the first."""
    if isinstance(found, Unavailable):
        return not_available(found)
    report = replace(_examined(found, options), not_checked=found.notes)
    causes = tuple(map(found.reworded, report.causes))
    report = replace(report, causes=causes)
    if report.verdict == "mismatch":
        report = replace(report, pattern=(*report.pattern, *found.signs()))
    report = of_kind(found.kind, report)
    if not found.further:
        return report
    wrong = tuple(block for block in report.blocks if block.verdict != "match")
    return replace(report, blocks=wrong, reference="")


def _examined(found: Examination, options: Options) -> Report:
    """The report on an operation, or on a derivative that is made one."""
    ready, signature = found.ready, found.ready.subject.signature
    point = checked_point(ready.subject.callee, ready.nest, (), ready.composed.loss)
    against = reference_of(ready, point, options)._replace(
        about=f"autograd of {found.about}, in float64{OF_OUTPUTS * (found.kind == 'first')}",
        given=not options.declared,
        zeros=found.zeros,
        model=OperationModel(ready.composed.loss, signature.outputs, found.words),
    )
    exact = against.evaluate(point)
    if ready.composed.draws is not None:
        _require_the_same(found.about, exact.loss, against.value(point))
    plain = partial(ready.subject.answer, how=How())
    trial = Trial(found.subject or plain, against, point, exact, options, signature.argument)
    if found.subject is None:
        ways = () if found.further else _places(ready, point)
        report = examine(trial, more_places=[*ways, *found.places])
        report = with_properties(report, ready.subject, against, point)
    else:
        report = examine(trial, more_places=found.places)
    wanted = found.judged or [block.name for block in report.blocks]
    judged = tuple(block for block in report.blocks if block.name in wanted)
    # no loss: the outputs say it in detail
    return replace(report, blocks=judged, loss=None)


def _require_the_same(name: str, one: float, two: float) -> None:
    """A reference that draws anew for every call is a function of more than its inputs."""
    if one != two:
        raise ValueError(
            f"reference is {name}, and its outputs differ between two calls with the same"
            " arguments; it needs to be the same function every time (set the seed inside function"
            " and reference, or give both the same mask)"
        )


def _places(ready: Prepared, point: Point) -> Iterator[Place]:
    """The other ways to call the operation."""
    signature = ready.subject.signature
    for row in table(signature, ready.upstream, draws=ready.composed.draws is not None):
        there = point
        if row.upstream is not ready.upstream:
            there = Point({**point.parameters, **signature.nest(row.upstream)}, ())
        subject = partial(ready.subject.answer, how=row.how)
        cause = partial(cause_of_way, ready.subject, row, there)
        yield Place(row.said, subject, there, must_run=row.must_run, cause=cause)
