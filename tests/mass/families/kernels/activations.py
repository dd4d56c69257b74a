"""Operations entry by entry."""

import math
from typing import Any

import torch
from numpy.random import Generator
from torch.autograd import Function
from torch.nn import functional

from tests.mass.nest import A
from tests.mass.problem import Kernel, family, size, tensor_of

FORMATS = ("float64", "float32", "float16", "bfloat16")


def matrix(rng: Generator, dtype: str) -> torch.Tensor:
    """A random matrix."""
    return tensor_of(rng.normal(size=(size(rng, 1, 6), size(rng, 1, 9))), dtype)


class Silu(Function):
    """x times its sigmoid."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        (x,) = inputs
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grads[0] * s * (1 + x * (1 - s))


class GeluTanh(Function):
    """The approximate gelu, computed in float32 where the format is short."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        (x,) = inputs
        ctx.save_for_backward(x)
        z = x if x.dtype == torch.float64 else x.float()
        inner = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
        return (0.5 * z * (1 + torch.tanh(inner))).to(x.dtype)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (x,) = ctx.saved_tensors
        z = x if x.dtype == torch.float64 else x.float()
        c = math.sqrt(2 / math.pi)
        t = torch.tanh(c * (z + 0.044715 * z**3))
        slope = 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z)
        return (grads[0] * slope).to(x.dtype)


class Softplus(Function):
    """log(1 + exp(x)), from its output's side."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        x = inputs[0]
        ctx.save_for_backward(x)
        return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (x,) = ctx.saved_tensors
        return grads[0] / (1 + torch.exp(-x))


class Tanh(Function):
    """tanh, which keeps its output only."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        y = inputs[0].tanh()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (y,) = ctx.saved_tensors
        return grads[0] * (1 - y * y)


class LeakyRelu(Function):
    """A leaky relu with its slope as an argument."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        x, ctx.slope = inputs
        ctx.save_for_backward(x)
        return torch.where(x > 0, x, x * ctx.slope)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grads[0], grads[0] * ctx.slope), None


class SwiGlu(Function):
    """A gated product of two inputs."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        x, gate = inputs
        ctx.save_for_backward(x, gate)
        return x * functional.silu(gate)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        x, gate = ctx.saved_tensors
        s = torch.sigmoid(gate)
        return grads[0] * gate * s, grads[0] * x * s * (1 + gate * (1 - s))


@family(*FORMATS)
def kernel_silu(rng: Generator, dtype: str) -> Kernel:
    """silu."""
    return Kernel(Silu.apply, functional.silu, (3 * matrix(rng, dtype),))


@family(*FORMATS)
def kernel_gelu(rng: Generator, dtype: str) -> Kernel:
    """The approximate gelu."""

    def reference(x: A) -> A:
        return functional.gelu(x, approximate="tanh")

    return Kernel(GeluTanh.apply, reference, (matrix(rng, dtype),))


@family(*FORMATS)
def kernel_softplus(rng: Generator, dtype: str) -> Kernel:
    """softplus."""
    return Kernel(Softplus.apply, lambda x: torch.logaddexp(x, 0 * x), (2 * matrix(rng, dtype),))


@family(*FORMATS)
def kernel_tanh(rng: Generator, dtype: str) -> Kernel:
    """tanh."""
    return Kernel(Tanh.apply, torch.tanh, (matrix(rng, dtype),))


@family(*FORMATS)
def kernel_leaky_relu(rng: Generator, dtype: str) -> Kernel:
    """A leaky relu."""
    return Kernel(LeakyRelu.apply, functional.leaky_relu, (matrix(rng, dtype), 0.25))


@family(*FORMATS)
def kernel_swiglu(rng: Generator, dtype: str) -> Kernel:
    """A gate."""
    x = matrix(rng, dtype)
    gate = tensor_of(rng.normal(size=x.shape), dtype)
    return Kernel(SwiGlu.apply, lambda x, gate: x * gate * torch.sigmoid(gate), (x, gate))
