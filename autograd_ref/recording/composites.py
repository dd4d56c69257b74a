"""Operations taken apart into the steps in which a person derives them.

Each function gets the result of the operation and its arguments, and computes the result again from
simpler operations, which are recorded in its place.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograd_ref.torch_internals import name_of

Parts = Callable[..., object]

MEAN, SUM = 1, 2
"""PyTorch's numbers for the reductions of a loss; 0 is none."""


def composite(operation: Any, apart: bool) -> Parts | None:
    """Return how to take an operation apart, None where it stays whole.

    Args:
        operation: as it is dispatched.
        apart: True to take apart also what has a derivative of its own in a book.
    """
    name = name_of(operation)
    found = ALWAYS.get(name)
    return found or (APART.get(name) if apart else None)


def _addmm(
    _y: Tensor, c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1
) -> Any:
    product = a @ b
    return (product if alpha == 1 else alpha * product) + (c if beta == 1 else beta * c)


def _native_dropout(y: Any, x: Tensor, p: float, _train: bool | None = True) -> Any:
    mask = y[1]
    return x * (mask.to(x.dtype) / (1 - p)), mask


def _softmax(_y: Tensor, x: Tensor, dim: int, _half: bool = False) -> Any:
    e = torch.exp(x - x.detach().amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def _log_softmax(_y: Tensor, x: Tensor, dim: int, _half: bool = False) -> Any:
    most = x.detach().amax(dim, keepdim=True)
    total = torch.exp(x - most).sum(dim, keepdim=True)
    return x - (torch.log(total) + most)


def _logsumexp(y: Tensor, x: Tensor, dim: Any, keepdim: bool = False) -> Any:
    most = x.detach().amax(dim, keepdim=True)
    total = torch.exp(x - most).sum(dim, keepdim=True)
    found = torch.log(total) + most
    return found if keepdim else found.reshape(y.shape)


def _nll_loss(
    _y: Any, x: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignore: int
) -> Any:
    keep = target != ignore
    index = torch.where(keep, target, torch.zeros_like(target))
    picked = x.gather(1, index.unsqueeze(1)).squeeze(1) if x.ndim == 2 else x[index]
    weights = keep.to(x.dtype) if weight is None else weight[index] * keep
    each = -(weights * picked) if weight is not None or not bool(keep.all()) else -picked
    if reduction == 0:
        return each, None
    total = each.sum()
    return (total / weights.sum() if reduction == MEAN else total), None


def _reduced(each: Tensor, reduction: int) -> Tensor:
    if reduction == MEAN:
        return each.sum() / each.numel()
    return each.sum() if reduction == SUM else each


def _mse_loss(_y: Tensor, x: Tensor, t: Tensor, reduction: int = MEAN) -> Any:
    return _reduced((x - t) ** 2, reduction)


def _smooth_l1(_y: Tensor, x: Tensor, t: Tensor, reduction: int = MEAN, beta: float = 1.0) -> Any:
    d = x - t
    small = d.abs() < beta
    return _reduced(torch.where(small, 0.5 * d**2 / (beta or 1.0), d.abs() - 0.5 * beta), reduction)


def _huber(_y: Tensor, x: Tensor, t: Tensor, reduction: int = MEAN, delta: float = 1.0) -> Any:
    d = x - t
    small = d.abs() <= delta
    return _reduced(torch.where(small, 0.5 * d**2, delta * (d.abs() - 0.5 * delta)), reduction)


def _bce_with_logits(
    _y: Tensor,
    x: Tensor,
    t: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = MEAN,
) -> Any:
    log_p = -torch.log1p(torch.exp(-x))
    log_q = -torch.log1p(torch.exp(x))
    ours = t * log_p if pos_weight is None else pos_weight * t * log_p
    each = -(ours + (1 - t) * log_q)
    return _reduced(each if weight is None else weight * each, reduction)


def _binary_cross_entropy(
    _y: Tensor, p: Tensor, t: Tensor, weight: Tensor | None = None, reduction: int = MEAN
) -> Any:
    each = -(t * torch.log(p) + (1 - t) * torch.log(1 - p))
    return _reduced(each if weight is None else weight * each, reduction)


def _gelu(_y: Tensor, x: Tensor, *, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * (0.5 * (1 + torch.erf(x / math.sqrt(2))))


def _silu(_y: Tensor, x: Tensor) -> Any:
    return x * torch.sigmoid(x)


def _softplus(_y: Tensor, x: Tensor, beta: float = 1, _threshold: float = 20) -> Any:
    return torch.log(1 + torch.exp(beta * x)) / beta


def _log_sigmoid(_y: Any, x: Tensor) -> Any:
    return torch.log(torch.sigmoid(x)), None


def _mean(y: Tensor, x: Tensor, dim: Any = None, keepdim: bool = False, **_dtype: Any) -> Any:
    total = x.sum() if dim is None or dim == [] else x.sum(dim, keepdim=keepdim)
    return total / (x.numel() // max(1, y.numel()))


def _variance(
    y: Tensor, x: Tensor, dim: Any = None, *, correction: Any = 1, keepdim: bool = False
) -> Any:
    over = list(range(x.ndim)) if dim is None or dim == [] else dim
    count = x.numel() // max(1, y.numel())
    d = x - x.mean(over, keepdim=True)
    return (d**2).sum(over, keepdim=keepdim) / (count - (1 if correction is None else correction))


def _deviation(
    y: Tensor, x: Tensor, dim: Any = None, *, correction: Any = 1, keepdim: bool = False
) -> Any:
    return torch.sqrt(_variance(y, x, dim, correction=correction, keepdim=keepdim))


def _norm(
    _y: Tensor, x: Tensor, order: float = 2, dim: Any = None, keepdim: bool = False, **_: Any
) -> Any:
    if order != 2:
        return None
    squares = x**2
    return torch.sqrt(squares.sum() if dim is None else squares.sum(dim, keepdim=keepdim))


def _layer_norm(_y: Any, x: Tensor, shape: Any, gain: Any, bias: Any, eps: float) -> Any:
    over = list(range(-len(shape), 0))
    centred = x - x.mean(over, keepdim=True)
    normal = centred / torch.sqrt((centred**2).mean(over, keepdim=True) + eps)
    scaled = normal if gain is None else normal * gain
    return (scaled if bias is None else scaled + bias), None, None


def _batch_norm(_y: Any, x: Tensor, gain: Any, bias: Any, *rest: Any) -> Any:
    eps = float(rest[-1])
    over = [i for i in range(x.ndim) if i != 1]
    shape = [1, -1] + [1] * (x.ndim - 2)
    centred = x - x.mean(over, keepdim=True)
    normal = centred / torch.sqrt((centred**2).mean(over, keepdim=True) + eps)
    scaled = normal if gain is None else normal * gain.reshape(shape)
    return (scaled if bias is None else scaled + bias.reshape(shape)), None, None


def _group_norm(_y: Any, x: Tensor, gain: Any, bias: Any, *rest: Any) -> Any:
    groups, eps = int(rest[3]), float(rest[4])
    shape = [1, -1] + [1] * (x.ndim - 2)
    parts = x.reshape(len(x), groups, -1)
    centred = parts - parts.mean(-1, keepdim=True)
    normal = (centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + eps)).reshape(x.shape)
    scaled = normal if gain is None else normal * gain.reshape(shape)
    return (scaled if bias is None else scaled + bias.reshape(shape)), None, None


def _attention(_y: Any, q: Tensor, k: Tensor, v: Tensor, *rest: Any, **keywords: Any) -> Any:
    causal = bool(rest[1]) if len(rest) > 1 else bool(keywords.get("is_causal", False))
    mask = keywords.get("attn_mask")
    scores = q @ k.transpose(-1, -2) * (keywords.get("scale") or 1 / math.sqrt(q.shape[-1]))
    if causal:
        keep = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        scores = scores.masked_fill(~keep, -math.inf)
    scores = scores if mask is None else scores + mask
    return torch.softmax(scores, -1) @ v, None


ALWAYS: dict[str, Parts] = {
    "addmm": _addmm,
    "baddbmm": _addmm,
    "addmv": _addmm,
    "native_dropout": _native_dropout,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
}
APART: dict[str, Parts] = {
    "_softmax": _softmax,
    "_log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
    "nll_loss_forward": _nll_loss,
    "mse_loss": _mse_loss,
    "smooth_l1_loss": _smooth_l1,
    "huber_loss": _huber,
    "binary_cross_entropy_with_logits": _bce_with_logits,
    "binary_cross_entropy": _binary_cross_entropy,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "log_sigmoid_forward": _log_sigmoid,
    "mean": _mean,
    "var": _variance,
    "std": _deviation,
    "linalg_vector_norm": _norm,
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": _batch_norm,
}
