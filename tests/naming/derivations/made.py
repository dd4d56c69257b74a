"""A derivation that returns all its steps, each of which may be made wrong in several ways."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

A = NDArray[Any]
P = Mapping[str, Any]
Wrong = Mapping[str, int]
"""The steps to be made wrong, each in which way."""


class Made:
    """The quantities of one run of a derivation.

    Args:
        wrong: the steps to be made wrong.

    Attributes:
        ways: in how many ways each step can be made wrong.
        differing: the steps that were made wrong, and came out otherwise.
    """

    def __init__(self, wrong: Wrong) -> None:
        self._wrong = wrong
        self.ways: dict[str, int] = {}
        self.differing: set[str] = set()

    def __call__(self, name: str, right: A, *others: Callable[[], A]) -> A:
        """A step: the right result, or one of the wrong ones."""
        self.ways[name] = len(others)
        if name not in self._wrong:
            return right
        found = others[self._wrong[name] % len(others)]()
        if found.shape == right.shape and not np.allclose(found, right, rtol=1e-6, atol=1e-12):
            self.differing.add(name)
        return found


class Model(NamedTuple):
    """A loss, and its derivation by hand."""

    name: str
    point: Callable[[np.random.Generator], tuple[dict[str, A], tuple[A, ...]]]
    loss: Callable[..., torch.Tensor]
    gradients: Callable[..., tuple[float, dict[str, A], dict[str, Any], Made]]


def others(d: Mapping[str, Any], p: P) -> dict[str, Any]:
    """The derivatives by what is no parameter, by their names."""
    return {f"d{name}": one for name, one in d.items() if name not in p}
