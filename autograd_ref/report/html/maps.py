"""The error map of a block: error / tolerance of every entry as a colour.

Colours are Okabe and Ito's, which people with any colour vision can tell apart.
"""

import math
from html import escape

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.words import printable

MOST_CELLS = 64
"""Rows and columns of a map; a larger array is reduced to the worst entry of every cell."""
WIDEST = 480
TALLEST_CELL = 14
QUIET, LOUD = (0, 114, 178), (213, 94, 0)
DECADES = 6.0
"""From its tolerance to so many powers of ten above, an error goes from light to full colour."""
LEGEND = (
    (0.0, "0"),
    (0.5, "0.5"),
    (1.01, "just above 1"),
    (10 ** (DECADES / 2), f"{10 ** (DECADES / 2):g}"),
    (10**DECADES, f"{10**DECADES:.0e} and more"),
)


def figure(name: str, shares: NDArray[np.float64]) -> str:
    """Return the map of a block as a figure with a caption."""
    # the first axis by the others, a vector as one row
    table = shares.reshape(len(shares) if shares.ndim > 1 else 1, -1)
    cells = reduced(table)
    rows, columns = cells.shape
    size = min(TALLEST_CELL, WIDEST / columns)
    width, height = columns * size, rows * size
    rectangles = "".join(
        f'<rect x="{column * size:g}" y="{row * size:g}" width="{size:g}" height="{size:g}"'
        f' fill="{colour_of(float(cells[row, column]))}"/>'
        for row in range(rows)
        for column in range(columns)
    )
    label = escape(printable(f"{name}: error / tolerance is at most {shares.max():.2g}"))
    return (
        f'<figure><svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:g}"'
        f' height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
        f' shape-rendering="crispEdges"><title>{label}</title>{rectangles}</svg>'
        f"<figcaption>{_caption(table, cells)}</figcaption></figure>"
    )


def legend() -> str:
    """Return the colours of the maps with their values."""
    marks = "".join(
        f'<span><svg xmlns="http://www.w3.org/2000/svg" width="12" height="12">'
        f'<rect width="12" height="12" fill="{colour_of(share)}"/></svg> {escape(text)}</span> '
        for share, text in LEGEND
    )
    return f'<p class="legend">Error / tolerance, 1 allowed: {marks}</p>'


def reduced(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at most MOST_CELLS each way, every cell the worst of the entries that fall in it."""
    for axis in (0, 1):
        if table.shape[axis] > MOST_CELLS:
            starts = [i * table.shape[axis] // MOST_CELLS for i in range(MOST_CELLS)]
            table = np.maximum.reduceat(table, starts, axis=axis)
    return table


def colour_of(share: float) -> str:
    """Return white to blue within the tolerance, light to full orange-red beyond it."""
    if share <= 1:
        strength, colour = 0.08 + 0.4 * share, QUIET
    else:
        beyond = 1.0 if math.isinf(share) else min(math.log10(share) / DECADES, 1.0)
        strength, colour = 0.45 + 0.55 * beyond, LOUD
    mixed = (round(255 + (c - 255) * strength) for c in colour)
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _caption(table: NDArray[np.float64], cells: NDArray[np.float64]) -> str:
    """Say what a row, a column and a cell are."""
    if table.size == 1:
        return "one number"
    rows, columns = table.shape
    said = f"{columns} entries" if rows == 1 else f"{rows} rows, {columns} columns"
    if cells.shape == table.shape:
        return said
    height, width = (
        math.ceil(whole / part) for whole, part in zip(table.shape, cells.shape, strict=True)
    )
    return f"{said}; each cell is the worst of up to {height} by {width} entries"
