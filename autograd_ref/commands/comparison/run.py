"""The hand-derived gradient against autograd and finite differences, on the penguins."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

import manual_backprop
from autograd_ref.assignment.finite_difference import NetworkLoss
from autograd_ref.commands.comparison.show import Setup, as_json, as_text
from autograd_ref.commands.comparison.side_by_side import A, side_by_side
from autograd_ref.commands.options import EXIT_STATUS
from autograd_ref.commands.output import write_results
from autograd_ref.commands.progress import progress
from autograd_ref.report.table import display_of
from manual_backprop import NetworkShape, Parameters, initialize, load_penguins


def run(chosen: argparse.Namespace) -> int:
    """Compare, show, and return the exit status."""
    parameters, X, Y = _problem(chosen)
    with _progress(parameters.shape.parameter_count) as loss:
        result = side_by_side(parameters, X, Y, loss=loss)
    setup = Setup(parameters.shape, len(X), chosen.seed, chosen.dtype)
    write_results(
        lambda: as_text(setup, result, display_of(sys.stdout)),
        {chosen.json: lambda: as_json(setup, result)},
    )
    return EXIT_STATUS[result.verdict]


def _problem(chosen: argparse.Namespace) -> tuple[Parameters, A, A]:
    X, Y, names = load_penguins()
    random = np.random.default_rng(chosen.seed)
    samples: int = chosen.samples
    rows = np.sort(random.permutation(len(X))[:samples])
    shape = NetworkShape(inputs=X.shape[1], hidden=chosen.hidden, outputs=len(names))
    parameters = initialize(shape, chosen.seed, dtype=chosen.dtype)
    return parameters, X[rows].astype(chosen.dtype), Y[rows]


@contextmanager
def _progress(parameter_count: int) -> Generator[NetworkLoss]:
    """The hand-derived loss, drawing a progress bar as the forward difference calls it."""
    bar = progress()
    task = bar.add_task("approx_fprime", total=parameter_count + 1)

    def loss(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> float:
        bar.advance(task)
        return manual_backprop.loss(parameters, X, Y)

    with bar:
        yield loss
