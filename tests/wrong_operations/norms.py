"""Norms and softmax."""

import torch
from torch import Tensor

from tests.wrong_operations.case import Case, normal, table, wide

EPS = 1e-5


def layer_norm(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    mean = x.mean(-1, keepdim=True)
    var = ((x - mean) ** 2).mean(-1, keepdim=True)
    x_hat = (x - mean) * torch.rsqrt(var + EPS)
    return x_hat * w + b


def by_layer_norm(
    x: Tensor, w: Tensor, _b: Tensor, u: Tensor, wrong: str = ""
) -> tuple[Tensor, ...]:
    dtype = x.dtype
    x, w, u = wide(x, w, u)
    mean = x.mean(-1, keepdim=True)
    rstd = torch.rsqrt(x.var(-1, unbiased=False, keepdim=True) + EPS)
    x_hat = (x - mean) * rstd
    wdy = u if wrong == "gain left out" else u * w
    c1 = (x_hat * wdy).mean(-1, keepdim=True)
    c2 = wdy.mean(-1, keepdim=True)
    if wrong == "sums for means":
        c1, c2 = c1 * x.shape[-1], c2 * x.shape[-1]
    if wrong == "mean term twice":
        c2 = 2 * c2
    if wrong == "without the mean term":
        c2 = 0
    if wrong == "without the variance term":
        c1 = 0
    if wrong == "statistics constant":
        c1 = c2 = 0
    by_x = (wdy - (x_hat * c1 + c2)) * rstd
    by_w, by_b = (u * x_hat).sum(0), u.sum(0)
    if wrong == "x for x_hat in the gain":
        by_w = (u * x).sum(0)
    if wrong == "last row's gain":
        by_w, by_b = (u * x_hat)[-1], u[-1]
    if wrong == "averaged over rows":
        by_w, by_b = by_w / len(x), by_b / len(x)
    return by_x.to(dtype), by_w.to(dtype), by_b.to(dtype)


def rms_norm(x: Tensor, w: Tensor) -> Tensor:
    rstd = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS)
    return x * rstd * w


def by_rms_norm(x: Tensor, w: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, ...]:
    dtype = x.dtype
    x, w, u = wide(x, w, u)
    rstd = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS)
    m = u * w
    inner = (m * x).sum(-1, keepdim=True) / (1 if wrong == "sum for mean" else x.shape[-1])
    power = 2 if wrong == "rstd squared for cubed" else 3
    by_x = rstd * m - rstd**power * inner * x
    if wrong == "offset gain":  # Gemma's 1 + w
        by_x = by_x + rstd * u - rstd**3 * (u * x).mean(-1, keepdim=True) * x
    by_w = u * x * (1 if wrong == "x for x_hat in the gain" else rstd)
    if wrong == "not summed over rows":
        return by_x.to(dtype), by_w.to(dtype)
    return by_x.to(dtype), by_w.sum(0).to(dtype)


def softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


def by_softmax(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    x, u = wide(x, u)
    y = torch.softmax(x, -1)
    inner = (u * y).sum(-1, keepdim=True)
    if wrong == "mean for sum":
        inner = inner / x.shape[-1]
    if wrong == "diagonal":
        return y * (1 - y) * u
    if wrong == "without the sum":
        return y * u
    if wrong == "over the columns":
        inner = (u * y).sum(0, keepdim=True)
    if wrong == "over everything":
        inner = (u * y).sum()
    return (y * (u - inner)).to(dtype)


def log_softmax(x: Tensor) -> Tensor:
    return torch.log_softmax(x, -1)


def by_log_softmax(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    x, u = wide(x, u)
    y = torch.softmax(x, -1)
    if wrong == "upstream taken to sum to one":
        return u - y
    if wrong == "as of softmax":
        return y * (u - (u * y).sum(-1, keepdim=True))
    if wrong == "log for its exponential":
        y = torch.log_softmax(x, -1)
    return (u - y * u.sum(-1, keepdim=True)).to(dtype)


def group_norm(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return torch.nn.functional.group_norm(x, 2, w, b, EPS)


def by_group_norm(
    x: Tensor, w: Tensor, _b: Tensor, u: Tensor, wrong: str = ""
) -> tuple[Tensor, ...]:
    dtype = x.dtype
    x, w, u = wide(x, w, u)
    n = len(x)
    groups = x.reshape(n, 2, -1)
    rstd = torch.rsqrt(groups.var(-1, unbiased=False, keepdim=True) + EPS)
    x_hat = (groups - groups.mean(-1, keepdim=True)) * rstd
    m = (u * w[:, None]).reshape(n, 2, -1)
    if wrong == "per channel":
        by_channel, hat = u * w[:, None], x_hat.reshape(x.shape)
        c1 = (by_channel * hat).mean(-1, keepdim=True)
        c2 = by_channel.mean(-1, keepdim=True)
        by_x = (by_channel - c2 - hat * c1).reshape(n, 2, -1) * rstd
    else:
        c1, c2 = (m * x_hat).mean(-1, keepdim=True), m.mean(-1, keepdim=True)
        by_x = (m - c2 - x_hat * c1) * (1 if wrong == "without rstd" else rstd)
    by_w, by_b = (u * x_hat.reshape(x.shape)).sum((0, 2)), u.sum((0, 2))
    if wrong == "last sample's gain":
        by_w, by_b = (u * x_hat.reshape(x.shape))[-1].sum(-1), u[-1].sum(-1)
    return by_x.reshape(x.shape).to(dtype), by_w.to(dtype), by_b.to(dtype)


def l2_normalise(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True)


def by_l2_normalise(x: Tensor, u: Tensor, wrong: str = "") -> Tensor:
    dtype = x.dtype
    x, u = wide(x, u)
    norm = x.norm(dim=-1, keepdim=True)
    y = x / norm
    if wrong == "norm constant":
        return u / norm
    if wrong == "not divided by the norm":
        return u - y * (u * y).sum(-1, keepdim=True)
    if wrong == "x for y":
        return (u - x * (u * x).sum(-1, keepdim=True)) / norm
    return ((u - y * (u * y).sum(-1, keepdim=True)) / norm).to(dtype)


def weight_norm(v: Tensor, g: Tensor) -> Tensor:
    return g * v / v.norm(dim=1, keepdim=True)


def by_weight_norm(v: Tensor, g: Tensor, u: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    dtype = v.dtype
    v, g, u = wide(v, g, u)
    norm = v.norm(dim=1, keepdim=True)
    by_g = (u * v).sum(1, keepdim=True) / norm
    if wrong == "norm constant":
        return g / norm * u, by_g
    power = 1 if wrong == "divided once by the norm" else 2
    return (g / norm * u - g * by_g / norm**power * v).to(dtype), by_g.to(dtype)


X, W, B = normal(6, 5), 1 + normal(5, seed=1) / 3, normal(5, seed=2)
C = normal(3, 4, 5, seed=3)


CASES: dict[str, Case] = {
    "layer norm": Case(
        layer_norm,
        by_layer_norm,
        table(
            by_layer_norm,
            "gain left out",
            "sums for means",
            "mean term twice",
            "without the mean term",
            "without the variance term",
            "statistics constant",
            "x for x_hat in the gain",
            "last row's gain",
            "averaged over rows",
        ),
        (X, W, B),
    ),
    "rms norm": Case(
        rms_norm,
        by_rms_norm,
        table(
            by_rms_norm,
            "sum for mean",
            "rstd squared for cubed",
            "offset gain",
            "x for x_hat in the gain",
            "not summed over rows",
        ),
        (X, W),
    ),
    "softmax": Case(
        softmax,
        by_softmax,
        table(
            by_softmax,
            "mean for sum",
            "diagonal",
            "without the sum",
            "over the columns",
            "over everything",
        ),
        (X,),
    ),
    "log softmax": Case(
        log_softmax,
        by_log_softmax,
        table(
            by_log_softmax,
            "upstream taken to sum to one",
            "as of softmax",
            "log for its exponential",
        ),
        (X,),
    ),
    "group norm": Case(
        group_norm,
        by_group_norm,
        table(by_group_norm, "per channel", "without rstd", "last sample's gain"),
        (C, 1 + normal(4, seed=4) / 3, normal(4, seed=5)),
    ),
    "l2 normalise": Case(
        l2_normalise,
        by_l2_normalise,
        table(by_l2_normalise, "norm constant", "not divided by the norm", "x for y"),
        (X,),
    ),
    "weight norm": Case(
        weight_norm,
        by_weight_norm,
        table(by_weight_norm, "norm constant", "divided once by the norm"),
        (normal(4, 5, seed=6), normal(4, 1, seed=7)),
    ),
}
