"""Kernels in Triton as their authors write them, right ones and ones with a usual mistake.

Importing this module skips the tests that do so where there is no Triton.
"""

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor
from torch.autograd import Function

triton: Any = pytest.importorskip("triton")
tl: Any = pytest.importorskip("triton.language")
if TYPE_CHECKING:
    constexpr = Any
else:
    constexpr = tl.constexpr

EPS = 1e-5


@triton.jit
def norm_forward(
    x: "Any", w: "Any", b: "Any", y: "Any", means: "Any", rs: "Any", count: "Any", BLOCK: constexpr
) -> None:
    """A row of layer norm."""
    row, columns = tl.program_id(0), tl.arange(0, BLOCK)
    mask = columns < count
    values = tl.load(x + row * count + columns, mask=mask, other=0.0).to(tl.float32)
    mean = tl.sum(values, 0) / count
    centred = tl.where(mask, values - mean, 0.0)
    r = 1 / tl.sqrt(tl.sum(centred * centred, 0) / count + 1e-5)
    scale = tl.load(w + columns, mask=mask, other=0.0).to(tl.float32)
    shift = tl.load(b + columns, mask=mask, other=0.0).to(tl.float32)
    tl.store(y + row * count + columns, centred * r * scale + shift, mask=mask)
    tl.store(means + row, mean)
    tl.store(rs + row, r)


@triton.jit
def norm_backward(
    x: "Any",
    w: "Any",
    u: "Any",
    means: "Any",
    rs: "Any",
    by_x: "Any",
    by_w: "Any",
    by_b: "Any",
    count: "Any",
    BLOCK: constexpr,
    MISTAKE: constexpr,
) -> None:
    """A row of the gradient by x, and what the row adds to those by w and b."""
    row, columns = tl.program_id(0), tl.arange(0, BLOCK)
    mask = columns < count
    place = row * count + columns
    if MISTAKE == "no mask":
        values = tl.load(x + place).to(tl.float32)
        upstream = tl.load(u + place).to(tl.float32)
        scale = tl.load(w + columns).to(tl.float32)
    else:
        values = tl.load(x + place, mask=mask, other=0.0).to(tl.float32)
        upstream = tl.load(u + place, mask=mask, other=0.0).to(tl.float32)
        scale = tl.load(w + columns, mask=mask, other=0.0).to(tl.float32)
    r = tl.load(rs + row)
    x_hat = (values - tl.load(means + row)) * r
    by_x_hat = upstream * scale
    terms = count
    if MISTAKE == "size of the block":
        terms = BLOCK
    one = tl.sum(by_x_hat, 0) / terms
    two = tl.sum(by_x_hat * x_hat, 0) / terms
    found = by_x_hat - one - x_hat * two
    if MISTAKE != "no scale":
        found = found * r
    tl.store(by_x + place, found, mask=mask)
    if MISTAKE == "no atomic":
        tl.store(by_w + columns, tl.load(by_w + columns, mask=mask) + upstream * x_hat, mask=mask)
    elif MISTAKE == "one row":
        tl.store(by_w + columns, upstream * x_hat, mask=mask & (row == 0))
    else:
        tl.atomic_add(by_w + columns, upstream * x_hat, mask=mask)
    tl.atomic_add(by_b + columns, upstream, mask=mask)


def layer_norm(mistake: str = "") -> type[Function]:
    """Layer norm over the last axis, with weight and bias."""

    class Norm(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
            x, w, b = (t if mistake == "no strides" else t.contiguous() for t in (x, w, b))
            rows, count = x.shape
            y = torch.empty(rows, count, dtype=x.dtype, device=x.device)
            means, rs = torch.empty((2, rows), device=x.device, dtype=torch.float32)
            block = triton.next_power_of_2(count)
            norm_forward[rows,](x, w, b, y, means, rs, count, BLOCK=block)
            ctx.save_for_backward(x, w, b, means, rs)
            return y

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, ...]:
            x, w, b, means, rs = ctx.saved_tensors
            u = upstream[0] if mistake == "no strides" else upstream[0].contiguous()
            rows, count = x.shape
            narrow = mistake == "sums in bfloat16"
            by_x = torch.empty_like(x)
            by_w, by_b = torch.zeros(
                (2, count), device=x.device, dtype=torch.bfloat16 if narrow else torch.float32
            )
            block = triton.next_power_of_2(count)
            norm_backward[rows,](
                *(x, w, u, means, rs, by_x, by_w, by_b, count), BLOCK=block, MISTAKE=mistake
            )
            return by_x, by_w.to(w.dtype), by_b.to(b.dtype)

    return Norm


def plain_layer_norm(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """The layer norm in PyTorch."""
    return torch.nn.functional.layer_norm(x, x.shape[-1:], w, b, EPS)


@triton.jit
def cost_forward(
    z: "Any",
    labels: "Any",
    losses: "Any",
    sums: "Any",
    count: "Any",
    BLOCK: constexpr,
) -> None:
    """The cross-entropy of a row, its classes in blocks."""
    row = tl.program_id(0)
    top, total = -float("inf"), 0.0
    for start in range(0, count, BLOCK):
        columns = start + tl.arange(0, BLOCK)
        values = tl.load(z + row * count + columns, mask=columns < count, other=-float("inf"))
        values = values.to(tl.float32)
        higher = tl.maximum(top, tl.max(values, 0))
        total = total * tl.exp(top - higher) + tl.sum(tl.exp(values - higher), 0)
        top = higher
    whole = top + tl.log(total)
    label = tl.load(labels + row)
    tl.store(losses + row, whole - tl.load(z + row * count + label).to(tl.float32))
    tl.store(sums + row, whole)


@triton.jit
def cost_backward(
    z: "Any",
    labels: "Any",
    sums: "Any",
    u: "Any",
    by_z: "Any",
    count: "Any",
    BLOCK: constexpr,
    MISTAKE: constexpr,
) -> None:
    """The gradient by the scores of a row."""
    row, label = tl.program_id(0), tl.load(labels + tl.program_id(0))
    upstream = tl.load(u + row).to(tl.float32)
    if MISTAKE == "first upstream":
        upstream = tl.load(u).to(tl.float32)
    last = count
    if MISTAKE == "last block left out":
        last = count // BLOCK * BLOCK
    for start in range(0, last, BLOCK):
        columns = start + tl.arange(0, BLOCK)
        mask = columns < count
        values = tl.load(z + row * count + columns, mask=mask, other=-float("inf"))
        found = tl.exp(values.to(tl.float32) - tl.load(sums + row))
        if MISTAKE != "no label":
            found = tl.where(columns == label, found - 1.0, found)
        if MISTAKE == "in bfloat16":
            found = found.to(tl.bfloat16).to(tl.float32)
        tl.store(by_z + row * count + columns, found * upstream, mask=mask)


def cross_entropy(mistake: str = "") -> type[Function]:
    """Cross-entropy with softmax, for each row; the classes are read in blocks of 32."""

    class CrossEntropy(Function):
        @staticmethod
        def forward(ctx: Any, z: Tensor, labels: Tensor) -> Tensor:
            z = z.contiguous()
            losses = torch.empty(len(z), dtype=z.dtype, device=z.device)
            sums = torch.empty(len(z), dtype=torch.float32, device=z.device)
            cost_forward[len(z),](z, labels, losses, sums, z.shape[1], BLOCK=32)
            ctx.save_for_backward(z, labels, sums)
            return losses

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None]:
            z, labels, sums = ctx.saved_tensors
            by_z = torch.zeros_like(z)
            cost_backward[len(z),](
                *(z, labels, sums, upstream[0].contiguous(), by_z, z.shape[1]),
                BLOCK=32,
                MISTAKE=mistake,
            )
            return by_z, None

    return CrossEntropy


def plain_cross_entropy(z: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy in PyTorch."""
    return torch.nn.functional.cross_entropy(z, labels, reduction="none")


@triton.jit
def product(
    a: "Any",
    b: "Any",
    c: "Any",
    N: "Any",
    M: "Any",
    K: "Any",
    row_of_a: "Any",
    column_of_a: "Any",
    row_of_b: "Any",
    column_of_b: "Any",
    BLOCK: constexpr,
    PRECISION: constexpr,
) -> None:
    """A block of a product of matrices, of any strides."""
    rows = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)[:, None]
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)[None, :]
    total = tl.zeros((BLOCK, BLOCK), dtype=tl.float32)
    for start in range(0, K, BLOCK):
        k = start + tl.arange(0, BLOCK)
        left = tl.load(
            a + rows * row_of_a + k[None, :] * column_of_a,
            mask=(rows < N) & (k[None, :] < K),
            other=0.0,
        )
        right = tl.load(
            b + k[:, None] * row_of_b + columns * column_of_b,
            mask=(k[:, None] < K) & (columns < M),
            other=0.0,
        )
        total = tl.dot(left, right, total, input_precision=PRECISION)
    tl.store(c + rows * M + columns, total, mask=(rows < N) & (columns < M))


def multiplied(a: Tensor, b: Tensor, precision: str) -> Tensor:
    """The product of two matrices."""
    (N, K), M = a.shape, b.shape[1]
    c = torch.empty(N, M, dtype=a.dtype, device=a.device)
    grid = triton.cdiv(N, 32), triton.cdiv(M, 32)
    product[grid](a, b, c, N, M, K, *a.stride(), *b.stride(), BLOCK=32, PRECISION=precision)
    return c


def linear(precision: str, *, mistake: float = 1.0) -> type[Function]:
    """x times a transposed weight; the gradient by the weight is wrong by a factor."""

    class Linear(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
            ctx.save_for_backward(x, w)
            return multiplied(x, w.T, precision)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor]:
            x, w = ctx.saved_tensors
            (u,) = upstream
            return multiplied(u, w, precision), multiplied(u.T, x, precision) * mistake

    return Linear


def plain_linear(x: Tensor, w: Tensor) -> Tensor:
    """The linear layer in PyTorch."""
    return x @ w.T
