"""Training runs: with the right gradient beside autograd, and with a mistake of the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.assignment.mistakes.planted import Gradient
from autograd_ref.assignment.training import OPTIMISERS, Data, Moment, as_it_is, side_by_side
from autograd_ref.check import check_gradients
from autograd_ref.report.data import Verdict, overall
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, Parameters, loss, loss_and_gradients
from manual_backprop.descent import Diverged

Watch = Callable[[], object]

CHECKED = 1 << 16
"""Numbers in the features of a process on which a gradient is checked: the check has all processes'
in memory, several times."""


class TrainingSetup(NamedTuple):
    """The network, and how it was trained."""

    network: NetworkShape
    seed: int
    dtype: str
    step: float
    iterations: int
    """The number that was asked for."""
    standardised: bool
    samples: str
    """The samples, in a few words."""
    processes: int = 1
    interrupted: bool = False


@dataclass
class TrainingRun:
    """One optimiser, by hand and by autograd."""

    optimiser: str
    moments: list[Moment] = field(default_factory=list[Moment])
    parameters: Parameters | None = None
    """The last ones by hand."""
    checks: dict[int, Report] = field(default_factory=dict[int, Report])
    """Gradient checks, by iteration."""

    @property
    def verdict(self) -> Verdict:
        """The verdict of the checks; a mismatch, too, where a distance exceeds the drift."""
        if not all(moment.within for moment in self.moments):
            return "mismatch"
        return overall(report.verdict for report in self.checks.values())


@dataclass
class MistakenRun:
    """One optimiser with a mistake in the gradient."""

    optimiser: str
    mistake: str
    losses: list[float] = field(default_factory=list[float])
    ended: str = ""
    """The reason why it ended before the last iteration; empty where it did not."""


class TrainingTask(NamedTuple):
    """The arguments that all runs have in common."""

    start: Parameters
    data: Data
    step: float
    iterations: int
    seed: int
    over: Callable[[Any], Any] = as_it_is
    """Makes of a function of samples one of all samples of all processes."""
    threads: int | None = None
    """As many as the gradient by hand may use; None for one on every core."""


class _Vanished(Exception):
    """A mistake that cannot be made at some parameters, such as a sum in place of its terms, 0."""


def train_by_both(run: TrainingRun, task: TrainingTask, watch: Watch) -> None:
    """Append every iterate to the run as it comes, and check the gradient at some of them."""
    start, data, step, last, seed, over, threads = task
    moments = side_by_side(
        run.optimiser, start, data, step=step, seed=seed, over=over, threads=threads
    )
    for moment, parameters in islice(moments, last + 1):
        # in this order, so that an interrupt between the two leaves no moment without
        run.parameters = parameters
        run.moments.append(moment)
        if moment.iteration in (0, last // 2, last):
            most = max(1, CHECKED // start.shape.inputs)
            few = data.X[:most], data.Y[:most]
            report = check_gradients(over(loss_and_gradients), parameters, *few)
            run.checks[moment.iteration] = report
        watch()


def train_with_mistake(
    run: MistakenRun, gradient: Gradient, task: TrainingTask, watch: Watch
) -> None:
    """Append the true loss along a descent by the mistaken gradient, as long as all is finite."""
    start, data, step, last, *_others = task
    rows = _rows(start, data)

    def mistaken(p: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
        found = gradient(p, X, Y)
        if found is None:
            raise _Vanished
        return loss(p, X, Y), found

    descent = OPTIMISERS[run.optimiser](mistaken, start, data.X, rows, step=step)
    try:
        for iterate in islice(descent, last + 1):
            run.losses.append(iterate.loss)
            watch()
    except Diverged as error:
        run.ended = str(error)
    except _Vanished:
        run.ended = "then the mistake can no longer be made"


def can_be_made(gradient: Gradient, start: Parameters, data: Data) -> bool:
    """True if the mistaken gradient has the shapes of the parameters, so that it can be used."""
    found = gradient(start, data.X, _rows(start, data))
    return found is not None and [a.shape for a in found] == [a.shape for a in start]


def _rows(start: Parameters, data: Data) -> A:
    return np.eye(start.shape.outputs, dtype=start.W0.dtype)[data.Y]
