"""The assignment's network on random data: parameters from N(0, 0.05), X from N(0, 1), labels."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from torch import Tensor
from torch.nn import functional

from autograd_ref.assignment.problems import Problem
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients


def problem(
    shape: NetworkShape, samples: int, *, dtype: DTypeLike = "f8", seed: int = 0
) -> Problem:
    """By seed."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(samples, shape.inputs)).astype(dtype)
    labels = random.integers(shape.outputs, size=samples)
    return Problem(initialize(shape, seed, dtype=dtype), X, labels)


def torch_loss(parameters: Any, X: Tensor, labels: Tensor) -> Tensor:
    """The same network as a loss that somebody brings along."""
    z2 = functional.softplus(X @ parameters.W0.T + parameters.b0) @ parameters.W1.T
    return functional.cross_entropy(z2 + parameters.b1, labels)


def gradients(parameters: Parameters, X: NDArray[Any], Y: NDArray[Any]) -> Parameters:
    """By hand, rightly."""
    return loss_and_gradients(parameters, X, Y)[1]
