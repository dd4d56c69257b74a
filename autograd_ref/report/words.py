"""English for reports: lists, verbs that agree, lines of 80 columns, text that is safe to print."""

import unicodedata
from collections.abc import Sequence
from textwrap import wrap

WIDTH = 80

ESCAPED = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories: control characters, lone surrogates, separators of lines and paragraphs."""
REORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Bidirectional classes that make a terminal show characters in another order."""


def listed(names: Sequence[str], most: int = 8) -> str:
    """Join names as a sentence does: a, b and c; of very many, give the number of the others.

    >>> listed(["W0", "b0", "W1"])
    'W0, b0 and W1'
    >>> listed(["W0", "b0", "W1"], most=1)
    'W0 and 2 more'
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def are(names: Sequence[str]) -> str:
    """Join names and add the verb that agrees with them.

    >>> are(["W0"]), are(["W0", "b0"])
    ('W0 is', 'W0 and b0 are')
    """
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def agree(names: Sequence[str]) -> str:
    """Join names and say that they agree.

    >>> agree(["W0"]), agree(["W0", "b0"])
    ('W0 agrees', 'W0 and b0 agree')
    """
    return f"{listed(names)} agree{'s' if len(names) == 1 else ''}"


def printable(text: str, encoding: str = "utf-8") -> str:
    r"""Escape control characters, and the characters that the encoding lacks; keep line breaks.

    Names come from the code under test: an escape sequence in one could rewrite what a terminal
    shows.

    >>> printable("θ \x1b[31m")
    'θ \\x1b[31m'
    >>> printable("θ", "ascii")
    '\\u03b8'
    """
    escaped = "".join(
        c.encode("unicode_escape").decode("ascii") if _is_unsafe(c) else c for c in text
    )
    return encodable(escaped, encoding)


def encodable(text: str, encoding: str) -> str:
    r"""Escape the characters that the encoding lacks, and no others.

    >>> encodable("θ", "ascii")
    '\\u03b8'
    """
    return text.encode(encoding, "backslashreplace").decode(encoding)


def wrapped(text: str, indent: str = "") -> str:
    """Break text into printable lines of at most 80 columns.

    Args:
        text: one paragraph; spaces before it stay before its first line.
        indent: what the other lines begin with.
    """
    leading = text[: len(text) - len(text.lstrip(" "))]
    lines = wrap(
        printable(text.strip()),
        WIDTH,
        initial_indent=leading,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def _is_unsafe(character: str) -> bool:
    if character == "\n":
        return False
    return (
        unicodedata.category(character) in ESCAPED
        or unicodedata.bidirectional(character) in REORDERING
    )
