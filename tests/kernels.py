"""Operations with backward passes as kernel authors write them, right ones and wrong ones.

Wide arithmetic inside, narrow results; what is saved for the backward pass is saved as it would be.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function


def operation(forward: Callable[..., Any], backward: Callable[..., Any]) -> type[Function]:
    """A torch.autograd.Function of these two."""
    return type(
        "Kernel",
        (Function,),
        {"forward": staticmethod(forward), "backward": staticmethod(backward)},
    )


def times(factor: float) -> Any:
    """The identity, with a backward pass that is wrong by a factor."""
    return operation(lambda _ctx, x: x * 1, lambda _ctx, u: u * factor).apply


def wide(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def softmax(ctx: Any, x: Tensor) -> Tensor:
    y = torch.softmax(wide(x), -1).to(x.dtype)
    ctx.save_for_backward(y)
    return y


def softmax_backward(ctx: Any, u: Tensor) -> Tensor:
    (y,) = ctx.saved_tensors
    return y * (u - (u * y).sum(-1, keepdim=True))


def softmax_diagonal(ctx: Any, u: Tensor) -> Tensor:
    (y,) = ctx.saved_tensors
    return u * y * (1 - y)


def rms_norm(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
    r = (wide(x).square().mean(-1, keepdim=True) + 1e-6).rsqrt()
    ctx.save_for_backward(x, w, r)
    return (wide(x) * r * w).to(x.dtype)


def rms_norm_backward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    x, w, r = ctx.saved_tensors
    x_hat, by_x_hat = wide(x) * r, wide(u) * w
    by_x = r * (by_x_hat - x_hat * (by_x_hat * x_hat).mean(-1, keepdim=True))
    return by_x.to(x.dtype), (wide(u) * x_hat).sum(0).to(w.dtype)


def rms_norm_without_mean(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    x, w, r = ctx.saved_tensors
    return (r * wide(u) * w).to(x.dtype), rms_norm_backward(ctx, u)[1]


def plain_rms_norm(x: Tensor, w: Tensor) -> Tensor:
    return (x * (x.square().mean(-1, keepdim=True) + 1e-6).rsqrt() * w).to(x.dtype)


def swiglu(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
    ctx.save_for_backward(a, b)
    return torch.nn.functional.silu(a) * b


def swiglu_backward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    a, b = ctx.saved_tensors
    s = torch.sigmoid(wide(a))
    silu = wide(a) * s
    return (u * b * (s * (1 - silu) + silu)).to(a.dtype), (u * silu).to(b.dtype)


def swiglu_swapped(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    by_a, by_b = swiglu_backward(ctx, u)
    return by_b, by_a


def attention(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    scores = (q @ k.mT) / math.sqrt(q.shape[-1])
    lse = torch.logsumexp(scores, -1)
    out = torch.exp(scores - lse[..., None]) @ v
    ctx.save_for_backward(q, k, v, out, lse)
    ctx.mark_non_differentiable(lse)
    return out, lse


def attention_backward(ctx: Any, u: Tensor, _by_lse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    q, k, v, out, lse = ctx.saved_tensors
    scale = 1 / math.sqrt(q.shape[-1])
    p = torch.exp(q @ k.mT * scale - lse[..., None])
    by_scores = p * (u @ v.mT - (u * out).sum(-1, keepdim=True)) * scale
    return by_scores @ k, by_scores.mT @ q, p.mT @ u


def attention_unscaled(ctx: Any, u: Tensor, by_lse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    by_q, by_k, by_v = attention_backward(ctx, u, by_lse)
    return by_q * math.sqrt(u.shape[-1]), by_k, by_v


def plain_attention(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    return torch.softmax(scores, -1) @ v, torch.logsumexp(scores, -1)


def embedding(ctx: Any, w: Tensor, i: Tensor) -> Tensor:
    ctx.save_for_backward(i)
    ctx.rows = len(w)
    return w[i]


def embedding_backward(ctx: Any, u: Tensor) -> tuple[Tensor, None]:
    (i,) = ctx.saved_tensors
    return u.new_zeros(ctx.rows, u.shape[-1]).index_add(0, i, u), None


def embedding_assigned(ctx: Any, u: Tensor) -> tuple[Tensor, None]:
    (i,) = ctx.saved_tensors
    found = u.new_zeros(ctx.rows, u.shape[-1])
    found[i] = u
    return found, None


def cumsum(_ctx: Any, x: Tensor) -> Tensor:
    return torch.cumsum(x, -1)


def cumsum_backward(_ctx: Any, u: Tensor) -> Tensor:
    return u.flip(-1).cumsum(-1).flip(-1)


def cumsum_forward_again(_ctx: Any, u: Tensor) -> Tensor:
    return u.cumsum(-1)


def im2col(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
    ctx.save_for_backward(x, w)
    columns = torch.nn.functional.unfold(x, 3, padding=1)
    return (w.flatten(1) @ columns).reshape(len(x), len(w), *x.shape[2:])


def im2col_backward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    x, w = ctx.saved_tensors
    columns, flat = torch.nn.functional.unfold(x, 3, padding=1), u.flatten(2)
    by_x = torch.nn.functional.fold(w.flatten(1).T @ flat, x.shape[2:], 3, padding=1)
    return by_x, torch.einsum("bol,bkl->ok", flat, columns).reshape(w.shape)


def im2col_flipped(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    by_x, by_w = im2col_backward(ctx, u)
    return by_x, by_w.flip(-1, -2)


class Kernel(NamedTuple):
    """An operation, a right and a wrong backward pass, and the reference."""

    forward: Callable[..., Any]
    right: Callable[..., Any]
    wrong: Callable[..., Any]
    reference: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    more: tuple[Tensor, ...] = ()

    def inputs(self, dtype: torch.dtype) -> list[Tensor]:
        random = torch.Generator().manual_seed(0)
        drawn = [torch.randn(s, generator=random, dtype=torch.float64) / 2 for s in self.shapes]
        return [*(tensor.to(dtype) for tensor in drawn), *self.more]


ROWS = (torch.tensor([1, 2, 1, 6, 0, 1]),)
KERNELS = {
    "softmax": Kernel(
        softmax, softmax_backward, softmax_diagonal, lambda x: torch.softmax(x, -1), ((6, 5),)
    ),
    "rms norm": Kernel(
        rms_norm, rms_norm_backward, rms_norm_without_mean, plain_rms_norm, ((5, 8), (8,))
    ),
    "swiglu": Kernel(
        swiglu,
        swiglu_backward,
        swiglu_swapped,
        lambda a, b: torch.nn.functional.silu(a) * b,
        ((4, 6), (4, 6)),
    ),
    "attention": Kernel(
        attention,
        attention_backward,
        attention_unscaled,
        plain_attention,
        ((2, 4, 8), (2, 5, 8), (2, 5, 8)),
    ),
    "embedding": Kernel(
        embedding,
        embedding_backward,
        embedding_assigned,
        lambda w, i: torch.nn.functional.embedding(i, w),
        ((7, 4),),
        ROWS,
    ),
    "cumsum": Kernel(
        cumsum,
        cumsum_backward,
        cumsum_forward_again,
        lambda x: torch.cumsum(x, -1),
        ((3, 7),),
    ),
    "convolution": Kernel(
        im2col,
        im2col_backward,
        im2col_flipped,
        lambda x, w: torch.nn.functional.conv2d(x, w, padding=1),
        ((2, 3, 5, 4), (4, 3, 3, 3)),
    ),
}
