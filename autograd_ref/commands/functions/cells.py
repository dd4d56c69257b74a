"""The option --cells: which cells of a notebook are run."""

import argparse

from autograd_ref.commands.functions.files.notebook import numbers_in
from autograd_ref.commands.options import Parser


def add_cells(parser: Parser) -> None:
    """Add the option --cells."""
    parser.add_argument(
        "--cells",
        type=_numbers,
        metavar="1,3-5",
        help="the code cells of a notebook that are run, counted as In [1], In [2], ... after all"
        " have been run in order (default: all up to the one that defines NAME)",
    )


def _numbers(text: str) -> str:
    """The type of an option that takes a choice of numbers such as 1,3-5."""
    try:
        _ = numbers_in(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"got {text!r}; it needs numbers from 1 and ranges of them, such as 1,3-5"
        ) from None
    return text
