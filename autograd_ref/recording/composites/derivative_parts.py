"""Backward passes of fused operations, taken apart: second derivatives go through them.

Each function gets the result of the operation and its arguments, and computes the result again from
simpler operations, which are recorded in its place.
"""

from typing import Any

import torch
from torch import Tensor

from autograd_ref.recording.composites.cost_parts import MEAN


def log_softmax(_y: Tensor, upstream: Tensor, y: Tensor, dim: int, _dtype: Any = None) -> Any:
    """The upstream gradient less its sum, times the probabilities."""
    return upstream - torch.exp(y) * upstream.sum(dim, keepdim=True)


def softmax(_y: Tensor, upstream: Tensor, y: Tensor, dim: int, _dtype: Any = None) -> Any:
    """The upstream gradient less its mean by the probabilities, times these."""
    return y * (upstream - (upstream * y).sum(dim, keepdim=True))


def nll_loss(
    _y: Tensor,
    upstream: Tensor,
    x: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: int,
    ignore: int,
    _total: Tensor,
) -> Any:
    """The upstream gradient in the places of the targets, with the other sign."""
    keep = target != ignore
    index = torch.where(keep, target, torch.zeros_like(target))
    weights = keep.to(x.dtype) if weight is None else weight[index] * keep
    each = weights / weights.sum() if reduction == MEAN else weights
    places = torch.zeros_like(x).scatter(-1, index.unsqueeze(-1), -each.unsqueeze(-1))
    return places * (upstream.unsqueeze(-1) if reduction == 0 and x.ndim == 2 else upstream)


def softplus(_y: Tensor, upstream: Tensor, x: Tensor, beta: float, _threshold: float) -> Any:
    """The upstream gradient times the sigmoid."""
    return upstream * torch.sigmoid(x if beta == 1 else beta * x)


def log_sigmoid(_y: Tensor, upstream: Tensor, x: Tensor, _buffer: Tensor) -> Any:
    """The upstream gradient times the sigmoid of the opposite."""
    return upstream * torch.sigmoid(-x)
