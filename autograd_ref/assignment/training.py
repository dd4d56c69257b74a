"""A training run by hand beside the same run by autograd, and how far rounding alone leads.

Two runs whose gradients differ by rounding drift apart; how far depends on the loss, and can be
anything. So it is measured: twins of the run by hand start a unit in the last place away, and all
their gradients are off by what rounding may do to them, up or down at random.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from autograd_ref.assignment.bounds import rounding_tolerances
from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.network import loss_and_gradients as by_autograd
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from manual_backprop.descent import Iterate, LossAndGradients, accuracy, nesterov, steepest_descent
from manual_backprop.penguins import split, standardised

OPTIMISERS: dict[str, Callable[..., Iterator[Iterate]]] = {
    "steepest descent": steepest_descent,
    "Nesterov": nesterov,
}

TWINS = 2

PARTED = 1e-3
"""Runs that are so far apart, relative to the largest parameter, go different ways."""


def as_it_is(function: Any) -> Any:
    """A function of the samples in memory, where these are all."""
    return function


class Data(NamedTuple):
    """The training and test samples, in the dtype of the parameters."""

    X: Any
    """An array, or what has a length and slices that are arrays."""
    Y: Any
    test_X: Any = None
    """None where there are no samples to test with."""
    test_Y: Any = None


def penguins(seed: int, *, hidden: int, dtype: str, standardise: bool) -> tuple[Parameters, Data]:
    """The assignment's start and data: a network of its shape, 280 penguins and 62."""
    parts = split(seed)
    if standardise:
        parts = standardised(parts)
    train, test = (part._replace(X=part.X.astype(dtype)) for part in parts)
    start = initialize(NetworkShape(train.X.shape[1], hidden, len(train.names)), seed, dtype=dtype)
    return start, Data(train.X, train.Y, test.X, test.Y)


class Moment(NamedTuple):
    """One iterate of a run by hand, and where the others are."""

    iteration: int
    loss: float
    accuracy: float
    """The share of training samples predicted rightly, from 0 to 1."""
    test_accuracy: float | None
    """None where there are no samples to test with."""
    largest: float
    """The largest parameter."""
    distance: float
    """The largest difference between a parameter by hand and by autograd."""
    by_rounding: float
    """The largest difference, so far, between a parameter by hand and a twin's."""
    parted: bool
    """True where rounding alone has led elsewhere by now: distances tell nothing more."""

    @property
    def within(self) -> bool:
        """True where hand and autograd are no further apart than rounding leads."""
        return self.parted or self.distance <= self.by_rounding


def side_by_side(
    optimiser: str,
    start: Parameters,
    data: Data,
    *,
    step: float,
    seed: int,
    over: Callable[[Any], Any] = as_it_is,
    threads: int | None = None,
) -> Iterator[tuple[Moment, Parameters]]:
    """The moments of a run that does not end, each with the parameters by hand.

    Args:
        optimiser: a key of OPTIMISERS.
        start: the initial parameters.
        data: the samples.
        step: the constant step.
        seed: for the twins.
        over: makes of a function of (parameters, X, Y), which is a mean over samples, one over
            more than the samples in memory here: as `autograd_ref.distributed` does.
        threads: of the gradient by hand, at most; None for one on every core.

    Raises:
        KeyError: there is no such optimiser.
        Diverged: the run by hand, by autograd, or a twin has left the finite numbers.
    """
    descent = OPTIMISERS[optimiser]
    random = np.random.default_rng(seed)
    hand = over(partial(loss_and_gradients, threads=threads))
    autograd, right = over(by_autograd), over(accuracy)

    def run(gradients: LossAndGradients, first: Parameters) -> Iterator[Iterate]:
        return descent(gradients, first, data.X, data.Y, step=step, accuracy=right)

    off = off_by_rounding(random, hand, over(_tolerances))
    twins = [run(off, beside(start, random)) for _ in range(TWINS)]
    by_rounding, parted = 0.0, False
    runs = zip(run(hand, start), run(autograd, start), *twins, strict=True)
    for iteration, (own, other, *near) in enumerate(runs):
        by_rounding = max(by_rounding, *(_apart(own, twin) for twin in near))
        largest = float(np.abs(own.parameters.to_vector()).max())
        parted = parted or by_rounding > PARTED * largest
        moment = Moment(
            iteration,
            own.loss,
            own.accuracy,
            _on_test(own.parameters, data),
            largest,
            _apart(own, other),
            by_rounding,
            parted,
        )
        yield moment, own.parameters


def off_by_rounding(
    random: Generator,
    hand: LossAndGradients = loss_and_gradients,
    allowed: Callable[..., Parameters] | None = None,
) -> LossAndGradients:
    """By hand, with every entry of the gradient off by its tolerance, up or down."""

    def gradients(p: Parameters, X: Any, Y: Any) -> tuple[float, Parameters]:
        value, found = hand(p, X, Y)
        tolerances = (allowed or _tolerances)(p, X, Y)

        def moved(block: A, tolerance: A) -> A:
            signs = random.choice(np.array([-1.0, 1.0]), size=block.shape)
            return (block + signs * tolerance).astype(block.dtype)

        return value, Parameters(*map(moved, found, tolerances))

    return gradients


def _tolerances(p: Parameters, X: Any, Y: Any) -> Parameters:
    """The tolerance of every entry of the gradient."""
    found = rounding_tolerances(p, X, Y)
    return Parameters(*(found[name] for name in Parameters._fields))


def beside(start: Parameters, random: Generator) -> Parameters:
    """Every parameter moved to the next number of its format, up or down."""

    def moved(block: A) -> A:
        signs = random.choice(np.array([-np.inf, np.inf]), size=block.shape)
        return np.nextafter(block, signs.astype(block.dtype))

    return Parameters(*map(moved, start))


def _on_test(parameters: Parameters, data: Data) -> float | None:
    if data.test_X is None or data.test_Y is None:
        return None
    return accuracy(parameters, data.test_X, data.test_Y)


def _apart(one: Iterate, two: Iterate) -> float:
    return float(np.abs(one.parameters.to_vector() - two.parameters.to_vector()).max())
