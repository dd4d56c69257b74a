"""The assignment's network on random data: parameters from N(0, 0.05), X from N(0, 1), labels."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd_ref.problems import Problem
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients


def problem(
    shape: NetworkShape, samples: int, *, dtype: DTypeLike = "f8", seed: int = 0
) -> Problem:
    """By seed."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(samples, shape.inputs)).astype(dtype)
    labels = random.integers(shape.outputs, size=samples)
    return Problem(initialize(shape, seed, dtype=dtype), X, labels)


def gradients(parameters: Parameters, X: NDArray[Any], Y: NDArray[Any]) -> Parameters:
    """By hand, rightly."""
    return loss_and_gradients(parameters, X, Y)[1]
