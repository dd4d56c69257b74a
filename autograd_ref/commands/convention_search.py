"""The convention of a user's function, found out by trying it on a small problem.

It is written in their layout, for their kind of targets, perhaps for the dimensions that they have.
None of this is a mistake, so a convention in which the gradient is right is the convention.
"""

import contextlib
import io
import itertools
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.assignment.conventions import Convention, Gradients, adapter, targets
from autograd_ref.check import examine, trial_of
from autograd_ref.report.report import Report
from autograd_ref.user_code import UserCodeRaised
from manual_backprop.parameters import NetworkShape, Parameters, initialize

PENGUINS = NetworkShape(inputs=4, hidden=16, outputs=3)
PENGUIN_SAMPLES = 342
FREE = NetworkShape(inputs=5, hidden=7, outputs=2)
"""All dimensions differ, and none is that of the penguins."""

SPREAD = 0.5
"""Standard deviation of the parameters: with 0.05 all samples would be predicted alike."""


class Fixed(NamedTuple):
    """Dimensions that are written into the function; None is what is not."""

    shape: NetworkShape | None = None
    samples: int | None = None


class Trial(NamedTuple):
    """What came of one convention on a small problem."""

    convention: Convention
    fixed: Fixed
    report: Report | None
    error: Exception | None
    """What the function raised, where there is no report."""


class Found(NamedTuple):
    """The convention to judge the function in."""

    convention: Convention
    fixed: Fixed
    right: bool
    """Whether the gradient is right in it; where it is in none, the nearest is taken."""
    trials: tuple[Trial, ...]


class NothingRuns(Exception):
    """The function raises in every convention.

    Attributes:
        trials: the conventions in their order, on the last problem that was tried.
    """

    def __init__(self, trials: list[Trial]) -> None:
        super().__init__("the function raises in every convention")
        self.trials = trials


class Problem(NamedTuple):
    """A problem in the form that check_gradients takes."""

    parameters: Parameters
    X: NDArray[Any]
    Y: NDArray[Any]


def random_problem(
    convention: Convention, shape: NetworkShape, samples: int, seed: int, dtype: Any = np.float64
) -> Problem:
    """Parameters, X and targets by seed."""
    random = np.random.default_rng(seed)
    parameters = initialize(shape, seed, std=SPREAD, dtype=dtype)
    X = random.normal(size=(samples, shape.inputs)).astype(dtype)
    labels = random.permutation(np.arange(samples) % shape.outputs)  # every class there is room for
    return Problem(parameters, X, targets(convention, labels, parameters))


def find(
    function: Gradients, candidates: Sequence[Convention], shape: NetworkShape | None = None
) -> Found:
    """The first convention in which the gradient is right, or else the one that comes nearest.

    Where none is right for dimensions of no special kind, those of the penguins are tried, because
    they may be written in; and where none runs, their number of samples too.

    Args:
        function: called as function(parameters, X, Y) in one convention or another.
        candidates: the conventions to try, the preferred one first.
        shape: the only one to try.

    Raises:
        NothingRuns: the function raises in all of them.
    """
    fixed = PENGUINS if shape is None else shape
    settings = [Fixed()] if shape is None else []
    settings += [Fixed(fixed), Fixed(fixed, PENGUIN_SAMPLES)]
    nearest: list[Trial] = []
    trials: list[Trial] = []
    for setting in settings:
        if setting.samples is not None and nearest:
            break
        latest: list[Trial] = []
        for convention in candidates:
            trial = _tried(function, convention, setting)
            latest.append(trial)
            if trial.report is not None and trial.report.verdict == "match":
                return Found(convention, setting, right=True, trials=(*trials, *latest))
        trials += latest
        if running := [trial for trial in latest if trial.report is not None]:
            nearest.append(max(running, key=lambda trial: (_agreeing(trial), _cosines(trial))))
    if not nearest:
        raise NothingRuns(trials[-2 * len(candidates) : -len(candidates)])
    # cosines on different problems say nothing about which is nearer
    best = max(nearest, key=_agreeing)
    return Found(best.convention, best.fixed, right=False, trials=tuple(trials))


def unlike(shape: NetworkShape, at_least: int = 4) -> int:
    """The smallest number of samples that is none of the dimensions."""
    taken = {shape.inputs, shape.hidden, shape.outputs}
    return next(n for n in itertools.count(at_least) if n not in taken)


def _tried(function: Gradients, convention: Convention, fixed: Fixed) -> Trial:
    shape = fixed.shape or FREE
    problem = random_problem(convention, shape, fixed.samples or unlike(shape), seed=0)
    quiet = io.StringIO()  # what a wrong convention makes it print or warn of helps nobody
    with contextlib.redirect_stderr(quiet), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            gradients = adapter(function, convention)
            trial = trial_of(gradients, problem.parameters, problem[1:], None, seed=0)
            # of a convention that is not theirs, nobody asks which mistake it would be
            report = examine(trial, diagnose=False)
        except UserCodeRaised as raised:
            return Trial(convention, fixed, None, raised.error)
    return Trial(convention, fixed, report, None)


def _agreeing(trial: Trial) -> tuple[int, int]:
    """How many blocks do not contradict the reference, and how many could be compared."""
    blocks = cast("Report", trial.report).blocks
    return (
        sum(block.verdict != "mismatch" for block in blocks),
        sum(block.share is not None for block in blocks),
    )


def _cosines(trial: Trial) -> float:
    return sum(block.cosine or 0.0 for block in cast("Report", trial.report).blocks)
