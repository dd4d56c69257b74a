"""A student's page: points, then the report with cause and fix, or only where to look."""

from collections.abc import Sequence
from html import escape

from autograd_ref.commands.grade.graded import Graded
from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.outcome import Outcome, report_of
from autograd_ref.commands.grade.results.table import points
from autograd_ref.report.data import ReportData
from autograd_ref.report.html import as_html, document
from autograd_ref.report.sentences import judged, verdict_sentence
from autograd_ref.report.words import listed, printable


def as_page(one: Graded, grading: Grading) -> str:
    """The page, which needs no other file."""
    outcome, score = one.outcome, one.score
    full = grading.page == "full"
    body = f"<p><b>{points(score.points)} of {points(score.most)} points.</b></p>"
    body += _rows([(p.name, p.points, p.most, p.said if full else p.where) for p in score.parts])
    body += _went_wrong(outcome)
    report = report_of(outcome)
    if report is not None:
        body += _paragraph(f"On {outcome.where}:")
        body += as_html(report) if full else _where(report)
        body += "".join(map(_paragraph, outcome.called))
    if outcome.output:
        body += f"<h2>What it printed</h2>{_lines(outcome.output)}"
    return document(one.submission.name, body)


def _rows(parts: Sequence[tuple[str, float, float, str]]) -> str:
    rows = "".join(
        f"<tr><td>{_text(name)}</td><td>{points(got)} of {points(most)}</td>"
        f"<td>{_text(said)}</td></tr>"
        for name, got, most, said in parts
    )
    return f"<table>{rows}</table>"


def _went_wrong(outcome: Outcome) -> str:
    said = _paragraph(f"Not checked: {outcome.error}.") if outcome.error else ""
    return said + (_lines(outcome.trace) if outcome.trace else "")


def _where(report: ReportData) -> str:
    """The wrong blocks and the place of the worst entry, without a cause."""
    wrong = [block for block in report.quantities if block.verdict != "match"]
    at_fault = [step.name for step in report.steps if step.verdict == "mismatch"]
    said = [verdict_sentence(report), *(f"{judged(block)}." for block in wrong)]
    said += [f"Look at the step that makes {listed(at_fault)}."] if at_fault else []
    return "".join(map(_paragraph, said))


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _lines(text: str) -> str:
    return f"<pre>{_text(text)}\n</pre>"


def _text(text: str) -> str:
    return escape(printable(text))
