"""A report as text in 80 columns, as plain data, and as JSON.

The schema, version 2. `to_dict` gives these keys, in plain types:

    schema      2
    verdict     "match", "mismatch" or "inconclusive"
    sentence    the verdict in plain words
    reference   what the gradient was held against
    loss        a block, or null where the function under test returns no loss
    blocks      a list of blocks: the fields of `autograd_ref.report.data.Block`, by their names
    findings    a list of {"kind", "text"}
    warnings    likewise
    causes      a list of {"kind", "blocks", "explanation", "fix", "before", "residual"}, each of
                which explains all that is explained; the simplest first
    intermediates  a list of blocks: z1, a1, z2, y_hat, e2, delta1, as far as they were returned
    pattern     a list of {"kind", "text"}: what there is to see where no known mistake explains it
    witness     {"side", "explanation", "hand", "reference", "hand_loss", "reference_loss"} or null;
                the last two are {"value", "accuracy"} or null

Numbers that are not finite are the strings "NaN", "Infinity" and "-Infinity".
"""

import json
import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from autograd_ref.report.data import Block, Cause, IndependentCheck, Note, ReportData, Slope, listed

SCHEMA = 2
WIDTH = 80
MOST_MATCHING = 30
"""So many blocks that match are listed; of more, the number is said."""


def sentence(report: ReportData) -> str:
    """The verdict in one sentence, and what the function does beside it."""
    said = _verdict(report)
    if report.findings:
        kinds = " and ".join(note.kind for note in report.findings)
        said = f"{said[:-1]}; beside that, the function {kinds}."
    return said


def as_text(report: ReportData) -> str:
    """The report in at most 80 columns of plain ASCII: the verdict, a table, the details."""
    parts = [_wrapped(sentence(report)), *_table(report), *_diagnosis(report)]
    for block in report.quantities:
        if block.verdict != "match":
            parts.append(_details(block))
    if report.witness is not None:
        parts.append(_testimony(report.witness))
    for title, notes in (("Finding", report.findings), ("Warning", report.warnings)):
        parts.extend(_wrapped(f"{title}: {note.text}", "    ") for note in notes)
    parts.append(_wrapped(f"Held against {report.reference}."))
    return _ascii("\n\n".join(parts))


def as_dict(report: ReportData) -> dict[str, object]:
    """The report in plain types."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "sentence": sentence(report),
        "reference": report.reference,
        "loss": None if report.loss is None else _plain(report.loss._asdict()),
        "blocks": [_plain(block._asdict()) for block in report.blocks],
        "findings": [_plain(note._asdict()) for note in report.findings],
        "warnings": [_plain(note._asdict()) for note in report.warnings],
        "causes": [_plain(cause._asdict()) for cause in report.causes],
        "intermediates": [_plain(block._asdict()) for block in report.intermediates],
        "pattern": [_plain(note._asdict()) for note in report.pattern],
        "witness": None if report.witness is None else _plain(report.witness._asdict()),
    }


def as_json(report: ReportData) -> str:
    """The same as strict JSON."""
    return json.dumps(as_dict(report), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Lists for tuples, dicts for named tuples, strings for numbers that JSON does not know."""
    if isinstance(value, Slope | Note):
        return _plain(value._asdict())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value


def _verdict(report: ReportData) -> str:
    by_verdict = {
        verdict: [block.name for block in report.quantities if block.verdict == verdict]
        for verdict in ("match", "mismatch", "inconclusive")
    }
    if report.verdict == "match":
        used = max(block.share or 0.0 for block in report.quantities)
        room = max(block.resolution or 0.0 for block in report.blocks)
        return (
            f"Match: error / tolerance is at most {used:.2g} (1 allowed), so that no block can be"
            f" off by more than {room:.1g} of itself."
        )
    parts = [
        f"{listed(by_verdict['mismatch'])} {_verb(by_verdict['mismatch'])} wrong"
        if by_verdict["mismatch"]
        else "",
        f"{listed(by_verdict['inconclusive'])} cannot be judged here"
        if by_verdict["inconclusive"]
        else "",
        f"{listed(by_verdict['match'])} agree{'s' if len(by_verdict['match']) == 1 else ''}"
        if by_verdict["match"]
        else "",
    ]
    return f"{report.verdict.capitalize()}: {'; '.join(part for part in parts if part)}."


def _verb(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _table(report: ReportData) -> list[str]:
    """One row a block; of very many blocks that match, only some."""
    rows: list[tuple[str, ...]] = []
    matching = hidden = 0
    for block in report.quantities:
        matching += block.verdict == "match"
        if block.verdict == "match" and matching > MOST_MATCHING:
            hidden += 1
        else:
            rows.append(_row(block))
    header = ("block", "shape", "verdict", "difference", "relative", "err/tol", "cosine", "norms")
    table = "\n".join(_aligned([header, *rows]))
    return [table, f"and {hidden} more blocks that match."] if hidden else [table]


def _row(block: Block) -> tuple[str, ...]:
    wrong = block.verdict == "mismatch"
    return (
        block.name,
        _short("x".join(map(str, block.shape)) or "scalar", 12),
        block.verdict,
        _number(block.max_abs_error, ".1e"),
        _number(block.max_rel_error, ".1e"),
        _number(block.share, ".2g"),
        _number(block.cosine if wrong else None, ".5f"),
        _number(block.norm_ratio if wrong else None, ".5g"),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A ruled header and lines of cells; the names, which come first, get the room that is left."""
    wanted, *widths = (max(len(row[i]) for row in rows) for i in range(len(rows[0])))
    gap = 2 if wanted + sum(widths) + 2 * len(widths) <= WIDTH else 1
    widths = [min(wanted, WIDTH - sum(widths) - gap * len(widths)), *widths]

    def line(cells: Sequence[str]) -> str:
        left = [_short(c, w).ljust(w) for c, w in zip(cells[:3], widths[:3], strict=True)]
        right = [c.rjust(w) for c, w in zip(cells[3:], widths[3:], strict=True)]
        return (" " * gap).join([*left, *right]).rstrip()

    header, *others = map(line, rows)
    return [header, "-" * (sum(widths) + gap * (len(widths) - 1)), *others]


def _details(block: Block) -> str:
    """Why a block does not match, and its worst entry."""
    lines = [_wrapped(f"{block.name} {block.reason}.", "    ")]
    if block.worst_index is not None:
        at = f"{list(block.worst_index)}" if block.worst_index else "the only entry"
        lines.append(_wrapped(f"    at {at}:", "        "))
        for label, value in (("yours", block.hand), ("reference", block.reference)):
            lines.append(f"        {label:<11}{_number(value, ' .17g')}")
        if block.tolerance is not None and block.hand is not None and block.reference is not None:
            difference = abs(block.hand - block.reference)
            lines.append(f"        {'difference':<11} {difference:.3g}")
            lines.append(f"        {'tolerance':<11} {block.tolerance:.3g}")
    return "\n".join(lines)


def _residual(cause: Cause) -> str:
    if cause.before is not None and cause.residual > cause.before / 2:  # lost digits stay lost
        return f"The largest difference is {cause.before:.1g} of the largest entry."
    before = "" if cause.before is None else f" instead of {cause.before:.1g}"
    left = f"{cause.residual:.1g} of the largest entry{before}"
    return f"Corrected for that, the largest difference is {left}."


def _diagnosis(report: ReportData) -> list[str]:
    """The causes, any of which it may be; and what there is to see without one."""
    parts: list[str] = []
    for i, cause in enumerate(report.causes):
        text = f"{cause.explanation} {_residual(cause)}"
        title = "Or, which is the same on this problem" if i else "Cause"
        parts.append(_wrapped(f"{title}: {text}", "    "))
        parts[-1] += "\n" + _wrapped(f"    Mend it: {cause.fix}.", "        ")
    if report.intermediates:
        parts.append(_wrapped(_intermediates(report.intermediates), "    "))
    if report.pattern:
        first, *others = (note.text for note in report.pattern)
        lines = [_wrapped(f"Unknown cause: {first}", "    ")]
        parts.append("\n".join(lines + [_wrapped(f"    {text}", "        ") for text in others]))
    return parts


def _intermediates(blocks: Sequence[Block]) -> str:
    """Which of them is the first that is wrong."""
    wrong = [i for i, block in enumerate(blocks) if block.verdict == "mismatch"]
    if not wrong:
        names = listed([block.name for block in blocks])
        return f"Intermediate quantities: {names} {_verb([b.name for b in blocks])} right."
    first = blocks[wrong[0]]
    before = [block.name for block in blocks[: wrong[0]]]
    right = f"; {listed(before)}, before it, {_verb(before)} right" if before else ""
    return (
        f"Intermediate quantities: {first.name} is the first that is wrong, it"
        f" {first.reason}{right}."
    )


def _testimony(witness: IndependentCheck) -> str:
    lines = [_wrapped(f"Who is wrong? {witness.explanation}", "    ")]
    if witness.reference_loss is not None:
        lines.append("    Slopes along the disagreement:")
        for label, value in (("your gradient", witness.hand), ("reference", witness.reference)):
            lines.append(f"        {label:<18}{value: .12g}")
        for label, slope in (
            ("your loss", witness.hand_loss),
            ("reference loss", witness.reference_loss),
        ):
            if slope is not None:
                lines.append(f"        {label:<18}{slope.value: .12g} (+- {slope.accuracy:.1g})")
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _short(text: str, most: int) -> str:
    """Long names lose their middle: the beginning says where, the end says what."""
    if len(text) <= most:
        return text
    keep = most - 2
    return f"{text[: keep // 2]}..{text[-(keep - keep // 2) :]}"


def _wrapped(text: str, indent: str = "") -> str:
    leading = text[: len(text) - len(text.lstrip(" "))]
    return "\n".join(
        wrap(
            text.strip(),
            WIDTH,
            initial_indent=leading,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
    )


def _ascii(text: str) -> str:
    """What every pipe can carry."""
    return text.encode("ascii", "backslashreplace").decode("ascii")
