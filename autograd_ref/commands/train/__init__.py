"""`crosscheck train`: the training run of the built-in network, by hand and by autograd."""

import argparse
from difflib import get_close_matches

from autograd_ref.commands.destination import add_json
from autograd_ref.commands.options import (
    DEFAULT,
    Command,
    Parser,
    add_hidden,
    add_seed,
    integer,
    positive,
)
from autograd_ref.commands.train.files import require_folder

DESCRIPTION = """Train the built-in network on the Palmer penguins, by steepest descent and by
Nesterov's accelerated gradient, with the hand-derived gradient and with
autograd side by side."""

EXIT_STATUS = """Exit status: 0 hand and autograd agree, 1 they do not, 2 unusable input, 3 a
gradient check was inconclusive, 130 interrupted (all results so far are shown
and written)."""

MOST_ITERATIONS = 1_000_000
"""Days of work; their figures still fit into memory."""


def _title(text: str) -> str:
    """The type of --mistake; the catalogue is loaded only where one is given."""
    from autograd_ref.commands.mistakes import trainable

    titles = trainable()
    if text not in titles:
        near = get_close_matches(text, titles, n=5, cutoff=0.4)
        found = f"did you mean {', '.join(map(repr, near))}? " if near else ""
        raise argparse.ArgumentTypeError(
            f"unknown mistake {text!r}; {found}crosscheck mistakes lists all"
        )
    return text


def _add_options(parser: Parser) -> None:
    add_hidden(parser)
    parser.add_argument(
        "--iterations",
        type=integer(1, MOST_ITERATIONS),
        default=350,
        metavar="N",
        help=f"number of steps {DEFAULT}",
    )
    parser.add_argument(
        "--step",
        type=positive,
        help="the constant step size (default: 0.1 with --standardise, 0.01 without)",
    )
    parser.add_argument(
        "--standardise", action="store_true", help="features of mean 0 and standard deviation 1"
    )
    parser.add_argument(
        "--optimiser", choices=("steepest", "nesterov", "both"), default="both", help=DEFAULT
    )
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64", help=DEFAULT)
    add_seed(parser, "for the split and the initial parameters")
    parser.add_argument(
        "--mistake",
        action="append",
        default=[],
        type=_title,
        metavar="TITLE",
        help="train with this mistake of the catalogue too, such as 'twice (W1)' (crosscheck"
        " mistakes lists them); may be repeated",
    )
    parser.add_argument(
        "--data", metavar="FILE.npy", help="train on these features, (S, N_I), of any size"
    )
    parser.add_argument(
        "--targets", metavar="FILE.npy", help="with these labels (S,), or target rows (S, N_O)"
    )
    parser.add_argument(
        "--distributed",
        action="store_true",
        help="as one of the processes that torchrun starts, each with its rows of the samples",
    )
    parser.add_argument("--backend", default="gloo", help=f"of torch.distributed {DEFAULT}")
    parser.add_argument(
        "--timeout",
        type=positive,
        default=60.0,
        metavar="SECONDS",
        help=f"the longest time that a process waits for another {DEFAULT}",
    )
    parser.add_argument(
        "--output", metavar="DIR", help="write plots, the trained models and report.html there"
    )
    add_json(parser)


def _run(chosen: argparse.Namespace) -> int:
    if (chosen.data is None) != (chosen.targets is None):
        chosen.refuse("--data and --targets go together")
    if chosen.data is not None and chosen.standardise:
        chosen.refuse("--standardise is for the penguins: write --data as it is to be trained on")
    if chosen.mistake and (chosen.distributed or chosen.data is not None):
        chosen.refuse("--mistake is for the penguins, in one process")
    require_folder(chosen.output, chosen.json)
    from autograd_ref.commands.train.run import run

    return run(chosen)


COMMAND = Command(
    name="train",
    summary="train the built-in network by hand and by autograd, side by side",
    example="crosscheck train --standardise --output trained",
    description=DESCRIPTION,
    exit_status=EXIT_STATUS,
    add_options=_add_options,
    run=_run,
)
