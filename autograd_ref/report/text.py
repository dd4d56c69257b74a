"""A report as text in 80 columns: verdict and cause, then the table, then the details."""

from autograd_ref.report.data import Block, IndependentCheck, Note, ReportData
from autograd_ref.report.sentences import (
    NUMBERS,
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
from autograd_ref.report.table import PLAIN, Display, coloured, shortened, table
from autograd_ref.report.words import encodable, wrapped

MOST_MATCHING = 30
"""Blocks that match and are listed; of the others, the number is given."""
WIDEST_SHAPE = 12
IN = "    "


def as_text(report: ReportData, display: Display = PLAIN) -> str:
    """Return the report for a display; a terminal's table has lines, its verdicts have colours.

    Names are as the user typed them, control characters are escaped.
    """
    shown, others = detailed(report)
    parts = [
        coloured(wrapped(verdict_sentence(report)), display),
        *(wrapped(f"Finding: {note.text}", IN) for note in report.harmful),
        *(_steps(report) if _at_fault(report) else []),
        *map(_cause, explained(report.causes)),
        *([] if all_named(report.steps) else _unknown(report.pattern)),
        *_table(report, display),
        *([] if _at_fault(report) else _steps(report)),
        *map(_details, shown),
        *([f"and {others} more that do not match: see the table."] if others else []),
        *([_independent(report.witness)] if report.witness else []),
        *(wrapped(f"{title}: {text}", IN) for title, text in remarks(report)),
        wrapped(f"Reference: {report.reference}."),
    ]
    return encodable("\n\n".join(parts), display.encoding)


def _at_fault(report: ReportData) -> bool:
    return any(step.verdict == "mismatch" for step in report.steps)


def _steps(report: ReportData) -> list[str]:
    if not report.steps:
        return []
    found = said(report.steps)
    lines = [wrapped(found.summary, IN)]
    for step in found.at_fault:
        lines.append(wrapped(f"{IN}{step.text}", 2 * IN))
        lines += [wrapped(f"{2 * IN}{step.cause}", 3 * IN)] if step.cause else []
    return ["\n".join(lines + [wrapped(f"{IN}{text}", 2 * IN) for text in found.remarks])]


def _cause(cause: Explained) -> str:
    said = wrapped(f"{cause.title}: {cause.text}", IN)
    return f"{said}\n{wrapped(f'{IN}Fix: {cause.fix}', 2 * IN)}"


def _unknown(pattern: tuple[Note, ...]) -> list[str]:
    if not pattern:
        return []
    first, *others = unknown(pattern)
    lines = [wrapped(f"Unknown cause: {first}", IN)]
    return ["\n".join(lines + [wrapped(f"{IN}{text}", 2 * IN) for text in others])]


def _table(report: ReportData, display: Display) -> list[str]:
    """Return the table, and the number of the blocks that match and are not in it."""
    right = [block for block in report.quantities if block.verdict == "match"]
    hidden = right[MOST_MATCHING:]
    header, rows = columns([block for block in report.quantities if block not in hidden])
    rows = [[name, shortened(shape, WIDEST_SHAPE), *others] for name, shape, *others in rows]
    numbers = [i for i, title in enumerate(header) if title in NUMBERS]
    drawn = table(header, rows, numbers=numbers, display=display)
    return [drawn, f"and {len(hidden)} more blocks that match."] if hidden else [drawn]


def _details(block: Block) -> str:
    said = wrapped(f"{judged(block)}.", IN)
    if block.worst_index is None:
        return said
    return "\n".join(
        [said, wrapped(f"{IN}{place(block)}:", 2 * IN), *_lines(worst_entry(block), 11)]
    )


def _independent(check: IndependentCheck) -> str:
    lines = [wrapped(f"Independent check: {check.explanation}", IN)]
    figures = slopes(check)
    if figures:
        lines += [f"{IN}Directional derivatives along the difference:", *_lines(figures, 18)]
    return "\n".join(lines)


def _lines(figures: Figures, width: int) -> list[str]:
    width = max(width, *(len(label) + 1 for label, _value in figures))
    return [f"{2 * IN}{label:<{width}}{value}".rstrip() for label, value in figures]
