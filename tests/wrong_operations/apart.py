"""Operations whose mistakes were written after the kinds of slips were fixed, and not tuned on."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.wrong_operations.case import Case, normal, table


def softcap(x: Tensor) -> Tensor:
    return 5.0 * torch.tanh(x / 5.0)


def by_softcap(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    t = torch.tanh(x / 5.0)
    if wrong == "output for tanh":
        t = 5.0 * t
    if wrong == "divided by the cap":
        return u * (1 - t**2) / 5.0
    if wrong == "cap left out of the argument":
        t = torch.tanh(x)
    return u * (1 - t**2)


def mish(x: Tensor) -> Tensor:
    return x * torch.tanh(F.softplus(x))


def by_mish(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    t, s = torch.tanh(F.softplus(x)), torch.sigmoid(x)
    if wrong == "sigmoid left out":
        return u * (t + x * (1 - t**2))
    if wrong == "first term alone":
        return u * t
    if wrong == "t for its square":
        return u * (t + x * s * (1 - t))
    return u * (t + x * s * (1 - t**2))


def squared_relu(x: Tensor) -> Tensor:
    return torch.relu(x) ** 2


def by_squared_relu(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    if wrong == "two left out":
        return u * torch.relu(x)
    if wrong == "x for relu":
        return 2 * u * x
    return 2 * u * torch.relu(x)


def batch_norm(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, w, b, training=True)


def by_batch_norm(
    x: Tensor, w: Tensor, _b: Tensor, u: Tensor, wrong: str = ""
) -> tuple[Tensor, ...]:
    n = len(x)
    invstd = torch.rsqrt(x.var(0, unbiased=wrong == "unbiased variance") + 1e-5)
    x_hat = (x - x.mean(0)) * invstd
    by_w, by_b = (u * x_hat).sum(0), u.sum(0)
    if wrong == "running statistics":
        return u * w * invstd, by_w, by_b
    by_x = w * invstd / n * (n * u - by_b - x_hat * by_w)
    if wrong == "not divided by n":
        by_x = w * invstd * (u - by_b - x_hat * by_w)
    if wrong == "weight left out":
        by_x = by_x / w
    return by_x, by_w, by_b


def cosine(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum(-1) / (x.norm(dim=-1) * y.norm(dim=-1))


def by_cosine(x: Tensor, y: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    a, b = x.norm(dim=-1, keepdim=True), y.norm(dim=-1, keepdim=True)
    c, u = (x * y).sum(-1, keepdim=True) / (a * b), u[:, None]
    if wrong == "norms constant":
        return u * y / (a * b), u * x / (a * b)
    if wrong == "norm for its square":
        return u * (y / (a * b) - c * x / a), u * (x / (a * b) - c * y / b)
    if wrong == "sign of the second term":
        return u * (y / (a * b) + c * x / a**2), u * (x / (a * b) - c * y / b**2)
    return u * (y / (a * b) - c * x / a**2), u * (x / (a * b) - c * y / b**2)


def info_nce(a: Tensor, b: Tensor) -> Tensor:
    logits = a @ b.T / 0.2
    return -torch.log_softmax(logits, -1).diagonal().mean()


def by_info_nce(a: Tensor, b: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    n = len(a)
    p = torch.softmax(a @ b.T / 0.2, -1)
    g = u * (p - torch.eye(n, dtype=a.dtype)) / n
    if wrong == "temperature left out":
        return g @ b, g.T @ a
    if wrong == "not averaged":
        g = g * n
    if wrong == "positives left out":
        g = u * p / n
    if wrong == "not transposed":
        return g @ b / 0.2, g @ a / 0.2
    return g @ b / 0.2, g.T @ a / 0.2


def focal(x: Tensor, t: Tensor) -> Tensor:
    p = torch.sigmoid(x)
    pt = p * t + (1 - p) * (1 - t)
    return (-((1 - pt) ** 2) * torch.log(pt)).mean()


def by_focal(x: Tensor, t: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    p = torch.sigmoid(x)
    pt = p * t + (1 - p) * (1 - t)
    by_pt = 2 * (1 - pt) * torch.log(pt) - (1 - pt) ** 2 / pt
    if wrong == "weight constant":
        by_pt = -((1 - pt) ** 2) / pt
    if wrong == "two left out":
        by_pt = (1 - pt) * torch.log(pt) - (1 - pt) ** 2 / pt
    slope = 2 * t - 1 if wrong != "sign of the negatives" else torch.ones_like(t)
    return u / x.numel() * by_pt * slope * p * (1 - p)


def linear_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    state, found = torch.zeros(q.shape[-1], v.shape[-1], dtype=q.dtype), []
    for t in range(len(q)):
        state = state + k[t, :, None] * v[t, None, :]
        found.append(q[t] @ state)
    return torch.stack(found)


def by_linear_attention(
    q: Tensor, k: Tensor, v: Tensor, u: Tensor, wrong: str = ""
) -> tuple[Tensor, ...]:
    n = len(q)
    mask = torch.ones(n, n, dtype=q.dtype).tril(-1 if wrong == "own token left out" else 0)
    scores, back = (q @ k.T) * mask, (u @ v.T) * mask
    if wrong == "not causal":
        back = u @ v.T
    by_k = back.T @ q
    if wrong == "keys not transposed":
        by_k = back @ q
    return back @ k, by_k, scores.T @ u


def bias_attention(s: Tensor, bias: Tensor) -> Tensor:
    return torch.softmax(s + bias, -1)


def by_bias_attention(s: Tensor, bias: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    p = torch.softmax(s + bias, -1)
    ds = p * (u - (p * u).sum(-1, keepdim=True))
    if wrong == "bias not summed":
        return ds, ds
    if wrong == "bias of the last sample":
        return ds, ds[-1]
    if wrong == "bias before the sum":
        return ds, (p * u).sum(0)
    return ds, ds.sum(0)


def interleaved(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


def by_interleaved(_x: Tensor, cos: Tensor, sin: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    a, b = u[..., ::2], u[..., 1::2]
    if wrong == "halves for pairs":
        a, b = u.chunk(2, -1)
    if wrong == "forward":
        sin = -sin
    if wrong == "one sign":
        return torch.stack([a * cos + b * sin, a * sin + b * cos], -1).flatten(-2)
    return torch.stack([a * cos + b * sin, b * cos - a * sin], -1).flatten(-2)


def upsample(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, -1)


def by_upsample(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    pairs = u.reshape(*x.shape, 2)
    if wrong == "nearest alone":
        return pairs[..., 0]
    if wrong == "averaged":
        return pairs.mean(-1)
    if wrong == "tiled":
        return u.reshape(*x.shape[:-1], 2, x.shape[-1]).sum(-2)
    return pairs.sum(-1)


def segment_mean(x: Tensor, index: Tensor) -> Tensor:
    count = torch.bincount(index, minlength=3).to(x.dtype)[:, None]
    return torch.zeros(3, x.shape[1], dtype=x.dtype).index_add(0, index, x) / count


def by_segment_mean(x: Tensor, index: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    count = torch.bincount(index, minlength=3).to(x.dtype)[:, None]
    if wrong == "not divided":
        return u[index]
    if wrong == "divided by all":
        return u[index] / len(x)
    if wrong == "count of another order":
        return u[index] / count[: len(x)].flip(0)[index]
    return (u / count)[index]


def z_loss(x: Tensor, y: Tensor) -> Tensor:
    lse = torch.logsumexp(x, -1)
    picked = x.gather(1, y[:, None])[:, 0]
    return (lse - picked).mean() + 0.1 * (lse**2).mean()


def by_z_loss(x: Tensor, y: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    lse, p = torch.logsumexp(x, -1, keepdim=True), torch.softmax(x, -1)
    one = F.one_hot(y, x.shape[1]).to(x.dtype)
    if wrong == "z term left out":
        return u * (p - one) / len(x)
    if wrong == "two left out":
        return u * (p - one + 0.1 * lse * p) / len(x)
    if wrong == "weight left out":
        return u * (p - one + 2 * lse * p) / len(x)
    return u * (p - one + 0.2 * lse * p) / len(x)


def gru_gate(h: Tensor, z: Tensor, n: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return (1 - s) * torch.tanh(n) + s * h


def by_gru_gate(h: Tensor, z: Tensor, n: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    s, t = torch.sigmoid(z), torch.tanh(n)
    by_h, by_z, by_n = u * s, u * (h - t) * s * (1 - s), u * (1 - s) * (1 - t**2)
    if wrong == "gates swapped":
        by_h, by_n = u * (1 - s), u * s * (1 - t**2)
    if wrong == "candidate not in the gate":
        by_z = u * h * s * (1 - s)
    if wrong == "tanh not derived":
        by_n = u * (1 - s)
    return by_h, by_z, by_n


def pixel_shuffle(x: Tensor) -> Tensor:
    return F.pixel_shuffle(x, 2)


def by_pixel_shuffle(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    if wrong == "viewed":
        return u.reshape(x.shape)
    n, c, h, w = u.shape
    parts = u.reshape(n, c, h // 2, 2, w // 2, 2)
    if wrong == "rows and columns":
        return parts.permute(0, 1, 5, 3, 2, 4).reshape(x.shape)
    return parts.permute(0, 1, 3, 5, 2, 4).reshape(x.shape)


def moe(x: Tensor, w: Tensor, gate: Tensor) -> Tensor:
    g = torch.softmax(gate, -1)
    return torch.einsum("nd,edh,ne->nh", x, w, g)


def by_moe(x: Tensor, w: Tensor, gate: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    g = torch.softmax(gate, -1)
    each = torch.einsum("nd,edh->neh", x, w)
    by_g = (u[:, None] * each).sum(-1)
    by_gate = g * (by_g - (by_g * g).sum(-1, keepdim=True))
    by_x, by_w = torch.einsum("nh,edh,ne->nd", u, w, g), torch.einsum("nh,nd,ne->edh", u, x, g)
    if wrong == "experts unweighted":
        by_w = torch.einsum("nh,nd->dh", u, x).expand_as(w).clone()
    if wrong == "inputs unweighted":
        by_x = torch.einsum("nh,edh->nd", u, w)
    if wrong == "gate not derived":
        by_gate = by_g
    return by_x, by_w, by_gate


def embedding_bag(w: Tensor, index: Tensor) -> Tensor:
    return F.embedding(index, w, padding_idx=0).sum(1) / math.sqrt(index.shape[1])


def by_embedding_bag(w: Tensor, index: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    rows = (u / math.sqrt(index.shape[1]))[:, None].expand(*index.shape, -1).reshape(-1, w.shape[1])
    if wrong == "scale left out":
        rows = rows * math.sqrt(index.shape[1])
    found = torch.zeros_like(w).index_add(0, index.reshape(-1), rows)
    if wrong != "padding counted":
        found[0] = 0
    return found


SEG = torch.tensor([0, 2, 1, 0, 0, 2])
ANGLES = torch.arange(4.0)[:, None] * torch.tensor([1.0, 0.3])
PAIRS = normal(6, 5, seed=3), normal(6, 5, seed=4)

CASES: dict[str, Case] = {
    "softcap": Case(
        softcap,
        by_softcap,
        table(by_softcap, "output for tanh", "divided by the cap", "cap left out of the argument"),
        (3 * normal(4, 5),),
    ),
    "mish": Case(
        mish,
        by_mish,
        table(by_mish, "sigmoid left out", "first term alone", "t for its square"),
        (normal(4, 5),),
    ),
    "squared relu": Case(
        squared_relu,
        by_squared_relu,
        table(by_squared_relu, "two left out", "x for relu"),
        (normal(4, 5),),
    ),
    "batch norm": Case(
        batch_norm,
        by_batch_norm,
        table(
            by_batch_norm,
            "unbiased variance",
            "running statistics",
            "not divided by n",
            "weight left out",
        ),
        (normal(7, 4), 1 + normal(4, seed=1) / 3, normal(4, seed=2)),
    ),
    "cosine": Case(
        cosine,
        by_cosine,
        table(by_cosine, "norms constant", "norm for its square", "sign of the second term"),
        PAIRS,
    ),
    "info nce": Case(
        info_nce,
        by_info_nce,
        table(
            by_info_nce,
            "temperature left out",
            "not averaged",
            "positives left out",
            "not transposed",
        ),
        (normal(5, 4) / 2, normal(5, 4, seed=1) / 2),
    ),
    "focal": Case(
        focal,
        by_focal,
        table(by_focal, "weight constant", "two left out", "sign of the negatives"),
        (normal(8).requires_grad_(), (normal(8, seed=1) > 0).float()),
    ),
    "linear attention": Case(
        linear_attention,
        by_linear_attention,
        table(by_linear_attention, "own token left out", "not causal", "keys not transposed"),
        (normal(5, 3), normal(5, 3, seed=1), normal(5, 4, seed=2)),
    ),
    "attention with bias": Case(
        bias_attention,
        by_bias_attention,
        table(
            by_bias_attention, "bias not summed", "bias of the last sample", "bias before the sum"
        ),
        (normal(3, 4, 5), normal(4, 5, seed=1)),
    ),
    "interleaved rotary": Case(
        interleaved,
        by_interleaved,
        table(by_interleaved, "halves for pairs", "forward", "one sign"),
        (normal(2, 4, 4).requires_grad_(), ANGLES.cos(), ANGLES.sin()),
    ),
    "upsample": Case(
        upsample,
        by_upsample,
        table(by_upsample, "nearest alone", "averaged", "tiled"),
        (normal(2, 3, 4),),
    ),
    "segment mean": Case(
        segment_mean,
        by_segment_mean,
        table(by_segment_mean, "not divided", "divided by all", "count of another order"),
        (normal(6, 4), SEG),
    ),
    "z loss": Case(
        z_loss,
        by_z_loss,
        table(by_z_loss, "z term left out", "two left out", "weight left out"),
        (normal(6, 4), torch.tensor([0, 3, 1, 2, 1, 0])),
    ),
    "gru gate": Case(
        gru_gate,
        by_gru_gate,
        table(by_gru_gate, "gates swapped", "candidate not in the gate", "tanh not derived"),
        (normal(4, 5), normal(4, 5, seed=1), normal(4, 5, seed=2)),
    ),
    "pixel shuffle": Case(
        pixel_shuffle,
        by_pixel_shuffle,
        table(by_pixel_shuffle, "viewed", "rows and columns"),
        (normal(2, 8, 3, 3),),
    ),
    "experts": Case(
        moe,
        by_moe,
        table(by_moe, "experts unweighted", "inputs unweighted", "gate not derived"),
        (normal(6, 4), normal(3, 4, 5, seed=1), normal(6, 3, seed=2)),
    ),
    "embedding bag": Case(
        embedding_bag,
        by_embedding_bag,
        table(by_embedding_bag, "scale left out", "padding counted"),
        (normal(5, 3), torch.tensor([[0, 1, 4], [2, 2, 0], [3, 1, 1]])),
        declared=True,
    ),
}
