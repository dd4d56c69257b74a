"""The outcome of one submission as plain data, which crosses from one process to another as JSON.

Nothing that a submission has written is ever unpickled: what is read here has these fields, of
these types, or it is refused.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from autograd_ref.commands.grade.rebuilt import report_from
from autograd_ref.report.data import ReportData
from autograd_ref.report.html import as_html
from autograd_ref.report.text import as_text
from autograd_ref.report.words import listed


class Mark(NamedTuple):
    """Something that a submission did, and that does not belong to an answer."""

    kind: str
    """By the names of the grading file."""
    what: str


class Outcome(NamedTuple):
    """All that is known of a submission before it gets points."""

    function: str = ""
    """Its name, after that of its file; empty where none was found."""
    called: tuple[str, ...] = ()
    """Paragraphs on the convention in which it was called."""
    where: str = ""
    """The problem that the report is of."""
    verdicts: Mapping[str, str] = {}
    """Over all problems, of the loss and of every block."""
    harmful: tuple[str, ...] = ()
    """Kinds of findings that do harm, over all problems."""
    report: Mapping[str, Any] | None = None
    """The first report that says most, as `Report.to_dict`; None where there is none."""
    error: str = ""
    """The reason why there is no report, or what went wrong."""
    trace: str = ""
    """The traceback of the submission's own lines."""
    marks: tuple[Mark, ...] = ()
    output: str = ""
    """The beginning of what it printed."""
    seconds: float = 0.0


TYPES: Mapping[str, type] = {
    "function": str,
    "called": list,
    "where": str,
    "verdicts": dict,
    "harmful": list,
    "report": dict,
    "error": str,
    "trace": str,
    "marks": list,
    "output": str,
    "seconds": float,
}


def as_plain(outcome: Outcome) -> dict[str, object]:
    """The fields, in the types of JSON."""
    return {**outcome._asdict(), "marks": [mark._asdict() for mark in outcome.marks]}


def as_line(outcome: Outcome) -> str:
    """The outcome as JSON in one line."""
    return json.dumps(as_plain(outcome), allow_nan=False)


def outcome_in(text: str) -> Outcome:
    """The outcome that a text is the JSON of.

    Raises:
        ValueError: it is not one.
    """
    found = json.loads(text)
    if not isinstance(found, dict) or set(cast("dict[str, object]", found)) != set(TYPES):
        raise ValueError("the result has other fields")
    fields = cast("dict[str, Any]", found)
    wrong = [name for name, value in fields.items() if not _has_type(name, value)]
    if wrong:
        raise ValueError(f"{listed(wrong)} of the result cannot be read")
    try:
        outcome = Outcome(**fields)
        outcome = outcome._replace(
            called=(*map(str, outcome.called),),
            verdicts={name: str(verdict) for name, verdict in outcome.verdicts.items()},
            harmful=(*map(str, outcome.harmful),),
            marks=tuple(Mark(str(m["kind"]), str(m["what"])) for m in fields["marks"]),
        )
        report = report_of(outcome)
        if report is not None:  # what cannot be shown is no report
            _ = as_html(report), as_text(report)
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError("the result is not complete") from error
    return outcome


def report_of(outcome: Outcome) -> ReportData | None:
    """The report as an object again; None where there is none."""
    return None if outcome.report is None else report_from(outcome.report)


def _has_type(name: str, value: object) -> bool:
    return isinstance(value, TYPES[name]) or (name == "report" and value is None)
