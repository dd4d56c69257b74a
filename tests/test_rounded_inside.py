"""Kernels that round to 16 bits inside, whatever they are called in: right ones are not accused."""

import math
from collections.abc import Callable
from itertools import product
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref import check_backward
from tests.thorough import one_in

Change = Callable[[Tensor], Tensor]


def wide(*tensors: Tensor) -> list[Tensor]:
    """The format that kernels compute in: float32, or float64 when called in that."""
    return [t if t.dtype == torch.float64 else t.float() for t in tensors]


class Attention(torch.autograd.Function):
    """The weights and the gradient by the scores go through 16 bits."""

    narrow: ClassVar[torch.dtype] = torch.bfloat16
    spoilt: ClassVar[float] = 1.0

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        Q, K, V = wide(q, k, v)
        scores = Q @ K.mT / math.sqrt(q.shape[-1])
        p = torch.softmax(scores, -1).to(Attention.narrow).to(Q.dtype)
        out = (p @ V).to(q.dtype)
        ctx.save_for_backward(q, k, v, out, torch.logsumexp(scores, -1))
        return out

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, ...]:
        q, k, v, out, lse = ctx.saved_tensors
        (Q, K, V, Y, U), root = wide(q, k, v, out, *upstream), math.sqrt(q.shape[-1])
        p = torch.exp(Q @ K.mT / root - lse[..., None])
        ds = p * (U @ V.mT - (U * Y).sum(-1, keepdim=True))
        p, ds = (t.to(Attention.narrow).to(Q.dtype) for t in (p, ds))
        dk = Attention.spoilt * ds.mT @ Q / root
        return (ds @ K / root).to(q.dtype), dk.to(k.dtype), (p.mT @ U).to(v.dtype)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1) @ v


class Gated(torch.autograd.Function):
    """silu(x w) summed over the features: what is saved has 16 bits."""

    narrow: ClassVar[torch.dtype] = torch.bfloat16
    spoilt: ClassVar[float] = 1.0

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        X, W = wide(x, w)
        h = (X @ W).to(Gated.narrow).to(X.dtype)
        ctx.save_for_backward(x, w, h)
        return functional.silu(h).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, ...]:
        x, w, h = ctx.saved_tensors
        X, W, U = wide(x, w, *upstream)
        s = torch.sigmoid(h)
        dh = (U * s * (1 + h * (1 - s))).to(Gated.narrow).to(X.dtype)
        return (dh @ W.mT).to(x.dtype), (Gated.spoilt * X.mT @ dh).to(w.dtype)


def gated(x: Tensor, w: Tensor) -> Tensor:
    return functional.silu(x @ w)


def drawn(seed: int, dtype: torch.dtype, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    made = [torch.randn(*s, generator=generator, dtype=torch.float64) for s in shapes]
    return [t.to(dtype).requires_grad_() for t in made]


CASES = [
    (Attention, attention, ((2, 7, 4), (2, 5, 4), (2, 5, 4))),
    (Attention, attention, ((2, 3, 8), (2, 6, 8), (2, 6, 8))),
    (Gated, gated, ((6, 5), (5, 4))),
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("dtype", "case"), one_in(2, product([torch.bfloat16, torch.float16], range(len(CASES))))
)
@pytest.mark.parametrize(("spoilt", "verdict"), [(1.0, "match"), (1.1, "mismatch")])
def test_rounding_to_its_own_format_inside_is_no_mistake_and_a_tenth_is_one(
    dtype: torch.dtype, case: int, spoilt: float, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, reference, shapes = CASES[case]
    monkeypatch.setattr(kernel, "narrow", dtype)
    monkeypatch.setattr(kernel, "spoilt", spoilt)
    report = check_backward(kernel.apply, reference, *drawn(0, dtype, *shapes))
    assert report.verdict == verdict, report


@pytest.mark.untraced
def test_called_in_a_wider_format_what_has_16_bits_inside_is_a_mistake() -> None:
    kernel, reference, shapes = CASES[0]
    for dtype in (torch.float32, torch.float64):
        report = check_backward(kernel.apply, reference, *drawn(0, dtype, *shapes))
        assert report.verdict == "mismatch"
