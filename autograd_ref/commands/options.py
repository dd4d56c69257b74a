"""Shared by all command lines: one-line errors, common options and their types.

Imported by every command line, so nothing here loads NumPy or PyTorch.
"""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, NoReturn

from autograd_ref.report.words import printable

EXIT_STATUS = {"match": 0, "mismatch": 1, "harmful": 1, "inconclusive": 3}
"""By verdict, or by what stands above it."""
UNUSABLE_INPUT = 2
INTERRUPTED = 130

DEFAULT = "(default: %(default)s)"

LARGEST_HIDDEN = 100_000
"""Hidden units whose activations still fit in memory; finite differences would take days."""


class Unusable(Exception):
    """Input that cannot be used, or output that cannot be written.

    The text is one line that says what is needed.

    Attributes:
        trace: the traceback of the user's own lines; empty where none of them was reached.
    """

    def __init__(self, advice: str, trace: str = "") -> None:
        super().__init__(advice)
        self.trace = trace


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line on standard error, with status 2."""

    def error(self, message: str) -> NoReturn:
        """Write what is wrong, and exit."""
        line = f"{self.prog}: {message} (see {self.prog} --help)\n"
        self.exit(UNUSABLE_INPUT, printable(line))


class Command(NamedTuple):
    """One command, as its help shows it and as the parser runs it."""

    name: str
    """Empty for what `crosscheck` alone does."""
    summary: str
    example: str
    description: str
    exit_status: str
    add_options: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]
    """Loads what it needs, and returns the exit status."""

    def set_up(self, parser: Parser) -> None:
        """Give a parser the options of this command."""
        self.add_options(parser)
        parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
        parser.set_defaults(run=self.run, refuse=parser.error)


class Version(argparse.Action):
    """Prints the version; looked up only when it is asked for."""

    def __call__(
        self, parser: argparse.ArgumentParser, *_others: object, **_named: object
    ) -> NoReturn:
        """Print it and exit."""
        from autograd_ref import __version__

        sys.stdout.write(f"crosscheck {__version__}\n")
        parser.exit()


def add_seed(parser: Parser, meaning: str) -> None:
    """Add the option --seed."""
    parser.add_argument("--seed", type=integer(0), default=0, help=f"{meaning} {DEFAULT}")


def add_hidden(parser: Parser) -> None:
    """Add the option --hidden."""
    parser.add_argument(
        "--hidden",
        type=integer(1, LARGEST_HIDDEN),
        default=16,
        metavar="N_H",
        help=f"hidden units {DEFAULT}",
    )


def later(module: str) -> Callable[[argparse.Namespace], int]:
    """The function `run` of a module that is loaded when it is called."""
    return lambda chosen: import_module(module).run(chosen)


def integer(at_least: int, at_most: int | None = None) -> Callable[[str], int]:
    """The type of an option that takes an integer in this range."""
    needed = f"at least {at_least}" if at_most is None else f"from {at_least} to {at_most}"

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or number < at_least or (at_most is not None and number > at_most):
            raise argparse.ArgumentTypeError(f"got {text!r}; it needs an integer {needed}")
        return number

    return parse


def positive(text: str) -> float:
    """The type of an option that takes a number greater than 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text!r}; it needs a number greater than 0")
    return number
