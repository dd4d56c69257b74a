"""Linear layers, activations, convolutions, indexing."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.wrong_operations.case import Case, normal, table, wide


def linear(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return x @ w.T + b


def by_linear(x: Tensor, w: Tensor, _b: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    dtype = x.dtype
    x, w, u = wide(x, w, u)
    by_x, by_w, by_b = u @ w, u.T @ x, u.sum(0)
    if wrong == "weight transposed":
        by_x = u @ w.T
    if wrong == "weight's gradient transposed":
        by_w = x.T @ u
    if wrong == "bias not summed":
        by_b = u
    if wrong == "bias averaged":
        by_b = u.mean(0)
    if wrong == "bias summed over columns":
        by_b = u.sum(1)
    return by_x.to(dtype), by_w.to(dtype), by_b.to(dtype)


def lora(x: Tensor, w: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return x @ w.T + 2.0 * (x @ a.T) @ b.T


def by_lora(
    x: Tensor, w: Tensor, a: Tensor, b: Tensor, u: Tensor, wrong: str = ""
) -> tuple[Tensor | None, ...]:
    dtype = x.dtype
    x, w, a, b, u = wide(x, w, a, b, u)
    by_x = u @ w + 2.0 * (u @ b) @ a
    by_a, by_b = 2.0 * (u @ b).T @ x, 2.0 * u.T @ (x @ a.T)
    if wrong == "adapter unscaled":
        by_a, by_b = by_a / 2, by_b / 2
    if wrong == "adapter's path to x":
        by_x = u @ w
    if wrong == "scaled twice":
        by_a = 2 * by_a
    return by_x.to(dtype), (u.T @ x).to(dtype), by_a.to(dtype), by_b.to(dtype)


def swiglu(gate: Tensor, up: Tensor) -> Tensor:
    return F.silu(gate) * up


def by_swiglu(gate: Tensor, up: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    dtype = gate.dtype
    gate, up, u = wide(gate, up, u)
    s = torch.sigmoid(gate)
    by_gate = s + gate * s * (1 - s)
    if wrong == "sigmoid's derivative":
        by_gate = s * (1 - s)
    if wrong == "product rule's second term":
        by_gate = s
    if wrong == "silu's own value in it":
        by_gate = s + gate * s * s * (1 - s)
    if wrong == "swapped":
        return u * gate * s, u * up * by_gate
    return (u * up * by_gate).to(dtype), (u * gate * s).to(dtype)


def geglu(gate: Tensor, up: Tensor) -> Tensor:
    return F.gelu(gate) * up


def by_geglu(gate: Tensor, up: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    dtype = gate.dtype
    gate, up, u = wide(gate, up, u)
    cdf = 0.5 * (1 + torch.erf(gate / math.sqrt(2)))
    pdf = torch.exp(-0.5 * gate**2) / math.sqrt(2 * math.pi)
    slope = cdf + gate * pdf
    if wrong == "derivative of the tanh form":
        given = gate.detach().requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(F.gelu(given, approximate="tanh").sum(), given)
    if wrong == "density left out":
        slope = cdf
    if wrong == "density without its constant":
        slope = cdf + gate * torch.exp(-0.5 * gate**2)
    if wrong == "gate not in the second term":
        slope = cdf + pdf
    return (u * up * slope).to(dtype), (u * gate * cdf).to(dtype)


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def by_leaky(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    if wrong == "by the sign of the gradient":
        return torch.where(u > 0, u, 0.2 * u)
    if wrong == "default slope":
        return torch.where(x > 0, u, 0.01 * u)
    if wrong == "relu":
        return u * (x > 0)
    return torch.where(x > 0, u, 0.2 * u).to(dtype)


def conv(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return F.conv1d(x, w, b, padding=1)


def by_conv(x: Tensor, w: Tensor, _b: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    dtype = x.dtype
    x, w, u = wide(x, w, u)
    kernel = w.transpose(0, 1)
    by_x = F.conv1d(u, kernel if wrong == "kernel not flipped" else kernel.flip(-1), padding=1)
    by_w = F.conv1d(x.transpose(0, 1), u.transpose(0, 1), padding=1).transpose(0, 1)
    if wrong == "kernel's gradient flipped":
        by_w = by_w.flip(-1)
    by_b = u.sum((0, 2))
    if wrong == "bias summed over the batch alone":
        by_b = u.sum(0)
    if wrong == "bias averaged over the batch":
        by_b = u.mean(0).sum(-1)
    return by_x.to(dtype), by_w.to(dtype), by_b.to(dtype)


def embedding(w: Tensor, index: Tensor) -> Tensor:
    return F.embedding(index, w)


def by_embedding(w: Tensor, index: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    found = torch.zeros_like(w)
    if wrong == "last one wins":
        found[index] = u
        return found
    if wrong == "divided by the count":
        count = torch.bincount(index, minlength=len(w)).clamp(min=1)
        return found.index_add(0, index, u) / count[:, None]
    if wrong == "row 0 is padding":
        return found.index_add(0, index, u * (index != 0)[:, None])
    return found.index_add(0, index, u)


def gather(x: Tensor, index: Tensor) -> Tensor:
    return torch.gather(x, 1, index)


def by_gather(x: Tensor, index: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    if wrong == "scatter for scatter_add":
        return torch.zeros_like(x).scatter(1, index, u)
    return torch.zeros_like(x).scatter_add(1, index, u)


def scatter_add(x: Tensor, index: Tensor, source: Tensor) -> Tensor:
    return x.index_add(0, index, source)


def by_scatter_add(
    _x: Tensor, index: Tensor, _source: Tensor, u: Tensor, wrong: str = ""
) -> tuple[Tensor | None, ...]:
    by_x = u
    if wrong == "base zeroed":
        by_x = u.index_fill(0, index, 0.0)
    by_source = u[: len(index)] if wrong == "source in order" else u[index]
    return by_x, None, by_source


def top_gate(x: Tensor, scores: Tensor) -> Tensor:
    best, index = scores.topk(2, -1)
    gates = torch.softmax(best, -1)
    chosen = torch.gather(x, 1, index)
    return (gates * chosen).sum(-1)


def by_top_gate(x: Tensor, scores: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    best, index = scores.topk(2, -1)
    gates = torch.softmax(best, -1)
    chosen = torch.gather(x, 1, index)
    by_gates = u[:, None] * chosen
    by_best = gates * (by_gates - (by_gates * gates).sum(-1, keepdim=True))
    if wrong == "gates not normalised":
        by_best = by_gates * gates
    by_scores = torch.zeros_like(scores).scatter(1, index, by_best)
    if wrong == "gates constant":
        by_scores = torch.zeros_like(scores)
    by_x = torch.zeros_like(x).scatter(1, index, u[:, None] * gates)
    if wrong == "not weighted":
        by_x = torch.zeros_like(x).scatter(1, index, u[:, None].expand_as(gates))
    return by_x, by_scores


def bilinear(image: Tensor, where: Tensor) -> Tensor:
    left = where.floor().long()
    part = where - left
    return image[left] * (1 - part) + image[left + 1] * part


def by_bilinear(image: Tensor, where: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    left = where.floor().long()
    part = where - left
    by_image = torch.zeros_like(image)
    if wrong == "last one wins":
        right = torch.zeros_like(image)
        by_image[left] = u * (1 - part)
        right[left + 1] = u * part
        by_image = by_image + right
    else:
        weights = (part, 1 - part) if wrong == "weights swapped" else (1 - part, part)
        by_image = by_image.index_add(0, left, u * weights[0]).index_add(
            0, left + 1, u * weights[1]
        )
    by_where = u * (image[left + 1] - image[left])
    if wrong == "sign of the place":
        by_where = -by_where
    return by_image, by_where


def max_pool(x: Tensor) -> Tensor:
    return x.unfold(-1, 2, 2).amax(-1)


def by_max_pool(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    windows = x.unfold(-1, 2, 2)
    index = windows.argmax(-1, keepdim=True)
    if wrong == "shared":
        return u.repeat_interleave(2, -1) / 2
    if wrong == "to both":
        return u.repeat_interleave(2, -1)
    if wrong == "to the first":
        index = torch.zeros_like(index)
    return torch.zeros_like(windows).scatter(-1, index, u[..., None]).reshape(x.shape)


def scaled_add(x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    return x + scale * y


def by_scaled_add(
    x: Tensor, y: Tensor, scale: Tensor, u: Tensor, wrong: str = ""
) -> tuple[Tensor, ...]:
    dtype = x.dtype
    x, y, scale, u = wide(x, y, scale, u)
    by_scale = (u * y).sum(0)
    if wrong == "scale not summed":
        by_scale = u * y
    if wrong == "scale's first row":
        by_scale = (u * y)[0]
    by_x = u.sum(1, keepdim=True)
    if wrong == "broadcast not summed":
        by_x = u
    if wrong == "broadcast averaged":
        by_x = u.mean(1, keepdim=True)
    return by_x.to(dtype), (u * scale).to(dtype), by_scale.to(dtype)


IMAGE, WHERE = normal(6), torch.tensor([0.3, 1.6, 1.2, 3.5, 0.9])
INDEX = torch.tensor([1, 0, 3, 1, 1, 0])
G, U = normal(4, 5), normal(4, 5, seed=1)

CASES: dict[str, Case] = {
    "linear": Case(
        linear,
        by_linear,
        table(
            by_linear,
            "weight transposed",
            "weight's gradient transposed",
            "bias not summed",
            "bias averaged",
            "bias summed over columns",
        ),
        (normal(6, 4), normal(4, 4, seed=1), normal(4, seed=2)),
    ),
    "lora": Case(
        lora,
        by_lora,
        table(by_lora, "adapter unscaled", "adapter's path to x", "scaled twice"),
        (normal(5, 4), normal(3, 4, seed=1), normal(2, 4, seed=2), normal(3, 2, seed=3)),
    ),
    "swiglu": Case(
        swiglu,
        by_swiglu,
        table(
            by_swiglu,
            "sigmoid's derivative",
            "product rule's second term",
            "silu's own value in it",
            "swapped",
        ),
        (G, U),
    ),
    "geglu": Case(
        geglu,
        by_geglu,
        table(
            by_geglu,
            "derivative of the tanh form",
            "density left out",
            "density without its constant",
            "gate not in the second term",
        ),
        (G, U),
    ),
    "leaky relu": Case(
        leaky,
        by_leaky,
        table(by_leaky, "by the sign of the gradient", "default slope", "relu"),
        (G,),
    ),
    "conv": Case(
        conv,
        by_conv,
        table(
            by_conv,
            "kernel not flipped",
            "kernel's gradient flipped",
            "bias summed over the batch alone",
            "bias averaged over the batch",
        ),
        (normal(2, 3, 6), normal(3, 3, 3, seed=1), normal(3, seed=2)),
    ),
    "embedding": Case(
        embedding,
        by_embedding,
        table(by_embedding, "last one wins", "divided by the count", "row 0 is padding"),
        (normal(4, 3), INDEX),
    ),
    "gather": Case(
        gather,
        by_gather,
        table(by_gather, "scatter for scatter_add"),
        (normal(3, 5), torch.tensor([[0, 0, 2], [1, 4, 1], [3, 2, 3]])),
    ),
    "scatter add": Case(
        scatter_add,
        by_scatter_add,
        table(by_scatter_add, "base zeroed", "source in order"),
        (normal(4, 3), INDEX, normal(6, 3, seed=1)),
    ),
    "top gate": Case(
        top_gate,
        by_top_gate,
        table(by_top_gate, "gates not normalised", "gates constant", "not weighted"),
        (normal(5, 4), normal(5, 4, seed=1)),
    ),
    "bilinear": Case(
        bilinear,
        by_bilinear,
        table(by_bilinear, "last one wins", "weights swapped", "sign of the place"),
        (IMAGE, WHERE),
    ),
    "max pool": Case(
        max_pool,
        by_max_pool,
        table(by_max_pool, "shared", "to both", "to the first"),
        (normal(3, 6),),
    ),
    "scaled add": Case(
        scaled_add,
        by_scaled_add,
        table(
            by_scaled_add,
            "scale not summed",
            "scale's first row",
            "broadcast not summed",
            "broadcast averaged",
        ),
        (normal(4, 1), normal(4, 3, seed=1), normal(3, seed=2)),
    ),
}
