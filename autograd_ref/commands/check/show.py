"""The result of `crosscheck check` as text, JSON and HTML: the answer first, then all problems."""

import json
from collections.abc import Sequence

from autograd_ref.assignment.detectable import together
from autograd_ref.commands.check.called import CheckedFunction, called, heading, tried_in
from autograd_ref.commands.check.problems import Case, Checked, counting, outcome_of, verdict_of
from autograd_ref.commands.functions.convention_search import Detected
from autograd_ref.commands.paragraphs import filled
from autograd_ref.report.data import Note, Power, ReportData
from autograd_ref.report.html import as_page
from autograd_ref.report.table import PLAIN, Display, table
from autograd_ref.report.text import as_text as report_text
from autograd_ref.report.words import listed

SCHEMA = 2


def as_text(function: CheckedFunction, results: Sequence[Checked], display: Display = PLAIN) -> str:
    """The verdict or the first report that does not pass, how it was called, and all problems."""
    outcome, (case, report) = outcome_of(results), shown_of(results)
    if outcome == "match":
        parts = [filled(heading(function), display), filled(_summary(results), display)]
        parts += [filled(function.right_for, display)] if function.right_for else []
        parts += [filled(note.text, display) for note in _notes(results)]
        power = _power(results)
        parts += [filled(str(power), display)] if power is not None else []
    else:
        said = "with a harmful finding" if outcome == "harmful" else outcome
        first = f"{heading(function)}; the first {said}, on {case.where}:"
        parts = [filled(first, display)]
        parts += [filled(function.right_for, display)] if function.right_for else []
        parts += [report_text(report, display)]
    parts += [filled(line, display) for line in called(function)]
    return "\n\n".join([*parts, _table(results, display)]) + "\n"


def as_json(function: CheckedFunction, results: Sequence[Checked]) -> str:
    """The content as strict JSON.

    convention and tried are null for a model of the user's own and for code that is called in a way
    of its own, which called tells; loss and parameters for the usual networks. network is the one
    that it was checked against, null for the built-in one and for a model of the user's own;
    right_for the usual ones that it is right for, null where that was not looked for. fixed holds
    the dimensions that are hard-coded in the function, null where it takes any. power names the
    known mistakes that would have shown on one of the problems, and those that would not; null for
    all but the built-in network. Causes are in the report of the first problem with a mismatch. A
    problem with a note does not count for the verdict; where the function raised, its report is
    null.
    """
    power = _power(results)
    detected = function.detected
    content = {
        "schema": SCHEMA,
        "function": function.name,
        "loss": function.loss,
        "parameters": function.parameters,
        "network": function.network or None,
        "right_for": function.right_for or None,
        "called": [*function.how],
        "convention": detected and _convention(detected, given=function.convention_given),
        "tried": detected and list(tried_in(detected)),
        "verdict": verdict_of(results),
        "passed": outcome_of(results) == "match",
        "power": power
        and {"visible": list(power.visible), "hidden": [h._asdict() for h in power.hidden]},
        "problems": [_problem(result) for result in results],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def as_html(function: CheckedFunction, results: Sequence[Checked]) -> str:
    """A page: the report that the verdict comes from, how the function was called, all problems."""
    case, report = shown_of(results)
    lead = " ".join(filter(None, (function.right_for, f"On {case.where}:")))
    return as_page(report, function.name, lead, called(function), _table(results))


def shown_of(results: Sequence[Checked]) -> tuple[Case, ReportData]:
    """The first problem that the outcome comes from, and its report."""
    outcome = outcome_of(results)
    coming = (result for result in results if outcome_of([result]) == outcome)
    return next((one.case, report) for one in coming for report in counting([one]))


def _convention(detected: Detected, *, given: bool) -> dict[str, object]:
    convention, (shape, samples) = detected.convention, detected.fixed
    return {
        "parameters": "dict" if convention.theta else "Parameters",
        "targets": convention.targets,
        "layout": convention.layout,
        "biases": convention.biases,
        "from": "options" if given else "trials",
        "fixed": {
            "shape": shape and [shape.inputs, shape.hidden, shape.outputs],
            "samples": samples,
        },
    }


def _problem(result: Checked) -> dict[str, object]:
    case = result.case
    return {
        "name": case.name,
        "shape": case.shape and [case.shape.inputs, case.shape.hidden, case.shape.outputs],
        "samples": case.samples,
        "seed": case.seed,
        "dtype": case.dtype,
        "penalty": case.penalty or None,
        "note": result.note,
        "report": result.report and result.report.to_dict(),
    }


def _table(results: Sequence[Checked], display: Display = PLAIN) -> str:
    if results[0].case.shape is None:
        header, numbers = ("problem", "parameters", "dtype", "seed", "verdict"), (1, 3)
    else:
        sizes = ("N_I", "N_H", "N_O", "S")
        header, numbers = ("problem", *sizes, "dtype", "seed", "verdict"), (1, 2, 3, 4, 6)
    return table(header, [_row(result) for result in results], numbers=numbers, display=display)


def _row(result: Checked) -> tuple[str, ...]:
    case, shape = result.case, result.case.shape
    if shape is None:
        sizes = (case.parameter_count,)
    else:
        sizes = (shape.inputs, shape.hidden, shape.outputs, case.samples)
    return case.name, *map(str, sizes), case.dtype, str(case.seed), _outcome(result)


def _outcome(result: Checked) -> str:
    if result.report is None or result.note:
        return result.note
    if outcome_of([result]) == "harmful":
        return f"not passed: {listed([note.kind for note in result.report.harmful])}"
    names = [q.name for q in result.report.quantities if q.verdict == result.report.verdict]
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return result.report.verdict + ("" if result.report.verdict == "match" else f": {shown}")


def _summary(results: Sequence[Checked]) -> str:
    reports = counting(results)
    largest = max(q.share or 0.0 for report in reports for q in report.quantities)
    count = "the problem" if len(reports) == 1 else f"all {len(reports)} problems"
    return (
        f"Match: on {count} everything agrees with {reports[0].reference}; error / tolerance is at"
        f" most {largest:.2g} (1 allowed)."
    )


def _notes(results: Sequence[Checked]) -> list[Note]:
    """The findings and warnings of all reports, each kind once."""
    notes = [note for report in counting(results) for note in (*report.findings, *report.warnings)]
    return list({note.kind: note for note in reversed(notes)}.values())[::-1]


def _power(results: Sequence[Checked]) -> Power | None:
    """The known mistakes that would have shown on at least one of the problems."""
    powers = [report.power for report in counting(results)]
    known = [power for power in powers if power is not None]
    return together(known) if known else None
