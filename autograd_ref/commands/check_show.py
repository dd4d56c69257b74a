"""What `crosscheck check` found, as text and as JSON."""

import json
import textwrap
from collections.abc import Sequence
from typing import NamedTuple, cast

from autograd_ref.assignment.detectable import together
from autograd_ref.commands.check_problems import Checked, verdict_of
from autograd_ref.commands.convention_search import Found
from autograd_ref.report.data import Note, Power
from autograd_ref.report.html import as_page
from autograd_ref.report.report import Report

SCHEMA = 2
WIDTH = 80


class About(NamedTuple):
    """What was checked."""

    function: str
    found: Found | None = None
    """None for another model than the assignment's."""
    given: bool = False
    """Whether the options leave nothing of its convention to find out."""
    shape_given: bool = False
    loss: str | None = None
    parameters: str | None = None


def as_text(about: About, results: Sequence[Checked]) -> str:
    """How it was called, one line for every problem, and the report of the one to look at."""
    parts = [_heading(about), _table(results)]
    shown = shown_of(results)
    if verdict_of(results) == "match":
        parts += [filled(_summary(results)), *(filled(note.text) for note in _notes(results))]
        power = _power(results)
        parts += [filled(str(power))] if power is not None else []
    else:
        parts.append(filled(f"The first {verdict_of(results)}, on {shown.case.where}:"))
        parts.append(str(shown.report).rstrip())
    return "\n\n".join(parts) + "\n"


def as_json(about: About, results: Sequence[Checked]) -> str:
    """The same content for machines, in strict JSON.

    convention and tried are null for another model than the assignment's, loss and parameters for
    the assignment's. fixed holds the dimensions that the function is written for, null where it
    takes any. power names the known mistakes that would have shown on one of the problems, and
    those that would not; null for another model. A problem with a note does not count for the
    verdict; where the function raised, its report is null.
    """
    power = _power(results)
    content = {
        "schema": SCHEMA,
        "function": about.function,
        "loss": about.loss,
        "parameters": about.parameters,
        "convention": about.found and _convention(about.found, given=about.given),
        "tried": about.found and list(_tried(about.found)),
        "verdict": verdict_of(results),
        "power": power and _named(power),
        "problems": [_problem(result) for result in results],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def shown_of(results: Sequence[Checked]) -> Checked:
    """The first problem that the verdict comes from; of matches, the first."""
    verdict = verdict_of(results)
    return next(
        r for r in results if r.report is not None and not r.note and r.report.verdict == verdict
    )


def as_html(about: About, results: Sequence[Checked]) -> str:
    """A page: how it was called, all problems, and the report of the one to look at, with a map."""
    shown = shown_of(results)
    report, lead = cast("Report", shown.report), f"On {shown.case.where}:"
    return as_page(report, about.function, lead, _heading(about).split("\n"), _table(results))


def _convention(found: Found, *, given: bool) -> dict[str, object]:
    convention, (shape, samples) = found.convention, found.fixed
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
        "note": result.note,
        "report": result.report and result.report.to_dict(),
    }


def _heading(about: About) -> str:
    if about.found is None:
        return f"{about.function} against {about.loss}"
    convention, (shape, samples) = about.found.convention, about.found.fixed
    lines = [about.function, f"Called with {convention}"]
    if about.given:
        lines[-1] += ", as the options say."
    elif about.found.right:
        lines[-1] += f": found out by trying ({convention.options})."
    else:
        tried = _tried(about.found)
        lines[-1] += (
            f": it is right in none of the {len(tried)} conventions tried, runs in"
            f" {sum(tried.values())} of them, and this one comes nearest ({convention.options})."
        )
    text = [filled(line) for line in lines]
    if shape is not None:
        found_out = "" if about.shape_given else "Its dimensions seem to be written in. "
        many = "" if samples is None else f", S = {samples}"
        dimensions = f"{shape.inputs}, {shape.hidden}, {shape.outputs}{many}"
        text.append(filled(f"{found_out}Checked with N_I, N_H, N_O = {dimensions} only."))
    return "\n".join(text)


def _tried(found: Found) -> dict[str, bool]:
    """The conventions in their order, and whether the function runs in them."""
    ran = {trial.convention for trial in found.trials if trial.report is not None}
    return {str(trial.convention): trial.convention in ran for trial in found.trials}


def _table(results: Sequence[Checked]) -> str:
    if results[0].case.shape is None:
        lines = [" problem   parameters  dtype    seed  verdict"]
    else:
        lines = [" problem     N_I  N_H  N_O     S  dtype    seed  verdict"]
    return "\n".join([*lines, *(_line(result) for result in results)])


def _line(result: Checked) -> str:
    case, shape = result.case, result.case.shape
    if shape is None:
        size = f"{case.parameter_count:>10}"
    else:
        size = f"  {shape.inputs:>3}  {shape.hidden:>3}  {shape.outputs:>3}  {case.samples:>4}"
    return f" {case.name:<8}  {size}  {case.dtype}  {case.seed:>4}  {_outcome(result)}"


def _outcome(result: Checked) -> str:
    if result.report is None or result.note:
        return result.note
    names = [q.name for q in result.report.quantities if q.verdict == result.report.verdict]
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return result.report.verdict + ("" if result.report.verdict == "match" else f": {shown}")


def _summary(results: Sequence[Checked]) -> str:
    reports = _counting(results)
    largest = max(q.share or 0.0 for report in reports for q in report.quantities)
    count = "the problem" if len(reports) == 1 else f"all {len(reports)} problems"
    return (
        f"Match: on {count} everything agrees with {reports[0].reference}; error / tolerance is at"
        f" most {largest:.2g} (1 allowed)."
    )


def _notes(results: Sequence[Checked]) -> list[Note]:
    """What else the reports say, each kind once."""
    notes = [note for report in _counting(results) for note in (*report.findings, *report.warnings)]
    return list({note.kind: note for note in reversed(notes)}.values())[::-1]


def _power(results: Sequence[Checked]) -> Power | None:
    """Which mistakes would have shown on one of the problems at least."""
    powers = [report.power for report in _counting(results)]
    known = [power for power in powers if power is not None]
    return together(known) if known else None


def _named(power: Power) -> dict[str, object]:
    return {"visible": list(power.visible), "hidden": [h._asdict() for h in power.hidden]}


def _counting(results: Sequence[Checked]) -> list[Report]:
    return [r.report for r in results if r.report is not None and not r.note]


def filled(text: str) -> str:
    """In lines of 80 columns."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
