"""Operations that multiply, look up, and compare."""

import math
from typing import Any

import torch
from numpy.random import Generator
from torch.autograd import Function
from torch.nn import functional

from tests.mass.families.kernels.activations import FORMATS
from tests.mass.families.kernels.reductions import wide
from tests.mass.nest import A
from tests.mass.problem import Kernel, family, size, tensor_of, weights


class Linear(Function):
    """The layer of PyTorch's own tutorial."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        x, W, b = inputs
        ctx.save_for_backward(x, W)
        return x.mm(W.t()) + b.unsqueeze(0).expand(len(x), len(b))

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        x, W = ctx.saved_tensors
        by_x = by_W = by_b = None
        if ctx.needs_input_grad[0]:
            by_x = grads[0].mm(W)
        if ctx.needs_input_grad[1]:
            by_W = grads[0].t().mm(x)
        if ctx.needs_input_grad[2]:
            by_b = grads[0].sum(0)
        return by_x, by_W, by_b


class Attention(Function):
    """One head, the probabilities computed again on the way back."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        q, k, v = (wide(each) for each in inputs)
        ctx.save_for_backward(*inputs)
        P = torch.softmax(q @ k.T / math.sqrt(q.shape[1]), dim=-1)
        return (P @ v).to(inputs[0].dtype)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        q, k, v = (wide(each) for each in ctx.saved_tensors)
        P = torch.softmax(q @ k.T / math.sqrt(q.shape[1]), dim=-1)
        up = wide(grads[0])
        dP = up @ v.T
        dS = P * (dP - (P * dP).sum(-1, keepdim=True)) / math.sqrt(q.shape[1])
        dtype = grads[0].dtype
        return (dS @ k).to(dtype), (dS.T @ q).to(dtype), (P.T @ up).to(dtype)


class CrossEntropy(Function):
    """The mean over rows, with labels."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        z, labels = inputs
        logp = torch.log_softmax(wide(z), dim=1)
        ctx.save_for_backward(logp, labels)
        ctx.dtype = z.dtype
        return -logp.gather(1, labels[:, None]).mean().to(z.dtype)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        logp, labels = ctx.saved_tensors
        p = logp.exp()
        p[torch.arange(len(p)), labels] -= 1
        return (p / len(p) * wide(grads[0])).to(ctx.dtype), None


class Embedding(Function):
    """Rows of a table, by index_add_ on the way back."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        table, tokens = inputs
        ctx.shape = table.shape
        ctx.save_for_backward(tokens)
        return table[tokens]

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        (tokens,) = ctx.saved_tensors
        out = torch.zeros(ctx.shape, dtype=grads[0].dtype)
        return out.index_add_(0, tokens, grads[0]), None


class Scan(Function):
    """The recurrence h = a h + x along the first axis."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        a, x = inputs
        h = [x[0]]
        for t in range(1, len(x)):
            h.append(a[t] * h[-1] + x[t])
        out = torch.stack(h)
        ctx.save_for_backward(a, out)
        return out

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        a, h = ctx.saved_tensors
        by_a, by_x = torch.zeros_like(a), torch.empty_like(h)
        carried = torch.zeros_like(h[0])
        for t in range(len(h) - 1, -1, -1):
            carried = carried + grads[0][t]
            by_x[t] = carried
            if t:
                by_a[t] = carried * h[t - 1]
                carried = carried * a[t]
        return by_a, by_x


class SmoothL1(Function):
    """Huber's loss with a tuning constant of one, summed."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        d = inputs[0] - inputs[1]
        ctx.save_for_backward(d)
        return torch.where(d.abs() < 1, 0.5 * d * d, d.abs() - 0.5)

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        by = grads[0] * ctx.saved_tensors[0].clamp(-1, 1)
        return by, -by


@family(*FORMATS)
def kernel_linear(rng: Generator, dtype: str) -> Kernel:
    """A linear layer."""
    n, d, h = size(rng, 1, 6), size(rng, 1, 8), size(rng, 1, 4)
    draws = rng.normal(size=(n, d)), weights(rng, h, d), rng.normal(size=h)
    return Kernel(Linear.apply, functional.linear, tuple(tensor_of(x, dtype) for x in draws))


@family(*FORMATS)
def kernel_attention(rng: Generator, dtype: str) -> Kernel:
    """Attention."""
    n, d = size(rng, 2, 6), size(rng, 1, 6)
    inputs = tuple(tensor_of(rng.normal(size=(n, d)), dtype) for _ in range(3))

    def reference(q: A, k: A, v: A) -> A:
        return functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]

    return Kernel(Attention.apply, reference, inputs)


@family(*FORMATS)
def kernel_cross_entropy(rng: Generator, dtype: str) -> Kernel:
    """Cross-entropy."""
    n, k = size(rng, 1, 6), size(rng, 2, 6)
    labels = torch.from_numpy(rng.integers(0, k, n))
    return Kernel(
        CrossEntropy.apply,
        functional.cross_entropy,
        (tensor_of(rng.normal(size=(n, k)), dtype), labels),
    )


@family(*FORMATS)
def kernel_embedding(rng: Generator, dtype: str) -> Kernel:
    """A table."""
    words = size(rng, 2, 6)
    tokens = torch.from_numpy(rng.integers(0, words, size(rng, 1, 9)))
    table = tensor_of(rng.normal(size=(words, 3)), dtype)
    return Kernel(Embedding.apply, lambda table, tokens: table[tokens], (table, tokens))


@family(*FORMATS)
def kernel_scan(rng: Generator, dtype: str) -> Kernel:
    """A linear scan; its first coefficient is not used."""
    n, d = size(rng, 2, 12), size(rng, 1, 4)
    a, x = tensor_of(rng.uniform(0.3, 1, (n, d)), dtype), tensor_of(rng.normal(size=(n, d)), dtype)

    def reference(a: A, x: A) -> A:
        h = [x[0]]
        for t in range(1, len(x)):
            h.append(a[t] * h[-1] + x[t])
        return torch.stack(h)

    return Kernel(Scan.apply, reference, (a, x))


@family(*FORMATS)
def kernel_smooth_l1(rng: Generator, dtype: str) -> Kernel:
    """A robust loss."""
    shape = size(rng, 1, 5), size(rng, 1, 5)
    inputs = tuple(tensor_of(rng.normal(size=shape), dtype) for _ in range(2))
    return Kernel(
        SmoothL1.apply, lambda a, b: functional.smooth_l1_loss(a, b, reduction="none"), inputs
    )
