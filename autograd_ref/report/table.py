"""Tables and verdicts as text, plain in a pipe or file, with lines and colours on a terminal."""

from collections.abc import Collection, Sequence
from io import StringIO
from typing import NamedTuple, TextIO

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograd_ref.report.words import WIDTH, printable

NARROWEST_NAME = 8
"""Columns that the first cell of a row keeps, however narrow the terminal is."""

ASCII_RULE = Box("    \n    \n----\n    \n    \n    \n    \n    \n", ascii=True)
UNICODE_RULE = Box("    \n    \n────\n    \n    \n    \n    \n    \n")

COLOURS = {
    "match": "green",
    "mismatch": "bold red",
    "not passed": "bold red",
    "inconclusive": "yellow",
}


class Display(NamedTuple):
    """The place where a text is shown."""

    width: int = WIDTH
    unicode: bool = False
    """It draws lines with Unicode characters."""
    colour: bool = False
    encoding: str = "utf-8"
    """Characters that it lacks are shown as backslash escapes."""


PLAIN = Display()
"""A string or a file: 80 columns, and names as they are."""


def display_of(stream: TextIO) -> Display:
    """The display behind a stream; anything but a terminal is `PLAIN`, in its encoding.

    The width is the terminal's. There is no colour where NO_COLOR is set.
    """
    console = Console(file=stream)
    encoding = console.encoding
    if not console.is_terminal:
        return PLAIN._replace(encoding=encoding)
    colour = console.color_system is not None and not console.no_color
    return Display(console.width, encoding.startswith("utf"), colour, encoding)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[int] = (),
    display: Display = PLAIN,
) -> str:
    """The rows under a ruled header, as text without a final newline.

    Where the table is wider than the display, the first cells lose their middle; numbers are never
    cut. Cells may have several lines. Verdicts have their colour.

    Args:
        header: one cell for each column.
        rows: likewise.
        numbers: the columns to align on the right, counted from 0.
        display: where the table is shown.

    >>> print(table(["block", "error"], [["W0", "0.5"], ["b0", "12"]], numbers=[1]))
    block  error
    ------------
    W0       0.5
    b0        12
    """
    cells = [[printable(cell, display.encoding) for cell in row] for row in (header, *rows)]
    widths = [max(_width(cell) for cell in column) for column in zip(*cells, strict=True)]
    gaps = len(widths) - 1
    gap = 2 if sum(widths) + 2 * gaps <= display.width else 1
    room = max(display.width - sum(widths[1:]) - gap * gaps, NARROWEST_NAME)
    ruled = Table(
        box=UNICODE_RULE if display.unicode else ASCII_RULE,
        show_edge=False,
        pad_edge=False,
        padding=(0, gap - 1, 0, 0),
    )
    for number, title in enumerate(cells[0]):
        justify = "right" if number in numbers else "left"
        ruled.add_column(_first(title, room, number), justify=justify, no_wrap=True)
    for row in cells[1:]:
        texts = (Text(_first(cell, room, n), _style(cell, n)) for n, cell in enumerate(row))
        ruled.add_row(*texts)
    return _printed(ruled, min(widths[0], room) + sum(widths[1:]) + gap * gaps, display)


def coloured(text: str, display: Display = PLAIN) -> str:
    """The text in the colour of the verdict that it begins with, where there are colours.

    >>> coloured("Match: all agree.")
    'Match: all agree.'
    """
    text = printable(text, display.encoding)
    return _printed(Text(text, _style(text, 1)), _width(text), display)


def shortened(text: str, most: int) -> str:
    """At most so many characters; the middle goes, for the end of a name tells most.

    >>> shortened("encoder.layers.0.weight", 13)
    'encod..weight'
    """
    if len(text) <= most:
        return text
    keep = most - 2
    return f"{text[: keep // 2]}..{text[-(keep - keep // 2) :]}"


def _first(cell: str, room: int, number: int) -> str:
    if number:
        return cell
    return "\n".join(shortened(line, room) for line in cell.split("\n"))


def _style(cell: str, number: int) -> str:
    """The style of a verdict; the first cells are names."""
    verdict = cell.partition(":")[0].lower() if number else ""
    return COLOURS.get(verdict, "")


def _width(cell: str) -> int:
    return max(map(cell_len, cell.split("\n")))


def _printed(content: Table | Text, width: int, display: Display) -> str:
    """The content in one piece, whatever the console would make of its width."""
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=display.colour,
        color_system="standard" if display.colour else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(content, soft_wrap=isinstance(content, Text))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
