"""The main job: the hand-derived gradient against autograd on the penguins, and a third witness."""

import argparse
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

import manual_backprop
from autograd_ref.assignment.finite_difference import Loss
from autograd_ref.assignment.problems import Problem
from autograd_ref.commands import options, show
from autograd_ref.commands.output import why_unwritable, why_unwritten
from autograd_ref.commands.progress import progress
from autograd_ref.commands.side_by_side import side_by_side
from manual_backprop import NetworkShape, Parameters, initialize, load_penguins
from manual_backprop.penguins import Penguins


def run(arguments: Sequence[str]) -> int:
    """Compare, show, and return the exit status."""
    penguins = load_penguins()
    chosen = _parse(arguments, available=len(penguins.X))
    reason = why_unwritable(chosen.json)
    if reason:
        return options.unusable(reason)
    problem = _problem(chosen, penguins)
    with _progress(problem.parameters.shape.parameter_count) as loss:
        result = side_by_side(*problem, loss=loss)
    about = show.About(problem.parameters.shape, len(problem.X), chosen.seed, chosen.dtype)
    if chosen.json != "-":
        show.as_text(about, result, sys.stdout)
    if chosen.json is not None:
        reason = why_unwritten(chosen.json, show.as_json(about, result))
        if reason:
            return options.unusable(reason)
    return options.EXIT_STATUS[result.verdict]


def _parse(arguments: Sequence[str], *, available: int) -> argparse.Namespace:
    parser = options.parser(
        "Compare the hand-derived gradient of the assignment's network with autograd and with"
        " SciPy's approx_fprime, on the Palmer penguins."
    )
    parser.epilog = "A gradient of your own: crosscheck check PATH.py:function (check --help)."
    parser.add_argument(
        "--hidden",
        type=options.integer(1, options.LARGEST_HIDDEN),
        default=16,
        metavar="N_H",
        help="hidden units (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=options.integer(0),
        default=0,
        help="for the initial parameters and the choice of samples (default: %(default)s)",
    )
    parser.add_argument(
        "--dtype",
        choices=("float64", "float32"),
        default="float64",
        help="number format of the hand-derived side (default: %(default)s)",
    )
    parser.add_argument(
        "--samples",
        type=options.integer(1, available),
        default=available,
        metavar="S",
        help="how many penguins, drawn at random (default: all %(default)s)",
    )
    options.add_json(parser)
    return parser.parse_args(arguments)


def _problem(chosen: argparse.Namespace, penguins: Penguins) -> Problem:
    X, Y, names = penguins
    random = np.random.default_rng(chosen.seed)
    samples: int = chosen.samples
    rows = np.sort(random.permutation(len(X))[:samples])
    shape = NetworkShape(inputs=X.shape[1], hidden=chosen.hidden, outputs=len(names))
    parameters = initialize(shape, chosen.seed, dtype=chosen.dtype)
    return Problem(parameters, X[rows].astype(chosen.dtype), Y[rows])


@contextmanager
def _progress(parameter_count: int) -> Generator[Loss]:
    """The hand-derived loss, drawing a progress bar as the forward difference calls it."""
    bar = progress()
    task = bar.add_task("approx_fprime", total=parameter_count + 1)

    def loss(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> float:
        bar.advance(task)
        return manual_backprop.loss(parameters, X, Y)

    with bar:
        yield loss
