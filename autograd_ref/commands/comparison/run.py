"""The hand-derived gradient against autograd and finite differences, on the penguins."""

import argparse
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

import manual_backprop
from autograd_ref.commands.comparison.show import Setup, as_json, as_text
from autograd_ref.commands.comparison.side_by_side import A, side_by_side
from autograd_ref.commands.options import EXIT_STATUS
from autograd_ref.commands.output import write_results
from autograd_ref.commands.paragraphs import printed
from autograd_ref.commands.progress import stepping
from manual_backprop import NetworkShape, Parameters, initialize, load_penguins


def run(chosen: argparse.Namespace) -> int:
    """Compare, show, and return the exit status."""
    parameters, X, Y = _problem(chosen)
    with stepping("approx_fprime", parameters.shape.parameter_count + 1) as step:

        def loss(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> float:
            step()
            return manual_backprop.loss(parameters, X, Y)

        result = side_by_side(parameters, X, Y, loss=loss)
    setup = Setup(parameters.shape, len(X), chosen.seed, chosen.dtype)
    write_results(printed(as_text, setup, result), {chosen.json: partial(as_json, setup, result)})
    return EXIT_STATUS[result.verdict]


def _problem(chosen: argparse.Namespace) -> tuple[Parameters, A, A]:
    X, Y, names = load_penguins()
    random = np.random.default_rng(chosen.seed)
    samples: int = chosen.samples
    rows = np.sort(random.permutation(len(X))[:samples])
    shape = NetworkShape(inputs=X.shape[1], hidden=chosen.hidden, outputs=len(names))
    parameters = initialize(shape, chosen.seed, dtype=chosen.dtype)
    return parameters, X[rows].astype(chosen.dtype), Y[rows]
