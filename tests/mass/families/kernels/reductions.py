"""Operations along an axis."""

from typing import Any

import torch
from numpy.random import Generator
from torch.autograd import Function
from torch.nn import functional

from tests.mass.families.kernels.activations import FORMATS, matrix
from tests.mass.nest import A
from tests.mass.problem import Kernel, family, size, tensor_of


def wide(x: A) -> A:
    """In float32 at least, as kernels accumulate."""
    return x if x.dtype == torch.float64 else x.float()


class LogSumExp(Function):
    """The logarithm of a sum of exponentials."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        (x,) = inputs
        top = x.max(dim=1, keepdim=True).values
        out = top[:, 0] + torch.log(torch.exp(x - top).sum(dim=1))
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        x, out = ctx.saved_tensors
        return grads[0][:, None] * torch.exp(x - out[:, None])


class Softmax(Function):
    """A softmax along the rows, in float32 inside."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        y = torch.softmax(wide(inputs[0]), dim=-1).to(inputs[0].dtype)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (y,) = ctx.saved_tensors
        p, up = wide(y), wide(grads[0])
        return (p * (up - (p * up).sum(dim=-1, keepdim=True))).to(y.dtype)


class RmsNorm(Function):
    """Root mean squares with a gain."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        x, gain = inputs
        r = torch.rsqrt(wide(x).square().mean(dim=-1, keepdim=True) + 1e-5)
        ctx.save_for_backward(x, gain, r)
        return (wide(x) * r * wide(gain)).to(x.dtype)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        x, gain, r = ctx.saved_tensors
        unit, up = wide(x) * r, wide(grads[0])
        along = (up * wide(gain) * unit).mean(dim=-1, keepdim=True)
        by_x = r * (up * wide(gain) - unit * along)
        return by_x.to(x.dtype), (up * unit).sum(dim=0).to(gain.dtype)


class LayerNorm(Function):
    """Layer norm with gain and shift."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        x, gain, shift = inputs
        centred = wide(x) - wide(x).mean(dim=-1, keepdim=True)
        r = torch.rsqrt(centred.square().mean(dim=-1, keepdim=True) + 1e-5)
        ctx.save_for_backward(centred * r, r, gain)
        return (centred * r * wide(gain) + wide(shift)).to(x.dtype)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        unit, r, gain = ctx.saved_tensors
        up = wide(grads[0])
        g = up * wide(gain)
        mean, along = g.mean(-1, keepdim=True), (g * unit).mean(-1, keepdim=True)
        by = r * (g - mean - unit * along), (up * unit).sum(0), up.sum(0)
        return tuple(each.to(gain.dtype) for each in by)


class CumulativeSum(Function):
    """A running sum; backwards it runs from the end."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        ctx.axis = 1
        return inputs[0].cumsum(dim=1)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        return grads[0].flip(ctx.axis).cumsum(dim=ctx.axis).flip(ctx.axis)


class MaxOfRow(Function):
    """The maximum of a row and where it is: the second output has no gradient."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        top, where = inputs[0].max(dim=1)
        ctx.mark_non_differentiable(where)
        ctx.shape = inputs[0].shape
        ctx.save_for_backward(where)
        return top, where

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (where,) = ctx.saved_tensors
        out = torch.zeros(ctx.shape, dtype=grads[0].dtype)
        return out.scatter_(1, where[:, None], grads[0][:, None])


@family(*FORMATS)
def kernel_logsumexp(rng: Generator, dtype: str) -> Kernel:
    """Log-sum-exp."""
    return Kernel(LogSumExp.apply, lambda x: torch.logsumexp(x, 1), (2 * matrix(rng, dtype),))


@family(*FORMATS)
def kernel_softmax(rng: Generator, dtype: str) -> Kernel:
    """Softmax over two columns or more."""
    x = tensor_of(rng.normal(size=(size(rng, 1, 5), size(rng, 2, 9))), dtype)
    return Kernel(Softmax.apply, lambda x: torch.softmax(x, dim=-1), (x,))


@family(*FORMATS)
def kernel_rms_norm(rng: Generator, dtype: str) -> Kernel:
    """RMS norm."""
    n, d = size(rng, 1, 6), size(rng, 3, 9)
    inputs = tensor_of(rng.normal(size=(n, d)), dtype), tensor_of(rng.uniform(0.5, 2, d), dtype)

    def reference(x: A, gain: A) -> A:
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain

    return Kernel(RmsNorm.apply, reference, inputs)


@family(*FORMATS)
def kernel_layer_norm(rng: Generator, dtype: str) -> Kernel:
    """Layer norm."""
    n, d = size(rng, 1, 6), size(rng, 4, 9)
    draws = rng.normal(size=(n, d)), rng.uniform(0.5, 2, d), rng.normal(size=d)

    def reference(x: A, gain: A, shift: A) -> A:
        return functional.layer_norm(x, (d,), gain, shift)

    return Kernel(LayerNorm.apply, reference, tuple(tensor_of(draw, dtype) for draw in draws))


@family(*FORMATS)
def kernel_cumsum(rng: Generator, dtype: str) -> Kernel:
    """A running sum."""
    return Kernel(CumulativeSum.apply, lambda x: torch.cumsum(x, 1), (matrix(rng, dtype),))


@family(*FORMATS)
def kernel_max(rng: Generator, dtype: str) -> Kernel:
    """Maxima and their places."""
    return Kernel(MaxOfRow.apply, lambda x: tuple(x.max(dim=1)), (matrix(rng, dtype),))
