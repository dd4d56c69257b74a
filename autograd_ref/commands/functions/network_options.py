"""The argument that names a user's function, and the options that say how it is called."""

import argparse
from typing import Any

FUNCTION_HELP = (
    "PATH.py:function or package.module:function; PATH.py alone where only one function in it takes"
    " (parameters, X, Y)"
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add them; a convention that they leave open is detected automatically."""
    parser.add_argument("function", metavar="FILE[:NAME]", help=FUNCTION_HELP)
    network = parser.add_argument_group("calling convention, for the built-in network")
    network.add_argument(
        "--theta", action="store_true", help="parameters as a dict with the keys W0, b0, W1, b1"
    )
    network.add_argument("--targets", choices=("labels", "one-hot"), help="the form of Y")
    network.add_argument(
        "--layout",
        choices=("rows", "columns"),
        help="samples as rows of X and of one-hot Y, or as columns; gradients keep their shapes",
    )
    network.add_argument(
        "--biases",
        choices=("vectors", "matrices"),
        help="b0 and b1 of shape (n,), or (1, n) for rows and (n, 1) for columns, and their"
        " gradients likewise",
    )
    network.add_argument(
        "--shape",
        type=_shape,
        metavar="N_I,N_H,N_O",
        help="the only dimensions, for code in which they are hard-coded, such as 4,16,3",
    )


def _shape(text: str) -> Any:
    """A NetworkShape; NumPy is loaded only where one is given."""
    from manual_backprop import NetworkShape

    try:
        return NetworkShape(*(int(part) for part in text.split(",")))
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(
            f"got {text!r}; it needs three integers of at least 1, as in 4,16,3"
        ) from None
