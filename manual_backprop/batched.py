"""Loss and gradients of a batch in chunks, over all cores, in memory that does not grow with it.

A batch is divided into lanes, and a lane into chunks, by the shapes alone; what they contribute is
added in their order. So the result has equal bits for any number of threads.
"""

from collections.abc import Callable
from contextlib import closing
from functools import reduce
from operator import add, attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from manual_backprop.arguments import Array, require_integer
from manual_backprop.backends import Backend, chosen
from manual_backprop.chunks import planned
from manual_backprop.network import Contribution, quiet
from manual_backprop.parameters import Parameters
from manual_backprop.threads import in_order, one_blas_thread, usable_cores
from manual_backprop.validation import fitting_parameters, fitting_samples

T = TypeVar("T")

# Where an array of this size has been freed, glibc keeps the memory of smaller ones; else it gives
# that back, and every chunk waits while the system fills it with zeros.
_of_this_size = np.empty(1 << 24, np.uint8)
del _of_this_size


def loss(
    parameters: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    threads: int | None = None,
    backend: str | None = None,
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
    return _over_all(attrgetter("loss_of"), add, parameters, X, Y, threads, backend)


def loss_and_gradients(
    parameters: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    threads: int | None = None,
    backend: str | None = None,
) -> tuple[float, Parameters]:
    """Return the loss and its gradients with respect to every parameter.

    Beyond arguments and result it takes a few MB, and some times the memory of the gradients, for
    every thread and any number of samples. X and Y may be memory-mapped. While it computes, BLAS
    is held to one thread, in the whole process.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        X: features, (S, N_I), in the dtype of the parameters.
        Y: integer labels (S,) from 0 to N_O - 1, or target rows (S, N_O) of any real dtype that
            each sum to one; they are rounded to the dtype of the parameters.
        threads: the largest number of threads to use; None for one on every core. The result is
            equal to the last bit, with the BLAS that NumPy's wheels bring.
        backend: "numpy", or "compiled" by Numba; None for what `backend()` returns. Results of the
            two differ by rounding.

    Returns:
        The loss in nats, and the gradients, of the same shapes and dtype as the parameters. They
        share no memory with the arguments, nor with each other.

    Raises:
        TypeError, ValueError: an argument of another type, dtype or shape, not finite, or target
            rows that do not sum to one. The message names it, what it is and what it needs to be.
        ModuleNotFoundError: "compiled" without Numba.

    Source: equations (1) to (14) of `derivation.md`.

    Examples:
        >>> from manual_backprop import NetworkShape, initialize, load_penguins
        >>> X, Y, names = load_penguins()
        >>> parameters = initialize(NetworkShape(4, 16, 3), seed=0)
        >>> value, gradients = loss_and_gradients(parameters, X, Y)
        >>> gradients.W0.shape, gradients.b1.round(3).tolist()
        ((16, 4), [-0.047, 0.064, -0.016])
    """
    of_chunk = attrgetter("gradients_of")
    found: Contribution = _over_all(of_chunk, _added, parameters, X, Y, threads, backend)
    return found.loss, found.gradients


@quiet
def _over_all(
    of_chunk: Callable[[Backend], Callable[[Parameters, Array, Any, slice], T]],
    added: Callable[[T, T], T],
    parameters: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    threads: int | None,
    backend: str | None,
) -> T:
    """Return the sum of what the chunks contribute; `added` may write into its first argument."""
    parameters = fitting_parameters(parameters)
    X, Y = fitting_samples(parameters, X, Y)
    if threads is not None:
        threads = require_integer("threads", threads, at_least=1)
    using = chosen(backend)
    of_samples = of_chunk(using)
    plan = planned(*parameters.W0.shape, len(parameters.b1), len(X), X.itemsize)
    if plan.is_small:
        return of_samples(parameters, X, Y, slice(0, len(X)))

    def of_lane(lane: range) -> T:
        chunks = (slice(start, min(start + lane.step, lane.stop)) for start in lane)
        return reduce(added, (of_samples(parameters, X, Y, chunk) for chunk in chunks))

    with (
        one_blas_thread(using),
        closing(in_order(of_lane, plan.lanes, threads or usable_cores())) as parts,
    ):
        return reduce(added, parts)


def _added(total: Contribution, more: Contribution) -> Contribution:
    for sums, block in zip(total.gradients, more.gradients, strict=True):
        _ = np.add(sums, block, out=sums)
    return total._replace(loss=total.loss + more.loss)
