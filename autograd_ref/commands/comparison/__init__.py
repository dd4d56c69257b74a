"""`crosscheck` alone: the built-in network's gradient by hand against autograd, on the penguins."""

from autograd_ref.commands.destination import add_json
from autograd_ref.commands.options import (
    DEFAULT,
    Command,
    Parser,
    add_hidden,
    add_seed,
    integer,
    later,
)

PENGUINS = 342
"""Samples of the data set, said here so that --help loads no data."""


def _add_options(parser: Parser) -> None:
    add_hidden(parser)
    add_seed(parser, "for the initial parameters and the choice of samples")
    parser.add_argument(
        "--dtype",
        choices=("float64", "float32"),
        default="float64",
        help=f"number format of the hand-derived side {DEFAULT}",
    )
    parser.add_argument(
        "--samples",
        type=integer(1, PENGUINS),
        default=PENGUINS,
        metavar="S",
        help="number of penguins, drawn at random (default: all %(default)s)",
    )
    add_json(parser)


COMMAND = Command(
    name="",
    summary="compare the built-in network's hand-derived gradient with autograd",
    example="crosscheck --hidden 32",
    description="",
    exit_status="Exit status: 0 match, 1 mismatch, 2 unusable input, 3 inconclusive.",
    add_options=_add_options,
    run=later("autograd_ref.commands.comparison.run"),
)
