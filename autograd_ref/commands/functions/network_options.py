"""The argument that names a user's function, and the options that say how it is called."""

import argparse
from typing import Any

FUNCTION_HELP = (
    "PATH.py:function, PATH.ipynb:function or package.module:function; a file alone where only one"
    " function in it takes (parameters, X, Y)"
)


def add(parser: argparse.ArgumentParser, *, any_depth: bool = False) -> None:
    """Add them; a convention that they leave open is detected automatically.

    Args:
        parser: gets them.
        any_depth: True where --shape may have more hidden layers than one, or none.
    """
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
        type=_shape_of_any_depth if any_depth else _shape,
        metavar="N_I,N_H,N_O",
        help="the only dimensions, for code in which they are hard-coded, such as 4,16,3"
        + "; 4,32,16,3 has two hidden layers, 4,3 none" * any_depth,
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


def _shape_of_any_depth(text: str) -> Any:
    """A NetworkShape, or a tuple of integers where there is not one hidden layer."""
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if len(sizes) < 2 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(
            f"got {text!r}; it needs integers of at least 1 for the inputs, each hidden layer and"
            " the outputs, as in 4,16,3 or 4,32,16,3"
        )
    return _shape(text) if len(sizes) == 3 else sizes


def sizes_in(shape: Any) -> tuple[Any, ...]:
    """The sizes of what --shape gave: N_I, those of the hidden layers, N_O; none for None.

    Args:
        shape: a NetworkShape, a tuple, or None.
    """
    if shape is None:
        return ()
    if hasattr(shape, "inputs"):
        return shape.inputs, shape.hidden, shape.outputs
    return tuple(shape)
