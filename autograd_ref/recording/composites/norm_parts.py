"""Means, norms and what is divided by them, taken apart.

Each function gets the result of the operation and its arguments, and computes the result again from
simpler operations, which are recorded in its place.
"""

from typing import Any

import torch
from torch import Tensor


def mean(y: Tensor, x: Tensor, dim: Any = None, keepdim: bool = False, **_dtype: Any) -> Any:
    """A sum over a count."""
    total = x.sum() if dim is None or dim == [] else x.sum(dim, keepdim=keepdim)
    return total / (x.numel() // max(1, y.numel()))


def variance(
    y: Tensor, x: Tensor, dim: Any = None, *, correction: Any = 1, keepdim: bool = False
) -> Any:
    """A mean of squares."""
    over = list(range(x.ndim)) if dim is None or dim == [] else dim
    count = x.numel() // max(1, y.numel())
    d = x - x.mean(over, keepdim=True)
    return (d**2).sum(over, keepdim=keepdim) / (count - (1 if correction is None else correction))


def deviation(
    y: Tensor, x: Tensor, dim: Any = None, *, correction: Any = 1, keepdim: bool = False
) -> Any:
    """A root of a variance."""
    return torch.sqrt(variance(y, x, dim, correction=correction, keepdim=keepdim))


def norm(
    _y: Tensor, x: Tensor, order: float = 2, dim: Any = None, keepdim: bool = False, **_: Any
) -> Any:
    """A root of squares."""
    if order != 2:
        return None
    squares = x**2
    return torch.sqrt(squares.sum() if dim is None else squares.sum(dim, keepdim=keepdim))


def layer_norm(_y: Any, x: Tensor, shape: Any, gain: Any, bias: Any, eps: float) -> Any:
    """Rows that are centred and scaled."""
    over = list(range(-len(shape), 0))
    centred = x - x.mean(over, keepdim=True)
    normal = centred / torch.sqrt((centred**2).mean(over, keepdim=True) + eps)
    scaled = normal if gain is None else normal * gain
    return (scaled if bias is None else scaled + bias), None, None


def batch_norm(_y: Any, x: Tensor, gain: Any, bias: Any, *rest: Any) -> Any:
    """Columns that are centred and scaled."""
    eps = float(rest[-1])
    over = [i for i in range(x.ndim) if i != 1]
    shape = [1, -1] + [1] * (x.ndim - 2)
    centred = x - x.mean(over, keepdim=True)
    normal = centred / torch.sqrt((centred**2).mean(over, keepdim=True) + eps)
    scaled = normal if gain is None else normal * gain.reshape(shape)
    return (scaled if bias is None else scaled + bias.reshape(shape)), None, None


def group_norm(
    _y: Any,
    x: Tensor,
    gain: Any,
    bias: Any,
    n: int,
    channels: int,
    _area: int,
    groups: int,
    eps: float,
) -> Any:
    """Groups of channels that are centred and scaled."""
    shape = [1, channels] + [1] * (x.ndim - 2)
    rows = x.reshape(n, groups, -1)
    centred = rows - rows.mean(2, keepdim=True)
    normal = centred / torch.sqrt((centred**2).mean(2, keepdim=True) + eps)
    normal = normal.reshape(x.shape)
    scaled = normal if gain is None else normal * gain.reshape(shape)
    return (scaled if bias is None else scaled + bias.reshape(shape)), None, None


def distances(_y: Tensor, a: Tensor, b: Tensor, order: float, _how: Any) -> Any:
    """Euclidean distances of pairs."""
    if order != 2:
        return None
    return torch.sqrt(((a.unsqueeze(-2) - b.unsqueeze(-3)) ** 2).sum(-1))
