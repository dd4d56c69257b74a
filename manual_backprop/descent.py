"""Steepest descent and Nesterov's accelerated gradient, with a constant step, as iterators.

Both take any loss_and_gradients(parameters, X, Y) and never end; use `itertools.islice` to take as
many iterates as you want.
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
from manual_backprop.validation import checked_parameters, checked_samples

LossAndGradients = Callable[[Parameters, Any, Any], tuple[float, Parameters]]
Accuracy = Callable[[Parameters, Any, Any], float]


class Iterate(NamedTuple):
    """One iterate p_k of a descent."""

    parameters: Parameters
    """p_k, arrays of its own."""
    loss: float
    """The loss at p_k, in nats."""
    accuracy: float
    """The fraction of training samples whose class is predicted, from 0 to 1."""


class _Problem(NamedTuple):
    """The arguments of a descent that stay as they are."""

    loss_and_gradients: LossAndGradients
    X: Any
    Y: Any
    step: float
    accuracy: Accuracy


class Diverged(ArithmeticError):
    """A parameter, the loss or the gradient of a descent is not finite.

    Attributes:
        iteration: the number of steps made before.
    """

    def __init__(self, iteration: int, what: str, step: float) -> None:
        advice = f"the step, {step:g}, is too large; try {step / 10:g}"
        if iteration == 0:
            advice = "no step was made yet"
        super().__init__(f"at iteration {iteration} {what}: {advice}")
        self.iteration = iteration


def accuracy(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> float:
    """Return the fraction of samples whose predicted class is right, from 0 to 1.

    Args:
        parameters: the network's.
        X: (S, N_I).
        Y: labels (S,), or rows (S, N_O), whose largest entry is the class.

    Raises:
        TypeError, ValueError: as `manual_backprop.loss`.
    """
    y_hat = forward(parameters, X).y_hat
    X, targets = checked_samples(checked_parameters(parameters), X, Y)
    labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
    return float((y_hat.argmax(axis=1) == labels).mean())


def steepest_descent(
    loss_and_gradients: LossAndGradients,
    start: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    step: float,
    accuracy: Accuracy = accuracy,
) -> Iterator[Iterate]:
    """Yield the iterates of steepest descent, without end: p_{k+1} = p_k - step * gradient(p_k).

    Args:
        loss_and_gradients: of (parameters, X, Y), returning the loss and its gradients.
        start: the initial parameters p_1, the first iterate; they are not changed.
        X: the training samples, (S, N_I).
        Y: their labels (S,), or target rows (S, N_O).
        step: the constant step, greater than 0.
        accuracy: of (parameters, X, Y), where samples are not arrays, or not all in this process.

    Raises:
        TypeError, ValueError: step is not a number greater than 0; the arrays of start do not fit
            together, or are not finite. From the iterator: the gradients, X or Y do not fit the
            parameters.
        Diverged: a parameter, the loss or the gradient is not finite; from the iterator.

    Source: gradient(p) as in equations (8), (9), (13), (14) of `derivation.md`.

    Examples:
        >>> from itertools import islice
        >>> from manual_backprop import NetworkShape, initialize, load_penguins, loss_and_gradients
        >>> X, Y, _names = load_penguins()
        >>> start = initialize(NetworkShape(4, 16, 3), seed=0)
        >>> steps = steepest_descent(loss_and_gradients, start, X, Y, step=0.01)
        >>> first, *_others, last = islice(steps, 11)
        >>> last.loss < first.loss
        True
    """
    problem = _Problem(loss_and_gradients, X, Y, require_positive("step", step), accuracy)

    def iterates(p: Parameters) -> Iterator[Iterate]:
        for iteration in count():
            loss, gradients = _finite(problem, p, iteration)
            following = _moved(
                p, problem.step, gradients
            )  # before the gradients can be written over
            yield _iterate(problem, p, loss)
            p = following

    return iterates(_copied(checked_parameters(start)))


def nesterov(
    loss_and_gradients: LossAndGradients,
    start: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    step: float,
    accuracy: Accuracy = accuracy,
) -> Iterator[Iterate]:
    """Yield the iterates of Nesterov's accelerated gradient, without end.

    theta_1 = 0, theta_{k+1} = (1 + sqrt(1 + 4 theta_k^2)) / 2, and the gradient is taken at
    q_k = p_k + (theta_k - 1) / theta_{k+1} * (p_k - p_{k-1}), from p_0 = p_1 = start:
    p_{k+1} = q_k - step * gradient(q_k). The first two steps are those of steepest descent.

    Arguments and errors are those of `steepest_descent`; the loss of an iterate is that at p_k, so
    loss_and_gradients is called twice for each.

    Examples:
        >>> from itertools import islice
        >>> from manual_backprop import NetworkShape, initialize, load_penguins, loss_and_gradients
        >>> X, Y, _names = load_penguins()
        >>> start = initialize(NetworkShape(4, 16, 3), seed=0)
        >>> steps = nesterov(loss_and_gradients, start, X, Y, step=0.01)
        >>> first, *_others, last = islice(steps, 11)
        >>> last.loss < first.loss
        True
    """
    problem = _Problem(loss_and_gradients, X, Y, require_positive("step", step), accuracy)

    def iterates(p: Parameters) -> Iterator[Iterate]:
        before, theta = p, 0.0
        for iteration in count():
            loss, _gradients = _finite(problem, p, iteration)
            yield _iterate(problem, p, loss)
            following = (1 + math.sqrt(1 + 4 * theta**2)) / 2
            q = _ahead(p, (theta - 1) / following, before)
            _loss, gradients = _finite(problem, q, iteration)
            before, p, theta = p, _moved(q, problem.step, gradients), following

    return iterates(_copied(checked_parameters(start)))


def _finite(problem: _Problem, p: Parameters, iteration: int) -> tuple[float, Parameters]:
    """Return loss and gradients at p; raise Diverged unless they and p are finite."""
    if not _are_finite(p):
        raise Diverged(iteration, "a parameter is not finite", problem.step)
    with np.errstate(over="ignore", invalid="ignore"):
        # a copy, because the function may write into its arguments
        loss, found = problem.loss_and_gradients(_copied(p), problem.X, problem.Y)
    gradients = _fitting(found, p)
    if not math.isfinite(loss):
        raise Diverged(iteration, f"the loss is {float(loss)}", problem.step)
    if not _are_finite(gradients):
        raise Diverged(iteration, "an entry of the gradient is not finite", problem.step)
    return float(loss), gradients


def _fitting(gradients: Any, p: Parameters) -> Parameters:
    """Return the gradients as arrays; raise an error unless their shapes are those of p."""
    if not isinstance(gradients, Parameters):
        raise TypeError(
            f"the gradients of loss_and_gradients are of type {type(gradients).__name__};"
            " they need to be manual_backprop.Parameters(W0, b0, W1, b1)"
        )
    found = Parameters(*map(np.asarray, gradients))
    for name, one, block in zip(p._fields, found, p, strict=True):
        if one.shape != block.shape:
            raise ValueError(
                f"the gradient of {name} has shape {one.shape}; it needs {block.shape}"
            )
    return found


def _are_finite(blocks: Parameters) -> bool:
    return all(bool(np.isfinite(block).all()) for block in blocks)


def _iterate(problem: _Problem, p: Parameters, loss: float) -> Iterate:
    own = _copied(p)
    return Iterate(own, loss, problem.accuracy(own, problem.X, problem.Y))


def _copied(p: Parameters) -> Parameters:
    return Parameters(*(block.copy() for block in p))


def _moved(p: Parameters, step: float, gradients: Parameters) -> Parameters:
    """Return p - step * gradients, in the dtype of p."""
    with np.errstate(over="ignore"):
        return Parameters(
            *((a - step * g).astype(a.dtype) for a, g in zip(p, gradients, strict=True))
        )


def _ahead(p: Parameters, share: float, before: Parameters) -> Parameters:
    """Return p + share * (p - before)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return Parameters(*(a + share * (a - b) for a, b in zip(p, before, strict=True)))
