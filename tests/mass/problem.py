"""A problem, and a family of them: right gradients, and what has to be said of them."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A, cast

Verdict = Literal["match", "inconclusive", "refused"]
MATCH: tuple[Verdict, ...] = ("match",)
NOTHING_SHOWS: tuple[Verdict, ...] = ("inconclusive",)
"""No mistake could show, and the checker has to say so."""
REFUSED: tuple[Verdict, ...] = ("match", "refused")
"""Taken, or refused with a TypeError or ValueError that says why."""
EITHER: tuple[Verdict, ...] = ("match", "inconclusive")
"""A point at which the derivative is a matter of choice, such as a tie."""
FLOATS = ("float64", "float32")


@dataclass(frozen=True, eq=False)
class Problem:
    """The arguments of check_gradients, with the loss in one or two libraries."""

    gradients: Callable[..., A]
    parameters: A
    data: tuple[A, ...]
    loss: Callable[..., A]
    """In PyTorch."""
    numpy_loss: Callable[..., A] | None = None
    expected: tuple[Verdict, ...] = MATCH
    batch: Literal["", "mean", "sum"] = ""
    """How the loss is made of the samples, where it is."""
    batched: int = 0
    """The number of data arguments, from the first, with the samples in their first axis."""
    returns_loss: bool = False
    """True where gradients returns (loss, gradients)."""

    def of(self, dtype: str) -> "Problem":
        """The problem with parameters and data in this number format."""
        inputs = cast(self.parameters, dtype), cast(self.data, dtype)
        return replace(self, parameters=inputs[0], data=inputs[1])

    @property
    def losses(self) -> tuple[str, ...]:
        """The kinds of losses that there are."""
        return ("torch",) if self.numpy_loss is None else ("torch", "numpy")


@dataclass(frozen=True, eq=False)
class Kernel:
    """The arguments of check_backward."""

    function: Callable[..., A]
    reference: Callable[..., A]
    inputs: tuple[A, ...]
    expected: tuple[Verdict, ...] = MATCH
    losses: tuple[str, ...] = ("kernel",)


@dataclass(frozen=True)
class Family:
    """Problems of one kind, of random sizes."""

    name: str
    make: Callable[[Generator, str], Problem | Kernel]
    formats: tuple[str, ...]
    needs: str = ""
    """A package that is optional."""

    @property
    def there(self) -> bool:
        """True where the package that it needs is installed."""
        return not self.needs or find_spec(self.needs) is not None

    def problem(self, seed: int, dtype: str) -> Problem | Kernel:
        """The problem of this seed; in every number format it is the same, but for rounding."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        return self.make(rng, dtype)

    @cached_property
    def losses(self) -> tuple[str, ...]:
        """The kinds of losses that its problems have."""
        return self.problem(0, self.formats[0]).losses


FAMILIES: dict[str, Family] = {}
F = TypeVar("F", bound=Callable[[Generator, str], Any])


def family(*formats: str, needs: str = "") -> Callable[[F], F]:
    """Enter a function under its own name, for these number formats or float64 and float32."""

    def enter(make: F) -> F:
        name = getattr(make, "__name__", "").replace("_", "-")
        assert name not in FAMILIES, name
        FAMILIES[name] = Family(name, make, formats or FLOATS, needs)
        return make

    return enter


def size(rng: Generator, low: int, high: int) -> int:
    """A random dimension, both ends included."""
    return int(rng.integers(low, high + 1))


def weights(rng: Generator, *shape: int) -> A:
    """A random matrix that keeps the size of what it is multiplied with."""
    return rng.normal(size=shape) / math.sqrt(shape[-1])


def tensor_of(array: A, dtype: str) -> torch.Tensor:
    """A tensor of this format."""
    return torch.from_numpy(np.asarray(array)).to(getattr(torch, dtype))
