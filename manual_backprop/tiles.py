"""Loss and gradients of a batch in tiles: over all cores, in memory that does not grow with it.

The order of all additions depends on the shapes alone: a batch is divided into lanes, each with its
own sums, and a lane into tiles, one after the other. So the result has equal bits for any number of
threads.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from manual_backprop.arguments import Array, require_integer
from manual_backprop.blas import one_blas_thread
from manual_backprop.cores import cores, staying_here
from manual_backprop.cross_entropy import Targets, targets_of
from manual_backprop.helpers import Stopped, shared
from manual_backprop.network import at_once, quiet
from manual_backprop.parameters import Parameters
from manual_backprop.planning import Plan, planned
from manual_backprop.tile import (
    Space,
    Weights,
    gradients_like,
    gradients_of_tile,
    loss_of_tile,
    space_for,
    weights_of,
)
from manual_backprop.validation import fitting_parameters, fitting_samples, require_finite

T = TypeVar("T")
Tiles = Iterator[tuple[Array, Targets]]

SHORT = 4
"""Up to this many lanes, the work is done before the system would balance its threads."""


@quiet
def loss(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, *, threads: int | None = None
) -> float:
    """Return the mean cross-entropy over the batch, in nats.

    Arguments, errors and every bit of the result are those of `loss_and_gradients`.

    Source: equations (1) to (6) of `derivation.md`.

    Examples:
        >>> from manual_backprop import NetworkShape, initialize, load_penguins
        >>> X, Y, names = load_penguins()
        >>> round(loss(initialize(NetworkShape(4, 16, 3), seed=0), X, Y), 6)
        1.068179
    """
    parameters, X, Y, plan, threads = _prepared(parameters, X, Y, threads)
    if plan.is_small:
        return at_once(parameters, X, Y).loss
    weights = weights_of(parameters)

    def of_lane(tiles: Tiles, space: Space) -> float:
        return sum(loss_of_tile(weights, x, targets, space) for x, targets in tiles)

    with one_blas_thread():
        values = _in_threads(of_lane, weights, plan, parameters, X, Y, threads)
    return sum(values) / len(X)


@quiet
def loss_and_gradients(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, *, threads: int | None = None
) -> tuple[float, Parameters]:
    """Return the loss and its gradients with respect to every parameter.

    Beyond arguments and result it takes a few MB for every thread, and at most forty times the
    memory of the gradients, for any number of samples. X and Y may be memory-mapped.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        X: features, (S, N_I), in the dtype of the parameters.
        Y: integer labels (S,) from 0 to N_O - 1, or target rows (S, N_O) of any real dtype that
            each sum to one; they are rounded to the dtype of the parameters.
        threads: the largest number of threads to use; None for one on every core. The result is
            equal to the last bit, with the BLAS that NumPy's wheels bring. On Linux the calling
            thread stays on its core while it shares short work with others.

    Returns:
        The loss in nats, and the gradients, of the same shapes and dtype as the parameters. They
        share no memory with the arguments, nor with each other.

    Raises:
        TypeError, ValueError: an argument of another type, dtype or shape, not finite, or target
            rows that do not sum to one. The message names it, what it is and what it needs to be.

    Source: equations (1) to (14) of `derivation.md`.

    Examples:
        >>> from manual_backprop import NetworkShape, initialize, load_penguins
        >>> X, Y, names = load_penguins()
        >>> parameters = initialize(NetworkShape(4, 16, 3), seed=0)
        >>> value, gradients = loss_and_gradients(parameters, X, Y)
        >>> gradients.W0.shape, gradients.b1.round(3).tolist()
        ((16, 4), [-0.047, 0.064, -0.016])
    """
    parameters, X, Y, plan, threads = _prepared(parameters, X, Y, threads)
    if plan.is_small:
        whole = at_once(parameters, X, Y)
        return whole.loss, whole.gradients
    weights = weights_of(parameters)

    def of_lane(tiles: Tiles, space: Space) -> tuple[float, Parameters]:
        values: list[float] = []
        sums, more = gradients_like(parameters), None
        for x, targets in tiles:
            out = sums if not values else more or (more := gradients_like(parameters))
            values.append(gradients_of_tile(weights, x, targets, len(X), space, out))
            if out is not sums:
                _add(sums, out)
        return sum(values), sums

    with one_blas_thread():
        found = _in_threads(of_lane, weights, plan, parameters, X, Y, threads)
    values, (total, *others) = zip(*found, strict=True)
    for sums in others:  # in their order
        _add(total, sums)
    return sum(values) / len(X), total


def _prepared(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, threads: int | None
) -> tuple[Parameters, Array, NDArray[Any], Plan, int]:
    """Return arguments that fit but may not be finite, the plan, and the number of threads."""
    parameters = fitting_parameters(parameters)
    X, Y = fitting_samples(parameters, X, Y)
    if threads is not None:
        threads = require_integer("threads", threads, at_least=1)
    plan = planned(*parameters.W0.shape, len(parameters.b1), len(X))
    if plan.threads == 1:
        return parameters, X, Y, plan, 1
    return parameters, X, Y, plan, min(threads or cores(), plan.threads)


def _in_threads(
    of_lane: Callable[[Tiles, Space], T],
    weights: Weights,
    plan: Plan,
    parameters: Parameters,
    X: Array,
    Y: NDArray[Any],
    threads: int,
) -> list[T]:
    """Return the result of each lane, in order; a thread that is free takes the next lane."""
    found: dict[int, T] = {}

    @cache  # for an overflow, one check is enough
    def doubt() -> None:
        require_finite(parameters, X)

    def worker(lanes: Iterator[int], stopped: Stopped) -> None:
        space = space_for(weights, plan, doubt, threads)
        for i in lanes:
            found[i] = of_lane(tiles(plan.lanes[i], stopped), space)

    def tiles(lane: range, stopped: Stopped) -> Tiles:
        for start in lane:
            if stopped:
                return
            rows = slice(start, min(start + plan.samples, lane.stop))
            yield X[rows], targets_of(Y[rows], len(weights.b1), X.dtype)

    with staying_here() if threads > 1 and len(plan.lanes) <= SHORT else nullcontext():
        shared(range(len(plan.lanes)), worker, min(threads, len(plan.lanes)))
    return [found[i] for i in range(len(plan.lanes))]


def _add(sums: Parameters, more: Parameters) -> None:
    for total, block in zip(sums, more, strict=True):
        np.add(total, block, out=total)
