"""A model as data: random parameters and data, a loss in PyTorch, and its gradient by hand."""

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor


class Model(NamedTuple):
    """Parameters and data by seed, the loss in PyTorch, and the gradient by hand."""

    make: Callable[[Generator, int], tuple[Any, tuple[NDArray[Any], ...]]]
    """From a generator and the number of samples."""
    loss: Callable[..., Tensor]
    gradients: Callable[..., Any]
