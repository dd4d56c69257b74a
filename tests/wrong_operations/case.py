"""One wrong backward pass of an operation, and what is to be said of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

Backward = Callable[..., Any]


class Case(NamedTuple):
    """An operation, its right backward pass, and wrong ones by what they do."""

    reference: Callable[..., Any]
    right: Backward
    """From the inputs and the upstream gradients to the gradients."""
    wrong: dict[str, Backward]
    inputs: tuple[Any, ...]
    declared: bool = False


def kernel(reference: Callable[..., Any], backward: Backward) -> Any:
    """A torch.autograd.Function with this forward and this backward pass."""

    class Kernel(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.inputs = inputs
            return reference(*inputs)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:
            found = backward(*ctx.inputs, *upstream)
            found = found if isinstance(found, tuple) else (found,)
            return (*found, *[None] * (len(ctx.inputs) - len(found)))

    return Kernel


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Numbers of float32, none of them those of an upstream gradient."""
    random = torch.Generator().manual_seed(1000 + seed)
    return torch.randn(shape, generator=random, dtype=torch.float64).float()


def wide(*tensors: Tensor) -> tuple[Tensor, ...]:
    """As kernels compute: in float32 at least."""
    return tuple(t.float() if t.dtype in (torch.float16, torch.bfloat16) else t for t in tensors)


def table(backward: Backward, *names: str) -> dict[str, Backward]:
    """The wrong ways of a backward pass that takes the name of one as its last argument."""
    return {name: _wrong(backward, name) for name in names}


def _wrong(backward: Backward, name: str) -> Backward:
    return lambda *given: backward(*given, name)
