"""Attention, rotary embeddings, scans."""

import math

import torch
from torch import Tensor

from tests.wrong_operations.case import Case, normal, table, wide


def rotate_half(x: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return torch.cat([-second, first], -1)


def rotary(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    return x * cos + rotate_half(x) * sin


def by_rotary(x: Tensor, cos: Tensor, sin: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    cos, sin, u = wide(cos, sin, u)
    if wrong == "rotated forward":
        return u * cos + rotate_half(u) * sin
    if wrong == "sine after the rotation":
        return u * cos - rotate_half(u) * sin
    if wrong == "only the cosine":
        return u * cos
    if wrong == "first half alone":
        half = x.shape[-1] // 2
        found = u * cos - rotate_half(u * sin)
        found[..., half:] = u[..., half:]
        return found
    return (u * cos - rotate_half(u * sin)).to(dtype)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    p = torch.softmax(scores.masked_fill(~mask, float("-inf")), -1)
    return p @ v


def by_attention(q: Tensor, k: Tensor, v: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    dtype = q.dtype
    q, k, v, u = wide(q, k, v, u)
    scale = 1 / math.sqrt(q.shape[-1])
    scores = q @ k.mT * scale
    mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    p = torch.softmax(scores.masked_fill(~mask, float("-inf")), -1)
    dp = u @ v.mT
    delta = (u * (p @ v)).sum(-1, keepdim=True)
    if wrong == "delta left out":
        delta = 0
    if wrong == "delta of v":
        delta = (u * v).sum(-1, keepdim=True)
    if wrong == "without the mask":
        lse = torch.logsumexp(scores.masked_fill(~mask, float("-inf")), -1, keepdim=True)
        p = torch.exp(scores - lse)
    ds = p * (dp - delta)
    by_q, by_k, by_v = ds @ k * scale, ds.mT @ q * scale, p.mT @ u
    if wrong == "keys unscaled":
        by_k = by_k / scale
    if wrong == "scaled twice":
        by_q, by_k = by_q * scale, by_k * scale
    if wrong == "scaled by d":
        by_q, by_k = by_q * scale, by_k * scale
    if wrong == "p for its transpose":
        by_v = p @ u
    if wrong == "ds for its transpose":
        by_k = ds @ q * scale
    return by_q.to(dtype), by_k.to(dtype), by_v.to(dtype)


def grouped(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    groups = q.shape[1] // k.shape[1]
    k = k.repeat_interleave(groups, dim=1)
    v = v.repeat_interleave(groups, dim=1)
    p = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1)
    return p @ v


def by_grouped(q: Tensor, k: Tensor, v: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    dtype = q.dtype
    q, k, v, u = wide(q, k, v, u)
    heads, groups = k.shape[1], q.shape[1] // k.shape[1]
    scale = 1 / math.sqrt(q.shape[-1])
    wide_k, wide_v = (t.repeat_interleave(groups, dim=1) for t in (k, v))
    p = torch.softmax(q @ wide_k.mT * scale, -1)
    dp = u @ wide_v.mT
    ds = p * (dp - (u * (p @ wide_v)).sum(-1, keepdim=True)) * scale
    by_q, by_k, by_v = ds @ wide_k, ds.mT @ q, p.mT @ u
    if wrong == "not summed over the group":
        return by_q, by_k, by_v
    shape = (len(k), heads, groups, *k.shape[2:])
    if wrong == "heads interleaved":
        shape = (len(k), groups, heads, *k.shape[2:])
        return by_q, by_k.reshape(shape).sum(1), by_v.reshape(shape).sum(1)
    by_k, by_v = by_k.reshape(shape), by_v.reshape(shape)
    if wrong == "last head of the group":
        return by_q, by_k[:, :, -1], by_v[:, :, -1]
    if wrong == "averaged over the group":
        return by_q, by_k.mean(2), by_v.mean(2)
    return by_q.to(dtype), by_k.sum(2).to(dtype), by_v.sum(2).to(dtype)


def cumsum(x: Tensor) -> Tensor:
    return torch.cumsum(x, -1)


def by_cumsum(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    (u,) = wide(u)
    if wrong == "not reversed":
        return u.cumsum(-1)
    if wrong == "exclusive":
        return u.flip(-1).cumsum(-1).flip(-1) - u
    if wrong == "not flipped back":
        return u.flip(-1).cumsum(-1)
    return u.flip(-1).cumsum(-1).flip(-1).to(dtype)


def scan(a: Tensor, x: Tensor) -> Tensor:
    h, found = torch.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        h = a[:, t] * h + x[:, t]
        found.append(h)
    return torch.stack(found, 1)


def by_scan(a: Tensor, x: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    dtype = x.dtype
    a, x, u = wide(a, x, u)
    h = scan(a, x)
    carried = torch.zeros_like(x[:, 0])
    by_a, by_x = torch.zeros_like(a), torch.zeros_like(x)
    for t in reversed(range(x.shape[1])):
        carried = carried + u[:, t]
        by_x[:, t] = carried
        if wrong == "this state for the last":
            by_a[:, t] = carried * h[:, t]
        elif t:
            by_a[:, t] = carried * h[:, t - 1]
        carried = carried * (a[:, t - 1] if wrong == "decay of the step before" and t else a[:, t])
        if wrong == "not carried":
            carried = torch.zeros_like(carried)
    return by_a.to(dtype), by_x.to(dtype)


ANGLES = torch.arange(4.0)[:, None] * torch.tensor([1.0, 0.3, 0.7, 0.2])
Q, K, V = (normal(2, 4, 4, seed=s) for s in (0, 1, 2))

CASES: dict[str, Case] = {
    "rotary": Case(
        rotary,
        by_rotary,
        table(
            by_rotary,
            "rotated forward",
            "sine after the rotation",
            "only the cosine",
            "first half alone",
        ),
        (normal(2, 4, 4).requires_grad_(), ANGLES.cos(), ANGLES.sin()),
    ),
    "attention": Case(
        attention,
        by_attention,
        table(
            by_attention,
            "delta left out",
            "delta of v",
            "without the mask",
            "keys unscaled",
            "scaled twice",
            "p for its transpose",
            "ds for its transpose",
        ),
        (Q, K, V),
    ),
    "grouped attention": Case(
        grouped,
        by_grouped,
        table(
            by_grouped,
            "not summed over the group",
            "heads interleaved",
            "last head of the group",
            "averaged over the group",
        ),
        (normal(1, 4, 3, 4), normal(1, 2, 3, 4, seed=1), normal(1, 2, 3, 4, seed=2)),
    ),
    "cumsum": Case(
        cumsum,
        by_cumsum,
        table(by_cumsum, "not reversed", "exclusive", "not flipped back"),
        (normal(3, 5),),
    ),
    "scan": Case(
        scan,
        by_scan,
        table(by_scan, "this state for the last", "decay of the step before", "not carried"),
        (torch.sigmoid(normal(2, 5)), normal(2, 5, seed=1)),
    ),
}
