"""The built-in network on random data: parameters from N(0, 0.05), X from N(0, 1), labels."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from torch import Tensor
from torch.nn import functional

from autograd_ref.assignment.problems import Problem
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients


def problem(shape: NetworkShape, samples: int, *, dtype: DTypeLike = "f8") -> Problem:
    """Return the problem of this shape, size and dtype."""
    random = np.random.default_rng(0)
    X = random.normal(size=(samples, shape.inputs)).astype(dtype)
    labels = random.integers(shape.outputs, size=samples)
    return Problem(initialize(shape, 0, dtype=dtype), X, labels)


def torch_loss(parameters: Any, X: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of the built-in network, written as a user's PyTorch loss."""
    z2 = functional.softplus(X @ parameters.W0.T + parameters.b0) @ parameters.W1.T
    return functional.cross_entropy(z2 + parameters.b1, labels)


def gradients(parameters: Parameters, X: NDArray[Any], Y: NDArray[Any]) -> Parameters:
    """Return the right gradients, by hand."""
    return loss_and_gradients(parameters, X, Y)[1]
