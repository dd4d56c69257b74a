"""`crosscheck check FILE[:NAME]`: a user's own gradient against the reference."""

import argparse

from autograd_ref.commands.destination import add_file, add_json
from autograd_ref.commands.functions import network_options
from autograd_ref.commands.functions.loading import current_folder, load, load_gradient
from autograd_ref.commands.functions.watch import add_timeout, watching
from autograd_ref.commands.options import Command, Parser, add_seed, integer

DESCRIPTION = """Check a gradient of your own, entry by entry, against autograd.

The function is called as function(parameters, X, Y) and returns the gradients,
or (loss, gradients), of the built-in network: the mean cross-entropy of a
softmax over one hidden layer of softplus units. Its calling convention is
detected automatically, or chosen with the options below. It is checked on the
Palmer penguins and on random problems whose dimensions all differ. With --loss
and --parameters, any other model can be checked."""


def _add_options(parser: Parser) -> None:
    network_options.add(parser)
    other = parser.add_argument_group("any other model")
    other.add_argument(
        "--loss",
        metavar="PATH.py:function",
        help="its loss in PyTorch, loss(parameters, *data) -> scalar tensor, or in NumPy",
    )
    other.add_argument(
        "--parameters",
        metavar="PATH.py:function",
        help="make(), or make(seed), returns a tuple of two: parameters (any nest of arrays) and"
        " the data, itself a tuple: the arguments that follow parameters in each call",
    )
    parser.add_argument(
        "--problems",
        type=integer(1),
        default=10,
        metavar="N",
        help="number of random problems in float64, or of seeds for --parameters (default:"
        " %(default)s)",
    )
    add_seed(parser, "the first seed")
    add_timeout(parser)
    add_json(parser)
    add_file(parser, "--html", "the report as a page of HTML")


def _require_consistent(chosen: argparse.Namespace) -> None:
    if (chosen.loss is None) != (chosen.parameters is None):
        chosen.refuse("--loss and --parameters belong together: give both or neither")
    conventions = (chosen.theta, chosen.targets, chosen.layout, chosen.biases, chosen.shape)
    if chosen.loss is not None and any(conventions):
        chosen.refuse(
            "--theta, --targets, --layout, --biases and --shape are for the built-in network, not"
            " for the model of --loss"
        )


def _run(chosen: argparse.Namespace) -> int:
    _require_consistent(chosen)
    start = current_folder()  # users' code may change it
    with watching(chosen.timeout):
        if chosen.loss is None:
            spec, function = load_gradient(chosen.function, start)
            from autograd_ref.commands.check.run import check_network

            return check_network(chosen, spec, function)
        specs = (chosen.function, chosen.loss, chosen.parameters)
        function, loss, make = (load(spec, start) for spec in specs)
        from autograd_ref.commands.check.run import check_model

        return check_model(chosen, function, loss, make)


COMMAND = Command(
    name="check",
    summary="check a gradient of your own",
    example="crosscheck check mine.py:gradients",
    description=DESCRIPTION,
    exit_status="Exit status: 0 passed, 1 mismatch or a finding that does harm, 2 unusable input, 3"
    " inconclusive.",
    add_options=_add_options,
    run=_run,
)
