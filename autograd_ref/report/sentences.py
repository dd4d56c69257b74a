"""The sentences and numbers of a report, which the text and the HTML show alike."""

from collections.abc import Sequence
from typing import NamedTuple

from autograd_ref.report.data import Block, Cause, IndependentCheck, Note, ReportData, Verdict
from autograd_ref.report.words import agree, are, listed

MOST_DETAILED = 10
"""Blocks that are shown with their worst entry; the others are in the table only."""

MOST_PLACES = 5
"""Blocks whose wrong entries are described where the cause is unknown."""

HEADER = ("block", "shape", "verdict", "abs error", "rel error", "err/tol", "cosine", "norms")
NUMBERS = HEADER[3:]

Figures = list[tuple[str, str]]
"""Numbers with their labels."""


class Explained(NamedTuple):
    """A cause in words."""

    title: str
    text: str
    fix: str


def verdict_sentence(report: ReportData) -> str:
    """Return the verdict in one sentence; what does harm besides stands before a match."""
    kinds = dict.fromkeys(note.kind for note in report.harmful)
    does = listed([*kinds]) if kinds else ""
    if report.verdict == "match":
        return f"{f'Not passed: the function {does}. ' if does else ''}{_match(report)}."
    return f"{_no_match(report)}{f'; besides, the function {does}' if does else ''}."


def remarks(report: ReportData) -> list[tuple[str, str]]:
    """Return what stands after the details, each with its title; what does harm is not in it."""
    said = [("Finding", note.text) for note in report.findings if note not in report.harmful]
    said += [("Warning", note.text) for note in report.warnings]
    open_ = "; ".join(note.text for note in report.not_checked)
    return [*said, ("Not checked", f"{open_}.")] if open_ else said


def explained(causes: Sequence[Cause]) -> list[Explained]:
    """Return the causes in words, the simplest first; of those of one block any may be the one."""
    found: list[Explained] = []
    told: set[str] = set()
    for cause in causes:
        title = "Equally consistent with" if told & set(cause.blocks) else "Cause"
        told |= set(cause.blocks)
        found.append(Explained(title, f"{cause.explanation} {_residual(cause)}", f"{cause.fix}."))
    return found


def unknown(pattern: Sequence[Note]) -> list[str]:
    """Return the notes about an unknown cause, with the places of the first wrong blocks only."""
    places = [note for note in pattern if note.kind == "where"]
    hidden = places[MOST_PLACES:]
    said = [note.text for note in pattern if note not in hidden]
    return [*said, f"{len(hidden)} more blocks are wrong."] if hidden else said


def detailed(report: ReportData) -> tuple[list[Block], int]:
    """Return the first blocks that do not match, and the number of the others."""
    open_ = [block for block in report.quantities if block.verdict != "match"]
    return open_[:MOST_DETAILED], max(len(open_) - MOST_DETAILED, 0)


def judged(block: Block) -> str:
    """Return a block's name with the reason why it does not match."""
    has_subject = block.reason.startswith(("the ", "its "))
    return f"{block.name}{':' if has_subject else ''} {block.reason}"


def place(block: Block) -> str:
    """Return where the worst entry of a block is."""
    return f"at {list(block.worst_index)}" if block.worst_index else "at the only entry"


def worst_entry(block: Block) -> Figures:
    """Return both values of the worst entry, their difference and the tolerance, if compared."""
    figures = [
        ("yours", number(block.hand, " .17g")),
        ("reference", number(block.reference, " .17g")),
    ]
    if block.tolerance is not None and block.hand is not None and block.reference is not None:
        difference = abs(block.hand - block.reference)
        figures += [("difference", f" {difference:.3g}"), ("tolerance", f" {block.tolerance:.3g}")]
    return figures


def slopes(check: IndependentCheck) -> Figures:
    """Return the directional derivatives along the difference, where they were taken."""
    if check.reference_loss is None:
        return []
    derivative, loss = check.words
    figures = [(f"your {derivative}", f"{check.hand: .12g}")]
    figures.append(("reference", f"{check.reference: .12g}"))
    ways = ((f"your {loss}", check.hand_loss), (f"reference {loss}", check.reference_loss))
    for label, slope in ways:
        if slope is not None:
            figures.append((label, f"{slope.value: .12g} (+- {slope.accuracy:.1g})"))
    return figures


def columns(blocks: Sequence[Block]) -> tuple[list[str], list[list[str]]]:
    """Return the titles and rows of a table of blocks, without the columns that are empty."""
    rows = [_cells(block) for block in blocks]
    filled = [i for i in range(len(HEADER)) if any(row[i] for row in rows)]
    return [HEADER[i] for i in filled], [[row[i] for i in filled] for row in rows]


def share(value: float | None) -> str:
    """Return error / tolerance in two digits; one that is barely too large does not read 1.

    >>> share(0.996), share(1.0004), share(1234.0)
    ('1', '>1', '1.2e+03')
    """
    short = number(value, ".2g")
    return ">1" if value is not None and value > 1 and float(short) == 1 else short


def number(value: float | None, form: str) -> str:
    """Return a formatted number, or nothing for None."""
    return "" if value is None else format(value, form)


def _cells(block: Block) -> tuple[str, ...]:
    """Return a block's row.

    The cosine and the ratio of the norms tell the direction and the size of an error: they are
    left out where nothing is wrong and where they round to 1.
    """
    wrong = block.verdict == "mismatch"
    return (
        block.name,
        "x".join(map(str, block.shape)) or "scalar",
        block.verdict,
        number(block.max_abs_error, ".1e"),
        number(block.max_rel_error, ".1e"),
        share(block.share),
        _unless_one(block.cosine if wrong else None, ".4f"),
        _unless_one(block.norm_ratio if wrong else None, ".4g"),
    )


def _unless_one(value: float | None, form: str) -> str:
    short = number(value, form)
    return "" if short and float(short) == 1 else short


def _match(report: ReportData) -> str:
    used = max(block.share or 0.0 for block in report.quantities)
    known = [block.resolution for block in report.blocks if block.resolution is not None]
    room = f"; no block can be off by more than {max(known):.1g} of its norm" if known else ""
    return f"Match: error / tolerance is at most {share(used)} (1 allowed){room}"


def _no_match(report: ReportData) -> str:
    def names(verdict: Verdict) -> list[str]:
        return [block.name for block in report.quantities if block.verdict == verdict]

    wrong, undecided, right = map(names, ("mismatch", "inconclusive", "match"))
    parts = [f"{are(wrong)} wrong"] if wrong else []
    parts += [f"{listed(undecided)} cannot be decided here"] if undecided else []
    parts += [agree(right)] if right else []
    return f"{report.verdict.capitalize()}: {'; '.join(parts)}"


def _residual(cause: Cause) -> str:
    if cause.before is None:
        return f"With that fixed, the relative error is {cause.residual:.1g}."
    if cause.residual > cause.before / 2:  # digits that are lost stay lost
        return f"The relative error is {cause.before:.1g}."
    return (
        f"With that fixed, the relative error drops from {cause.before:.1g} to"
        f" {cause.residual:.1g}."
    )
