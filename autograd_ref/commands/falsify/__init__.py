"""`crosscheck falsify FILE[:NAME]`: the smallest problem on which a gradient is wrong."""

import argparse

from autograd_ref.commands.destination import add_json
from autograd_ref.commands.functions import network_options
from autograd_ref.commands.functions.cells import add_cells
from autograd_ref.commands.functions.file_alone import load_gradient
from autograd_ref.commands.functions.loading import current_folder
from autograd_ref.commands.functions.watch import add_timeout, watching
from autograd_ref.commands.options import DEFAULT, Command, Parser, add_seed, integer
from autograd_ref.commands.output import say

DESCRIPTION = """Search for the smallest problem on which a gradient of your own is wrong,
raises, or does harm, as by changing its arguments.

The function is called as by crosscheck check, with the same options. The
problems have one to three inputs, hidden units, outputs and samples, and
parameters with one decimal."""


def _add_options(parser: Parser) -> None:
    network_options.add(parser)
    parser.add_argument(
        "--examples",
        type=integer(1),
        default=200,
        metavar="N",
        help=f"problems to try before giving up {DEFAULT}",
    )
    add_seed(parser, "for the search")
    add_cells(parser)
    add_timeout(parser)
    add_json(parser)


def _run(chosen: argparse.Namespace) -> int:
    start = current_folder()
    with watching(chosen.timeout):
        spec, function, notes = load_gradient(chosen.function, start, chosen.cells)
        for note in notes:
            say(f"crosscheck: {note}\n")
        from autograd_ref.commands.falsify.run import run

        return run(chosen, spec, function)


COMMAND = Command(
    name="falsify",
    summary="find the smallest problem on which a gradient of your own is wrong",
    example="crosscheck falsify mine.py:gradients",
    description=DESCRIPTION,
    exit_status="Exit status: 0 nothing found, 1 found, 2 unusable input.",
    add_options=_add_options,
    run=_run,
)
