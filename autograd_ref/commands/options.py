"""What the commands' options share: one-line errors, and numbers that say what they need."""

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import NoReturn

EXIT_STATUS = {"match": 0, "mismatch": 1, "inconclusive": 3}
"""By verdict."""
UNUSABLE_INPUT = 2
INTERRUPTED = 130

LARGEST_HIDDEN = 100_000
"""Hidden units whose activations still fit in memory; a forward difference would take days."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line on standard error, with status 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and stop."""
        self.exit(UNUSABLE_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def unusable(message: str) -> int:
    """Say in one line what cannot be used; the exit status that goes with it."""
    sys.stderr.write(f"crosscheck: {message}\n")
    return UNUSABLE_INPUT


def parser(description: str) -> Parser:
    """A parser that knows --help and --version."""
    result = Parser(prog="crosscheck", description=description, allow_abbrev=False)
    result.add_argument(
        "--version", action="version", version=f"crosscheck {version('backprop-crosscheck')}"
    )
    return result


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json, of every command."""
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; - for stdout")


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
