"""The options that choose one of the usual networks."""

import argparse
from typing import TYPE_CHECKING, Any

from autograd_ref.networks.choices import ACTIVATIONS, LEAKY, LOSSES, OUTPUTS, PENALISED

if TYPE_CHECKING:
    from autograd_ref.networks.architecture import Architecture

NAMED = f"{', '.join(ACTIVATIONS)}, or leaky-relu with its slope, as in leaky-relu-0.05"

NAMES = "activation", "output", "sum", "mean_over", "l2", "l2_of", "no_bias"
"""The options, beside --loss."""


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add them; what is left out is that of the built-in network."""
    group = parser.add_argument_group("the network, where it is another of the usual ones")
    group.add_argument(
        "--activation", type=_activation, metavar="NAME", help=f"of the hidden layers: {NAMED}"
    )
    group.add_argument("--output", choices=OUTPUTS, help="the function of the outputs")
    over = group.add_mutually_exclusive_group()
    over.add_argument("--sum", action="store_true", help="the loss is a sum over samples")
    over.add_argument(
        "--mean", action="store_true", help="the loss is a mean over samples (the default)"
    )
    over.add_argument(
        "--mean-over", choices=("samples", "entries"), help="what the loss is a mean over"
    )
    group.add_argument(
        "--l2", metavar="L2", help="the penalty L2/2 times the squared weights; L2/S with 1/S"
    )
    group.add_argument("--l2-of", choices=PENALISED, help="what the penalty is of")
    group.add_argument("--no-bias", action="store_true", help="layers without biases")


def _activation(text: str) -> str:
    if text in ACTIVATIONS or LEAKY.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none; it needs to be one of {NAMED}")


def is_usual_loss(text: str | None) -> bool:
    """True for the name of a loss, and not of a function in a file."""
    return text in LOSSES


def chooses(chosen: argparse.Namespace) -> bool:
    """True where the options choose another network than the built-in one."""
    return is_usual_loss(chosen.loss) or any(getattr(chosen, name) for name in NAMES)


def meant(chosen: argparse.Namespace) -> "Architecture":
    """The network that the options choose, of any sizes.

    Raises:
        SystemExit: two of them do not go together.
    """
    from autograd_ref.networks.choosing import architecture

    given: dict[str, Any] = {
        "activation": chosen.activation,
        "output": chosen.output,
        "loss": chosen.loss if is_usual_loss(chosen.loss) else None,
        "l2": chosen.l2,
        "l2_of": chosen.l2_of,
        "reduction": _reduction(chosen),
    }
    given = {name: value for name, value in given.items() if value is not None}
    try:
        return architecture((5, 7, 2), bias=not chosen.no_bias, **given)
    except ValueError as error:
        return chosen.refuse(str(error))


def _reduction(chosen: argparse.Namespace) -> str | None:
    if chosen.sum:
        return "sum"
    return f"mean-over-{chosen.mean_over}" if chosen.mean_over else None
