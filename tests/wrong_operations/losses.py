"""Losses, and what is drawn or rounded."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.functional import cross_entropy

from tests.wrong_operations.case import Case, normal, table, wide

SMOOTHING, IGNORED = 0.1, 3


def one_hot(y: Tensor, like: Tensor) -> Tensor:
    return F.one_hot(y, like.shape[-1]).to(like.dtype)


def smoothed(z: Tensor, y: Tensor) -> Tensor:
    return cross_entropy(z, y, label_smoothing=SMOOTHING)


def by_smoothed(z: Tensor, y: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = z.dtype
    z, u = wide(z, u)
    n, classes = z.shape
    target = one_hot(y, z) * (1 - SMOOTHING) + SMOOTHING / classes
    if wrong == "smoothing forgotten":
        target = one_hot(y, z)
    if wrong == "smoothing over the others":
        target = one_hot(y, z) * (1 - SMOOTHING) + SMOOTHING / (classes - 1) * (1 - one_hot(y, z))
    found = (torch.softmax(z, -1) - target) * u
    if wrong == "sum for mean":
        return found
    if wrong == "divided by the classes":
        return found / classes
    return (found / n).to(dtype)


def ignoring(z: Tensor, y: Tensor) -> Tensor:
    return cross_entropy(z, y, ignore_index=IGNORED)


def by_ignoring(z: Tensor, y: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = z.dtype
    z, u = wide(z, u)
    kept = y != IGNORED
    found = (torch.softmax(z, -1) - one_hot(y, z)) * u
    if wrong == "ignored rows kept":
        return found / kept.sum()
    found = found * kept[:, None]
    if wrong == "divided by all rows":
        return found / len(y)
    return (found / kept.sum()).to(dtype)


def by_token(x: Tensor, w: Tensor, y: Tensor) -> Tensor:
    return cross_entropy(x @ w.T, y, reduction="none")


def by_by_token(x: Tensor, w: Tensor, y: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    dtype = x.dtype
    x, w, u = wide(x, w, u)
    p = torch.softmax(x @ w.T, -1) - one_hot(y, x @ w.T)
    if wrong == "first token's weight":
        u = u[:1].expand_as(u)
    by_x, by_w = p * u[:, None] @ w, (p * u[:, None]).T @ x
    if wrong == "weight's gradient unweighted":
        by_w = p.T @ x
    if wrong == "weight's gradient by their mean":
        by_w = u.mean() * (p.T @ x)
    return by_x.to(dtype), by_w.to(dtype)


def logsumexp(x: Tensor) -> Tensor:
    return torch.logsumexp(x, -1)


def by_logsumexp(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    x, u = wide(x, u)
    if wrong == "exponential alone":
        return torch.exp(x) * u[:, None]
    if wrong == "the largest alone":
        return one_hot(x.argmax(-1), x) * u[:, None]
    return (torch.softmax(x, -1) * u[:, None]).to(dtype)


def kl_div(x: Tensor, y: Tensor) -> Tensor:
    log_p = torch.log_softmax(x, -1)
    return (y * (torch.log(y) - log_p)).sum(-1).mean()


def by_kl_div(x: Tensor, y: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    x, y, u = wide(x, y, u)
    if wrong == "target left alone":
        return -y * u / len(x)
    p = torch.softmax(x, -1)
    if wrong == "divided by all entries":
        return (p - y) * u / x.numel()
    if wrong == "sign":
        return (y - p) * u / len(x)
    return ((p * y.sum(-1, keepdim=True) - y) * u / len(x)).to(dtype)


def dropout(x: Tensor, kept: Tensor) -> Tensor:
    return torch.where(kept, x / 0.75, 0.0)


def by_dropout(x: Tensor, kept: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    (u,) = wide(u)
    if wrong == "not enlarged":
        return u * kept
    if wrong == "enlarged twice":
        return u * kept / 0.75**2
    if wrong == "mask forgotten":
        return u / 0.75
    if wrong == "mask inverted":
        return u * ~kept / 0.75
    return (u * kept / 0.75).to(dtype)


def quantise(x: Tensor, scale: Tensor) -> Tensor:
    q = torch.clamp(x / scale, -4, 3)
    q = q + (torch.round(q) - q).detach()
    return q * scale


def by_quantise(x: Tensor, scale: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    dtype = x.dtype
    x, scale, u = wide(x, scale, u)
    q = x / scale
    inside = (q >= -4) & (q <= 3)
    by_x = u * inside
    by_scale = (u * torch.where(inside, torch.round(q) - q, q.clamp(-4, 3))).sum()
    if wrong == "outside the range as well":
        by_x = u
    if wrong == "scale from the rounded ones":
        by_scale = (u * torch.round(q.clamp(-4, 3))).sum()
    if wrong == "scale inside the range alone":
        by_scale = (u * inside * (torch.round(q) - q)).sum()
    return by_x.to(dtype), by_scale.to(dtype)


Z, Y = normal(6, 4), torch.tensor([0, 1, 3, 2, 3, 1])
MASK = torch.tensor([1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1], dtype=torch.bool).reshape(3, 4)

CASES: dict[str, Case] = {
    "smoothed cross entropy": Case(
        smoothed,
        by_smoothed,
        table(
            by_smoothed,
            "smoothing forgotten",
            "smoothing over the others",
            "sum for mean",
            "divided by the classes",
        ),
        (Z, Y),
    ),
    "cross entropy that ignores": Case(
        ignoring,
        by_ignoring,
        table(by_ignoring, "ignored rows kept", "divided by all rows"),
        (Z, Y),
    ),
    "linear cross entropy": Case(
        by_token,
        by_by_token,
        table(
            by_by_token,
            "first token's weight",
            "weight's gradient unweighted",
            "weight's gradient by their mean",
        ),
        (normal(6, 3), normal(4, 3, seed=1), Y),
    ),
    "logsumexp": Case(
        logsumexp, by_logsumexp, table(by_logsumexp, "exponential alone", "the largest alone"), (Z,)
    ),
    "kl div": Case(
        kl_div,
        by_kl_div,
        table(by_kl_div, "target left alone", "divided by all entries", "sign"),
        (Z.clone().requires_grad_(), torch.softmax(normal(6, 4, seed=1), -1)),
    ),
    "dropout": Case(
        dropout,
        by_dropout,
        table(by_dropout, "not enlarged", "enlarged twice", "mask forgotten", "mask inverted"),
        (normal(3, 4), MASK),
    ),
    "quantise": Case(
        quantise,
        by_quantise,
        table(
            by_quantise,
            "outside the range as well",
            "scale from the rounded ones",
            "scale inside the range alone",
        ),
        (2 * normal(4, 5), torch.tensor(0.5)),
        declared=True,
    ),
}
