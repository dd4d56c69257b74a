"""`crosscheck falsify FILE[:NAME]`: the smallest problem on which a gradient is wrong."""

import argparse

from autograd_ref.commands.functions import network_options
from autograd_ref.commands.functions.loading import load, require_arguments
from autograd_ref.commands.functions.only_function import FUNCTION_HELP, completed
from autograd_ref.commands.options import DEFAULT, Command, Parser, add_json, add_seed, integer
from autograd_ref.commands.output import require_writable

DESCRIPTION = """Search for the smallest problem on which a gradient of your own is wrong, or
raises.

The function is called as by crosscheck check, with the same options. The
problems have one to three inputs, hidden units, outputs and samples, and
parameters with one decimal."""


def _add_options(parser: Parser) -> None:
    parser.add_argument("function", metavar="FILE[:NAME]", help=FUNCTION_HELP)
    network_options.add(parser)
    parser.add_argument(
        "--examples",
        type=integer(1),
        default=200,
        metavar="N",
        help=f"problems to try before giving up {DEFAULT}",
    )
    add_seed(parser, "for the search")
    add_json(parser)


def _run(chosen: argparse.Namespace) -> int:
    require_writable(chosen.json)
    spec = completed(chosen.function)
    function = load(spec)
    require_arguments(function, spec, ["parameters", "X", "Y"])
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
