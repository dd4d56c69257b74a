"""How far a gradient that is said to be right is from autograd's: for who doubts a family."""

import numpy as np
import torch

from tests.mass.inject import honest
from tests.mass.nest import A, leaves, mapped
from tests.mass.problem import Problem


def tensor(leaf: A) -> A:
    """A tensor in float64, or of integers."""
    array = np.asarray(leaf)
    return torch.tensor(array.astype(np.float64) if array.dtype.kind == "f" else array)


def distance(problem: Problem) -> float:
    """The largest difference of an entry, relative to the largest entry of its block."""
    parameters = mapped(lambda leaf: tensor(leaf).requires_grad_(), problem.parameters)
    value = problem.loss(parameters, *(mapped(tensor, each) for each in problem.data))
    expected = torch.autograd.grad(value, leaves(parameters), materialize_grads=True)
    worst = 0.0
    for by_hand, by_autograd in zip(honest(problem), expected, strict=True):
        reference = by_autograd.numpy()
        if reference.size:
            largest = float(np.abs(reference).max()) or 1.0
            worst = max(worst, float(np.abs(by_hand - reference).max()) / largest)
    return worst
