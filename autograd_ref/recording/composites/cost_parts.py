"""Losses, taken apart.

Each function gets the result of the operation and its arguments, and computes the result again from
simpler operations, which are recorded in its place.
"""

from typing import Any

import torch
from torch import Tensor

MEAN, SUM = 1, 2
"""PyTorch's numbers for the reductions of a loss; 0 is none."""


def nll_loss(
    _y: Any, x: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignore: int
) -> Any:
    """The negative log-likelihood."""
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


def mse_loss(_y: Tensor, x: Tensor, t: Tensor, reduction: int = MEAN) -> Any:
    """Mean squares."""
    return _reduced((x - t) ** 2, reduction)


def smooth_l1(_y: Tensor, x: Tensor, t: Tensor, reduction: int = MEAN, beta: float = 1.0) -> Any:
    """Squares near 0, distances beyond."""
    d = x - t
    small = d.abs() < beta
    return _reduced(torch.where(small, 0.5 * d**2 / (beta or 1.0), d.abs() - 0.5 * beta), reduction)


def huber(_y: Tensor, x: Tensor, t: Tensor, reduction: int = MEAN, delta: float = 1.0) -> Any:
    """Squares near 0, distances beyond."""
    d = x - t
    small = d.abs() <= delta
    return _reduced(torch.where(small, 0.5 * d**2, delta * (d.abs() - 0.5 * delta)), reduction)


def bce_with_logits(
    _y: Tensor,
    x: Tensor,
    t: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = MEAN,
) -> Any:
    """Cross-entropy of logits."""
    log_p = -torch.log1p(torch.exp(-x))
    log_q = -torch.log1p(torch.exp(x))
    ours = t * log_p if pos_weight is None else pos_weight * t * log_p
    each = -(ours + (1 - t) * log_q)
    return _reduced(each if weight is None else weight * each, reduction)


def binary_cross_entropy(
    _y: Tensor, p: Tensor, t: Tensor, weight: Tensor | None = None, reduction: int = MEAN
) -> Any:
    """Cross-entropy of probabilities."""
    each = -(t * torch.log(p) + (1 - t) * torch.log(1 - p))
    return _reduced(each if weight is None else weight * each, reduction)
