"""Paragraphs as the commands print them."""

import sys
import textwrap
from collections.abc import Callable

from autograd_ref.report.table import PLAIN, Display, coloured, display_of
from autograd_ref.report.words import WIDTH, printable


def printed(as_text: Callable[..., str], *results: object) -> Callable[[], str]:
    """A function that makes the text of some results for standard output."""
    return lambda: as_text(*results, display_of(sys.stdout))


def filled(text: str, display: Display = PLAIN) -> str:
    """The text in lines of at most 80 columns, in the colour of the verdict that it begins with."""
    width = min(WIDTH, display.width)
    lines = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    return coloured(lines, display)


def verdict_coloured(text: str, display: Display = PLAIN) -> str:
    """The text, its first paragraph in the colour of the verdict that it begins with."""
    verdict, blank, rest = text.rstrip().partition("\n\n")
    return f"{coloured(verdict, display)}{blank}{printable(rest, display.encoding)}"


def counted(count: int, noun: str) -> str:
    """The count and its noun, which gets an s unless there is one.

    >>> counted(1, "problem"), counted(3, "problem")
    ('1 problem', '3 problems')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
