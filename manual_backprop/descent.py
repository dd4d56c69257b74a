"""Steepest descent and Nesterov's accelerated gradient, with a constant step, as iterators.

Both are driven by any loss_and_gradients(parameters, X, Y), and never end; `itertools.islice` takes
as many iterates as are wanted.
"""

import math
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from manual_backprop.arguments import require_positive
from manual_backprop.network import forward
from manual_backprop.parameters import Parameters

LossAndGradients = Callable[[Parameters, Any, Any], tuple[float, Parameters]]


class Iterate(NamedTuple):
    """Where a descent is."""

    parameters: Parameters
    """p_k."""
    loss: float
    """At p_k."""
    accuracy: float
    """The share of the training samples whose class is predicted, from 0 to 1."""


class Diverged(ArithmeticError):
    """A descent whose loss is no longer finite.

    Attributes:
        iteration: after how many steps.
    """

    def __init__(self, iteration: int, loss: float, step: float) -> None:
        super().__init__(
            f"at iteration {iteration} the loss is {loss}: the step, {step:g}, is too large;"
            f" try {step / 10:g}"
        )
        self.iteration = iteration


def steepest_descent(
    loss_and_gradients: LossAndGradients,
    start: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    step: float,
) -> Iterator[Iterate]:
    """p_{k+1} = p_k - step * gradient(p_k), from p_1 = start, which is the first iterate.

    Args:
        loss_and_gradients: the network's, by hand or by autograd.
        start: the initial parameters, which stay as they are.
        X: the training samples, (S, N_I).
        Y: their labels (S,), or rows (S, N_O).
        step: greater than 0.

    Raises:
        TypeError, ValueError: step is no such number.
        Diverged: the loss is not finite; from the iterator.
    """
    step = require_positive("step", step)

    def iterates() -> Iterator[Iterate]:
        p = start
        for iteration in count():
            loss, gradients = _finite(loss_and_gradients, p, X, Y, step, iteration)
            yield _iterate(p, loss, X, Y)
            p = _moved(p, -step, gradients)

    return iterates()


def nesterov(
    loss_and_gradients: LossAndGradients,
    start: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    step: float,
) -> Iterator[Iterate]:
    """Nesterov's accelerated gradient, by the assignment's recursion.

    theta_1 = 0, theta_{k+1} = (1 + sqrt(1 + 4 theta_k^2)) / 2, and the gradient is taken at
    q_k = p_k + (theta_k - 1) / theta_{k+1} * (p_k - p_{k-1}), from p_0 = p_1 = start:
    p_{k+1} = q_k - step * gradient(q_k). The first two steps are those of steepest descent.

    Arguments and errors are those of `steepest_descent`; the loss of an iterate is that at p_k.
    """
    step = require_positive("step", step)

    def iterates() -> Iterator[Iterate]:
        before = p = start
        theta = 0.0
        for iteration in count():
            loss, _gradients = _finite(loss_and_gradients, p, X, Y, step, iteration)
            yield _iterate(p, loss, X, Y)
            following = (1 + math.sqrt(1 + 4 * theta**2)) / 2
            q = _moved(p, (theta - 1) / following, _moved(p, -1, before))
            _loss, gradients = _finite(loss_and_gradients, q, X, Y, step, iteration)
            before, p, theta = p, _moved(q, -step, gradients), following

    return iterates()


def accuracy(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> float:
    """The share of samples whose most likely class is theirs, from 0 to 1.

    Args:
        parameters: of the network.
        X: (S, N_I).
        Y: labels (S,), or rows (S, N_O), whose largest entry is the class.
    """
    targets = np.asarray(Y)
    labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
    return float((forward(parameters, X).y_hat.argmax(axis=1) == labels).mean())


def _finite(
    loss_and_gradients: LossAndGradients,
    p: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    step: float,
    iteration: int,
) -> tuple[float, Parameters]:
    with np.errstate(over="ignore", invalid="ignore"):
        loss, gradients = loss_and_gradients(p, X, Y)
    if not math.isfinite(loss):
        raise Diverged(iteration, float(loss), step)
    return loss, gradients


def _iterate(p: Parameters, loss: float, X: ArrayLike, Y: ArrayLike) -> Iterate:
    own = Parameters(*(block.copy() for block in p))
    return Iterate(own, float(loss), accuracy(own, X, Y))


def _moved(p: Parameters, share: float, direction: Parameters) -> Parameters:
    """Each block of p, plus that share of the direction."""
    return Parameters(*(a + share * b for a, b in zip(p, direction, strict=True)))
