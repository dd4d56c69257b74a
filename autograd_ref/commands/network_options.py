"""The options that say how a function for the assignment's network wants to be called."""

import argparse
from collections.abc import Callable
from typing import Any

from autograd_ref.assignment.conventions import choices
from autograd_ref.commands.convention_search import Found, NothingRuns, find
from autograd_ref.commands.loading import UserCodeError, line_reached, their_traceback
from manual_backprop import NetworkShape


def add(parser: argparse.ArgumentParser) -> None:
    """Add them; what is not given is found out by trying."""
    network = parser.add_argument_group("the assignment's network")
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
        help="the only dimensions, for code that has them written in, such as 4,16,3",
    )


def convention_of(function: Callable[..., Any], chosen: argparse.Namespace) -> Found:
    """The convention that the options leave, and in which the function is right, or nearest to it.

    Raises:
        UserCodeError: it raises in every one.
    """
    candidates = choices(
        theta=chosen.theta, layout=chosen.layout, targets=chosen.targets, biases=chosen.biases
    )
    try:
        return find(function, candidates, chosen.shape)
    except NothingRuns as nothing:
        raise _in_no_convention(chosen.function, nothing) from nothing


def _in_no_convention(spec: str, nothing: NothingRuns) -> UserCodeError:
    """The traceback of the one that gets furthest, and what each of them raises."""
    errors = {trial.convention: trial.error for trial in nothing.trials if trial.error is not None}
    furthest = max(errors, key=lambda convention: line_reached(errors[convention]))
    tried = "".join(f"  {name}: {_in_a_line(error)}\n" for name, error in errors.items())
    return UserCodeError(
        f"{spec} raises in all conventions that were tried; above is the one in which it gets"
        f" furthest ({furthest.options}). Put right what it says, or choose your convention (see"
        " crosscheck check --help)",
        f"Tried:\n{tried}\n{furthest}:\n{their_traceback(errors[furthest])}",
    )


def _in_a_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _shape(text: str) -> NetworkShape:
    try:
        return NetworkShape(*(int(part) for part in text.split(",")))
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(
            f"got {text!r}; it needs three integers of at least 1, as in 4,16,3"
        ) from None
