"""The convention in which a user's function is called, detected by trying it on a small problem.

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
    """Dimensions that are hard-coded in the function; None where any will do."""

    shape: NetworkShape | None = None
    samples: int | None = None


class Attempt(NamedTuple):
    """The result of one convention on a small problem."""

    convention: Convention
    fixed: Fixed
    report: Report | None
    error: Exception | None
    """Raised by the function, where there is no report."""


class Detected(NamedTuple):
    """The convention in which the function is to be checked."""

    convention: Convention
    fixed: Fixed
    right: bool
    """True if the gradient is right in it; if it is right in none, this is the closest."""
    attempts: tuple[Attempt, ...]


class NothingRuns(Exception):
    """The function raises in every convention.

    Attributes:
        attempts: one for each convention, in order, on the last problem that was tried.
    """

    def __init__(self, attempts: list[Attempt]) -> None:
        super().__init__("the function raises in every convention")
        self.attempts = attempts


class Inputs(NamedTuple):
    """The arguments of one call of check_gradients."""

    parameters: Parameters
    X: NDArray[Any]
    Y: NDArray[Any]


def random_inputs(
    convention: Convention, shape: NetworkShape, samples: int, seed: int, dtype: Any = np.float64
) -> Inputs:
    """Random parameters, X, and targets in the form of the convention, by seed."""
    random = np.random.default_rng(seed)
    parameters = initialize(shape, seed, std=SPREAD, dtype=dtype)
    X = random.normal(size=(samples, shape.inputs)).astype(dtype)
    labels = random.permutation(np.arange(samples) % shape.outputs)  # every class there is room for
    return Inputs(parameters, X, targets(convention, labels, parameters))


def detect(
    function: Gradients, candidates: Sequence[Convention], shape: NetworkShape | None = None
) -> Detected:
    """The first convention in which the gradient is right, or else the closest.

    Where none is right for arbitrary dimensions, those of the penguins are tried, because they may
    be hard-coded; and where none runs, their number of samples too.

    Args:
        function: called as function(parameters, X, Y) in one convention or another.
        candidates: the conventions to try, the preferred one first.
        shape: the only dimensions to try.

    Raises:
        NothingRuns: the function raises in all of them.
    """
    fixed = PENGUINS if shape is None else shape
    settings = [Fixed()] if shape is None else []
    settings += [Fixed(fixed), Fixed(fixed, PENGUIN_SAMPLES)]
    closest: list[Attempt] = []
    attempts: list[Attempt] = []
    for setting in settings:
        if setting.samples is not None and closest:
            break
        latest: list[Attempt] = []
        for convention in candidates:
            attempt = _attempted(function, convention, setting)
            latest.append(attempt)
            if attempt.report is not None and attempt.report.verdict == "match":
                return Detected(convention, setting, right=True, attempts=(*attempts, *latest))
        attempts += latest
        if running := [attempt for attempt in latest if attempt.report is not None]:
            closest.append(max(running, key=lambda one: (_agreeing(one), _cosines(one))))
    if not closest:
        raise NothingRuns(attempts[-2 * len(candidates) : -len(candidates)])
    # cosines on different problems say nothing about which is closer
    best = max(closest, key=_agreeing)
    return Detected(best.convention, best.fixed, right=False, attempts=tuple(attempts))


def unlike(shape: NetworkShape) -> int:
    """The smallest number of samples from 4 that differs from all dimensions."""
    taken = {shape.inputs, shape.hidden, shape.outputs}
    return next(n for n in itertools.count(4) if n not in taken)


def _attempted(function: Gradients, convention: Convention, fixed: Fixed) -> Attempt:
    shape = fixed.shape or FREE
    inputs = random_inputs(convention, shape, fixed.samples or unlike(shape), seed=0)
    quiet = io.StringIO()  # prints and warnings in a wrong convention are noise
    with contextlib.redirect_stderr(quiet), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            gradients = adapter(function, convention)
            trial = trial_of(gradients, inputs.parameters, inputs[1:])
            # no cause is searched for: a wrong convention is no mistake
            report = examine(trial, diagnose=False)
        except UserCodeRaised as raised:
            return Attempt(convention, fixed, None, raised.error)
    return Attempt(convention, fixed, report, None)


def _agreeing(attempt: Attempt) -> tuple[int, int]:
    """The number of blocks that do not contradict the reference, and of those compared."""
    blocks = cast("Report", attempt.report).blocks
    return (
        sum(block.verdict != "mismatch" for block in blocks),
        sum(block.share is not None for block in blocks),
    )


def _cosines(attempt: Attempt) -> float:
    return sum(block.cosine or 0.0 for block in cast("Report", attempt.report).blocks)
