"""`crosscheck check FILE[:NAME]`: a user's own gradient against the reference."""

import argparse
from pathlib import Path

from autograd_ref.commands.as_written.network_choice import (
    add_network,
    chooses,
    is_usual_loss,
    meant,
)
from autograd_ref.commands.as_written.whole_files import opened
from autograd_ref.commands.destination import add_file, add_json
from autograd_ref.commands.functions import network_options
from autograd_ref.commands.functions.cells import add_cells
from autograd_ref.commands.functions.file_alone import GRADIENT, SeveralFit, load_gradient
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.loading import current_folder, loaded
from autograd_ref.commands.functions.watch import add_timeout, watching
from autograd_ref.commands.options import Command, Parser, add_seed, integer
from autograd_ref.networks.choices import LOSSES

DESCRIPTION = """Check a gradient of your own, entry by entry, against autograd.

The function is called as function(parameters, X, Y) and returns the gradients,
or (loss, gradients), of the built-in network: the mean cross-entropy of a
softmax over one hidden layer of softplus units. Its calling convention is
detected automatically, or chosen with the options below. It is checked on the
Palmer penguins and on random problems whose dimensions all differ. With --loss
and --parameters, any other model can be checked."""


def _add_options(parser: Parser) -> None:
    network_options.add(parser, any_depth=True)
    other = parser.add_argument_group("any other model")
    other.add_argument(
        "--loss",
        metavar="PATH.py:function",
        help="its loss in PyTorch, loss(parameters, *data) -> scalar tensor, or in NumPy; or the"
        " name of a usual one: cross-entropy, binary-cross-entropy, mse, half-mse, sse",
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
    add_network(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="a value for an argument of your code, such as --set reg=0.1; may be repeated",
    )
    parser.add_argument(
        "--explain", action="store_true", help="how your code is called, and an adapter to paste"
    )
    parser.add_argument(
        "--detect",
        action="store_true",
        help="say which of the usual networks it is right for, even where it matches",
    )
    add_seed(parser, "the first seed")
    add_cells(parser)
    add_timeout(parser)
    add_json(parser)
    add_file(parser, "--html", "the report as a page of HTML")


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier() or not value:
        raise argparse.ArgumentTypeError(f"got {text!r}; it needs NAME=VALUE, as in reg=0.1")
    return name, value


def _require_consistent(chosen: argparse.Namespace) -> None:
    usual = is_usual_loss(chosen.loss)
    if (chosen.loss is None or usual) != (chosen.parameters is None):
        chosen.refuse(
            "--loss and --parameters belong together: give both or neither, or --loss one of"
            f" {', '.join(LOSSES)}"
        )
    conventions = (chosen.theta, chosen.targets, chosen.layout, chosen.biases)
    if chosen.loss is not None and any((*conventions, chosen.shape and not usual)):
        chosen.refuse(
            "--theta, --targets, --layout, --biases and --shape are for the built-in network, not"
            " for the model of --loss"
        )
    if any(conventions) and chooses(chosen):
        chosen.refuse(
            "--theta, --targets, --layout and --biases are for the built-in network; how code of"
            " another is called is found by itself"
        )

    if chosen.parameters is not None and (chosen.explain or chosen.set or chosen.detect):
        chosen.refuse(
            "--explain, --set and --detect are for the usual networks, not for the model of --loss"
        )
    if chosen.parameters is not None and chooses(chosen):
        chosen.refuse(
            "--activation, --output, --l2 and the others of the usual networks do not go with"
            " --parameters: the model is that of --loss"
        )
    if chosen.explain and chosen.html is not None:
        chosen.refuse("--explain has no page of HTML; --json is its other form")
    if any(conventions) and not _has_one_hidden_layer(chosen):
        chosen.refuse("--theta, --targets, --layout and --biases need --shape N_I,N_H,N_O")


def _run(chosen: argparse.Namespace) -> int:
    _require_consistent(chosen)
    start = current_folder()  # users' code may change it
    with watching(chosen.timeout):
        if chosen.parameters is not None:
            specs = (chosen.function, chosen.loss, chosen.parameters)
            function, loss, make = (loaded(spec, start, chosen.cells) for spec in specs)
            from autograd_ref.commands.check.run import check_model

            return check_model(chosen, function, loss, make)
        if chooses(chosen) or chosen.explain or chosen.set or not _has_one_hidden_layer(chosen):
            return _as_it_stands(chosen, start)
        try:
            found = load_gradient(chosen.function, start, chosen.cells)
        except UserCodeError as refused:
            several = refused if isinstance(refused, SeveralFit) else None
            return _as_it_stands(chosen, start, before=refused, after=several)
        from autograd_ref.commands.check.run import check_network

        try:
            return check_network(chosen, found)
        except UserCodeError as refused:
            if any((chosen.theta, chosen.targets, chosen.layout, chosen.biases)):
                raise
            meant_so = found.spec == chosen.function or GRADIENT.search(found.spec)
            return _as_it_stands(chosen, start, before=refused, after=refused if meant_so else None)


def _has_one_hidden_layer(chosen: argparse.Namespace) -> bool:
    return len(network_options.sizes_in(chosen.shape)) in (0, 3)


def _as_it_stands(
    chosen: argparse.Namespace,
    start: Path,
    *,
    before: UserCodeError | None = None,
    after: UserCodeError | None = None,
) -> int:
    """Check code in the way in which it wants to be called.

    Raises:
        UserCodeError: before, where it cannot be loaded, or nothing in it can be tried; after,
            where there is no way to call it; or what is said of that.
    """
    try:
        code = opened(chosen.function, start, chosen.cells)
    except UserCodeError as error:
        raise before or error from None
    from autograd_ref.commands.as_written.find_adapter import AskedFor
    from autograd_ref.commands.as_written.nothing_found import NoAdapter
    from autograd_ref.commands.check.run import check_as_it_stands

    sizes = [*filter(None, (network_options.sizes_in(chosen.shape),))]
    try:
        return check_as_it_stands(chosen, code, AskedFor(meant(chosen), sizes, dict(chosen.set)))
    except NoAdapter as nothing:
        raise after or (before if before and not nothing.says_why else nothing) from None
    except UserCodeError as error:
        if error is code.refused:
            raise before or error from None
        raise


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
