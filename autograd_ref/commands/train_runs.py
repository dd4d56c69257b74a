"""The runs of `crosscheck train`: with the right gradient, and with a mistake of the catalogue."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.assignment.mistakes.planted import Gradient
from autograd_ref.assignment.training import OPTIMISERS, Data, side_by_side
from autograd_ref.check import check_gradients
from autograd_ref.commands.train_show import Run, Wrong
from manual_backprop import Parameters, loss, loss_and_gradients
from manual_backprop.descent import Diverged

Watch = Callable[[], object]


class Task(NamedTuple):
    """What every run has in common."""

    start: Parameters
    data: Data
    step: float
    iterations: int
    seed: int


class _Vanished(Exception):
    """A mistake that cannot be made at some parameters, such as a sum in place of its terms, 0."""


def train_rightly(one: Run, task: Task, watch: Watch) -> None:
    """Append every moment to the run as it comes, and check the gradient at some of them."""
    start, data, step, last, seed = task
    moments = side_by_side(one.optimiser, start, data, step=step, seed=seed)
    for moment, parameters in islice(moments, last + 1):
        # in this order, so that an interrupt between the two leaves no moment without
        one.parameters = parameters
        one.moments.append(moment)
        if moment.iteration in (0, last // 2, last):
            report = check_gradients(loss_and_gradients, parameters, *data[:2])
            one.checks[moment.iteration] = report
        watch()


def train_wrongly(curve: Wrong, gradient: Gradient, task: Task, watch: Watch) -> None:
    """The true loss, as it falls by a gradient with a mistake; as long as all is finite."""
    start, data, step, last, _seed = task
    rows = _rows(start, data)

    def mistaken(p: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
        found = gradient(p, X, Y)
        if found is None:
            raise _Vanished
        return loss(p, X, Y), found

    descent = OPTIMISERS[curve.optimiser](mistaken, start, data.X, rows, step=step)
    try:
        for iterate in islice(descent, last + 1):
            curve.losses.append(iterate.loss)
            watch()
    except Diverged as error:
        curve.ended = str(error)
    except _Vanished:
        curve.ended = "then the mistake can no longer be made"


def _rows(start: Parameters, data: Data) -> A:
    return np.eye(start.shape.outputs, dtype=start.W0.dtype)[data.Y]


def can_be_made(gradient: Gradient, start: Parameters, data: Data) -> bool:
    """Whether it is one of these parameters, so that they can be moved along it."""
    found = gradient(start, data.X, _rows(start, data))
    return found is not None and [a.shape for a in found] == [a.shape for a in start]
