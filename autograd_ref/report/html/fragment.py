"""A report as a fragment of HTML: verdict, cause and fix, wrong blocks, then what agrees, folded.

The text has the colour of the page around it, light or dark; the verdict is always in words too.
"""

from collections.abc import Sequence
from html import escape

from autograd_ref.report.data import Block, IndependentCheck, ReportData, Verdict
from autograd_ref.report.html.maps import figure, legend
from autograd_ref.report.sentences import (
    Explained,
    Figures,
    columns,
    detailed,
    explained,
    judged,
    place,
    remarks,
    slopes,
    unknown,
    verdict_sentence,
    worst_entry,
)
from autograd_ref.report.stepwise import all_named, said
from autograd_ref.report.words import listed, printable

COLOURS: dict[Verdict, str] = {
    "match": "#009e73",
    "mismatch": "#d55e00",
    "inconclusive": "#e69f00",
}

STYLE = (
    ".gc{font-family:system-ui,sans-serif;line-height:1.4;overflow-wrap:anywhere}"
    ".gc .v{font-weight:600;border-left:6px solid;padding-left:8px}"
    ".gc .c{border-left:6px solid #8888;padding-left:8px}.gc .c p{margin:.3em 0}"
    ".gc h3{font-size:1em;margin:1.2em 0 .3em}.gc p{margin:.5em 0}"
    ".gc figure{margin:.5em 0}.gc figcaption,.gc .legend{font-size:13px}"
    ".gc svg{max-width:100%;height:auto}.gc .legend span{white-space:nowrap;margin-right:10px}"
    ".gc .t{overflow-x:auto}.gc table{border-collapse:collapse;font-size:13px;margin:0}"
    ".gc th,.gc td{padding:2px 10px 2px 0;text-align:left;vertical-align:top;white-space:nowrap;"
    "font-variant-numeric:tabular-nums;border:0;background:none;color:inherit}"
    ".gc .b td:first-child{white-space:normal;min-width:3.5em;overflow-wrap:anywhere}"
    ".gc th{font-weight:600;white-space:normal;overflow-wrap:normal}.gc summary{cursor:pointer}"
)


def as_html(report: ReportData) -> str:
    """Return the fragment."""
    # a match that does harm is no match
    colour = COLOURS["mismatch" if report.harmful else report.verdict]
    parts = [
        f'<p class="v" style="border-color:{colour}">{_text(verdict_sentence(report))}</p>',
        *(_paragraph("Finding", note.text) for note in report.harmful),
        *_steps(report),
        *map(_cause, explained(report.causes)),
        *_unknown(report),
        *_wrong(report),
        *([_independent(report.witness)] if report.witness else []),
        *(_paragraph(title, text) for title, text in remarks(report)),
        *_agreeing(report),
        _paragraph("Reference", f"{report.reference}."),
    ]
    return f'<div class="gc"><style>{STYLE}</style>{"".join(parts)}</div>'


def _steps(report: ReportData) -> list[str]:
    if not report.steps:
        return []
    found = said(report.steps)
    items = [f"<li>{_text(step.text)} {_text(step.cause)}</li>" for step in found.at_fault]
    items += [f"<li>{_text(text)}</li>" for text in found.remarks]
    return [_paragraph("", found.summary) + (f"<ul>{''.join(items)}</ul>" if items else "")]


def _cause(cause: Explained) -> str:
    said = _paragraph(cause.title, cause.text) + _paragraph("Fix", cause.fix)
    return f'<div class="c">{said}</div>'


def _unknown(report: ReportData) -> list[str]:
    if not report.pattern or all_named(report.steps):
        return []
    first, *others = unknown(report.pattern)
    items = "".join(f"<li>{_text(text)}</li>" for text in others)
    return [_paragraph("Unknown cause", first) + (f"<ul>{items}</ul>" if items else "")]


def _wrong(report: ReportData) -> list[str]:
    """Return the blocks that do not match: a table, and for the first of them maps and values."""
    wrong = [block for block in report.quantities if block.verdict != "match"]
    shown, others = detailed(report)
    parts = [_table(wrong)] if wrong else []
    parts += [legend()] if any(block.name in report.shares for block in shown) else []
    parts += [_block(report, block) for block in shown]
    return [*parts, _paragraph("", f"and {others} more, in the table.")] if others else parts


def _block(report: ReportData, block: Block) -> str:
    said = f"<h3>{_text(judged(block))}</h3>"
    if block.name in report.shares:
        said += figure(block.name, report.shares[block.name])
    if block.worst_index is not None:
        said += f"<p>The worst entry, {place(block)}:</p>{_figures(worst_entry(block))}"
    return said


def _agreeing(report: ReportData) -> list[str]:
    right = [block for block in report.quantities if block.verdict == "match"]
    if not right:
        return []
    title = f"What agrees: {listed([block.name for block in right], most=4)}"
    return [f"<details><summary>{_text(title)}</summary>{_table(right)}</details>"]


def _independent(check: IndependentCheck) -> str:
    said = _paragraph("Independent check", check.explanation)
    figures = slopes(check)
    if figures:
        said += f"<p>Directional derivatives along the difference:</p>{_figures(figures)}"
    return said


def _table(blocks: Sequence[Block]) -> str:
    header, rows = columns(blocks)
    lines = [_row("th", header), *(_row("td", row) for row in rows)]
    return f'<div class="t"><table class="b">{"".join(lines)}</table></div>'


def _row(tag: str, texts: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_text(text)}</{tag}>' for text in texts)}</tr>"


def _figures(figures: Figures) -> str:
    rows = "".join(f"<tr><th>{label}</th><td>{_text(value)}</td></tr>" for label, value in figures)
    return f'<div class="t"><table>{rows}</table></div>'


def _paragraph(title: str, text: str) -> str:
    bold = f"<b>{title}:</b> " if title else ""
    return f"<p>{bold}{_text(text)}</p>"


def _text(text: str) -> str:
    return escape(printable(text))
