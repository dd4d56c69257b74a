"""The smallest error that is found in the gradient of W0, on the penguins."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.check import check_gradients
from autograd_ref.selftest.trials import DType
from manual_backprop import NetworkShape, Parameters, initialize, load_penguins, loss_and_gradients

A = NDArray[Any]

ERRORS = tuple(m * 10.0**e for e in range(-16, 0) for m in (1, 2, 5))
"""Relative errors, from the smallest up."""

HIDDEN = 16


class Error(NamedTuple):
    """A way to be wrong by a given share."""

    name: str
    made: Callable[[A, float], A]
    needed: dict[str, float]
    """The largest error that may go unseen, by number format."""


def _scaled(block: A, error: float) -> A:
    return block * block.dtype.type(1 + error)


def largest_wrong(block: A, error: float) -> A:
    """The block with its largest entry off by a relative error."""
    wrong = block.copy()
    wrong[np.unravel_index(np.abs(block).argmax(), block.shape)] *= 1 + error
    return wrong


KINDS = (
    Error("error found, all of W0", _scaled, {"float64": 1e-12, "float32": 5e-4}),
    Error("error found, one entry", largest_wrong, {"float64": 1e-11, "float32": 5e-3}),
)


def smallest_found(kind: Error, seed: int, dtype: DType) -> float:
    """The smallest of ERRORS from which on every one tried is found, by halving.

    Infinite where the largest is not.
    """
    X, Y, names = load_penguins()
    shape = NetworkShape(X.shape[1], HIDDEN, len(names))
    problem = initialize(shape, seed, dtype=dtype), X.astype(dtype), Y

    def found(error: float) -> bool:
        def gradients(p: Parameters, X: A, Y: A) -> Parameters:
            right = loss_and_gradients(p, X, Y)[1]
            return right._replace(W0=kind.made(right.W0, error))

        return check_gradients(gradients, *problem).verdict == "mismatch"

    unseen, seen = -1, len(ERRORS)
    while seen - unseen > 1:
        middle = (unseen + seen) // 2
        unseen, seen = (unseen, middle) if found(ERRORS[middle]) else (middle, seen)
    return ERRORS[seen] if seen < len(ERRORS) else float("inf")
