"""A report as HTML: for notebooks and files, with a map of the error for every block.

Self-contained: no scripts, nothing loaded, every text of the user's escaped. Colours are Okabe and
Ito's, which people with any colour vision can tell apart; the verdict is always said in words too.
"""

import math
from html import escape

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.data import ReportData, Verdict
from autograd_ref.report.text import as_text, sentence

MOST_CELLS = 64
"""Rows and columns of a map; a larger array is reduced to the worst entry of every cell."""

WIDEST = 480
TALLEST_CELL = 14
COLOURS: dict[Verdict, str] = {
    "match": "#009e73",
    "mismatch": "#d55e00",
    "inconclusive": "#e69f00",
}
QUIET, LOUD = (0, 114, 178), (213, 94, 0)
DECADES = 6.0
"""From its tolerance to so many powers of ten above, an error goes from light to full colour."""

STYLE = (
    ".gc{font-family:system-ui,sans-serif;line-height:1.4}"
    ".gc pre{overflow-x:auto;font-size:13px;line-height:1.35}"
    ".gc figure{display:inline-block;margin:0 24px 16px 0;vertical-align:top}"
    ".gc figcaption{font-size:13px;margin-bottom:4px}"
    ".gc .v{font-weight:600;border-left:6px solid;padding-left:8px}"
)
PAGE = (
    "body{max-width:60em;margin:2em auto;padding:0 1em;font-family:system-ui,sans-serif}"
    "figure{margin:1em 0;break-inside:avoid}img{max-width:100%}pre{overflow-x:auto}"
)


def as_html(report: ReportData) -> str:
    """A fragment: the verdict, a map of every block, and the report's text."""
    colour = COLOURS[report.verdict]
    maps = "".join(
        _figure(block.name, block.verdict, report.shares[block.name])
        for block in report.blocks
        if block.name in report.shares
    )
    return (
        f'<div class="gc"><style>{STYLE}</style>'
        f'<p class="v" style="border-color:{colour}">{escape(sentence(report))}</p>'
        f"{maps}{_legend() if maps else ''}"
        f"<pre>{escape(as_text(report))}</pre></div>"
    )


def as_page(report: ReportData, title: str = "Gradient check", before: str = "") -> str:
    """A whole document around the fragment, with some text before it."""
    text = f"<pre>{escape(before)}</pre>" if before else ""
    return document(title, text + as_html(report))


def document(title: str, body: str) -> str:
    """A whole document: its title is text, its body HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width"/>'
        f"<title>{escape(title)}</title><style>{PAGE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


def _figure(name: str, verdict: Verdict, shares: NDArray[np.float64]) -> str:
    cells = reduced(as_table(shares))
    rows, columns = cells.shape
    size = min(TALLEST_CELL, WIDEST / columns)
    shape = " x ".join(map(str, shares.shape)) or "one number"
    rectangles = "".join(
        f'<rect x="{column * size:g}" y="{row * size:g}" width="{size:g}" height="{size:g}"'
        f' fill="{colour_of(float(cells[row, column]))}"/>'
        for row in range(rows)
        for column in range(columns)
    )
    label = escape(f"{name}: {verdict}, largest share of the tolerance {shares.max():.3g}")
    return (
        f"<figure><figcaption><b>{escape(name)}</b> ({shape}): {verdict}</figcaption>"
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{columns * size:g}"'
        f' height="{rows * size:g}" shape-rendering="crispEdges"><title>{label}</title>'
        f"{rectangles}</svg></figure>"
    )


def _legend() -> str:
    steps = (
        (0.0, "no error"),
        (0.5, "half the tolerance"),
        (1.01, "just beyond it"),
        (10 ** (DECADES / 2), f"{10 ** (DECADES / 2):g} times"),
        (10**DECADES, "a million times and more"),
    )
    marks = "".join(
        f'<span style="white-space:nowrap;margin-right:12px"><svg xmlns="http://www.w3.org/2000/svg"'
        f' width="12" height="12"><rect width="12" height="12" fill="{colour_of(share)}"/></svg>'
        f" {escape(text)}</span>"
        for share, text in steps
    )
    return f'<p style="font-size:13px">The error, as a share of its tolerance: {marks}</p>'


def as_table(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Any array seen as rows and columns: its first axis by the others, a vector as one row."""
    if shares.ndim < 2:
        return shares.reshape(1, -1)
    return shares.reshape(shares.shape[0], -1)


def reduced(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most MOST_CELLS each way, every cell the worst of the entries that fall in it."""
    for axis in (0, 1):
        if table.shape[axis] > MOST_CELLS:
            starts = [i * table.shape[axis] // MOST_CELLS for i in range(MOST_CELLS)]
            table = np.maximum.reduceat(table, starts, axis=axis)
    return table


def colour_of(share: float) -> str:
    """White to blue within the tolerance, light to full orange-red beyond it."""
    if share <= 1:
        strength, colour = 0.08 + 0.4 * share, QUIET
    else:
        beyond = 1.0 if math.isinf(share) else min(math.log10(share) / DECADES, 1.0)
        strength, colour = 0.45 + 0.55 * beyond, LOUD
    mixed = (round(255 + (c - 255) * strength) for c in colour)
    return "#" + "".join(f"{value:02x}" for value in mixed)
