"""Products, functions of entries and of rows, taken apart.

Each function gets the result of the operation and its arguments, and computes the result again from
simpler operations, which are recorded in its place.
"""

import math
from typing import Any

import torch
from torch import Tensor


def addmm(_y: Tensor, c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Any:
    """A product and a sum."""
    product = a @ b
    return (product if alpha == 1 else alpha * product) + (c if beta == 1 else beta * c)


def native_dropout(y: Any, x: Tensor, p: float, _train: bool | None = True) -> Any:
    """A mask and a scale."""
    mask = y[1]
    return x * (mask.to(x.dtype) / (1 - p)), mask


def softmax(_y: Tensor, x: Tensor, dim: int, _half: bool = False) -> Any:
    """Exponentials over their sum."""
    e = torch.exp(x - x.detach().amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def log_softmax(_y: Tensor, x: Tensor, dim: int, _half: bool = False) -> Any:
    """Logits without the logarithm of the sum of exponentials."""
    most = x.detach().amax(dim, keepdim=True)
    total = torch.exp(x - most).sum(dim, keepdim=True)
    return x - (torch.log(total) + most)


def logsumexp(y: Tensor, x: Tensor, dim: Any, keepdim: bool = False) -> Any:
    """The logarithm of a sum of exponentials."""
    most = x.detach().amax(dim, keepdim=True)
    total = torch.exp(x - most).sum(dim, keepdim=True)
    found = torch.log(total) + most
    return found if keepdim else found.reshape(y.shape)


def logcumsumexp(_y: Tensor, x: Tensor, dim: int) -> Any:
    """The logarithm of running sums of exponentials."""
    most = x.detach().amax(dim, keepdim=True)
    return torch.log(torch.exp(x - most).cumsum(dim)) + most


def solution(y: Any, a: Tensor, b: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """An inverse and a product; the check of errors is another operation."""
    del check_errors
    inverse = a.inverse()
    if b.shape != a.shape[:-1] or not left:
        return inverse @ b if left else b @ inverse
    return (inverse @ b[..., None]).reshape(y[0].shape)


def solution_by_cholesky(_y: Tensor, b: Tensor, factor: Tensor, upper: bool = False) -> Any:
    """The inverse of a matrix that is the product of a factor with its transpose."""
    return (factor.mT @ factor if upper else factor @ factor.mT).inverse() @ b


def mish(_y: Tensor, x: Tensor) -> Any:
    """A product with a tanh of softplus."""
    return x * torch.tanh(torch.log(1 + torch.exp(x)))


def glu(_y: Tensor, x: Tensor, dim: int = -1) -> Any:
    """Halves, one of them a gate."""
    one, two = x.chunk(2, dim)
    return one * torch.sigmoid(two)


def gelu(_y: Tensor, x: Tensor, *, approximate: str = "none") -> Any:
    """A product with the normal distribution."""
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * (0.5 * (1 + torch.erf(x / math.sqrt(2))))


def silu(_y: Tensor, x: Tensor) -> Any:
    """A product with a sigmoid."""
    return x * torch.sigmoid(x)


def softplus(_y: Tensor, x: Tensor, beta: float = 1, _threshold: float = 20) -> Any:
    """The logarithm of 1 + exp."""
    return torch.log(1 + torch.exp(beta * x)) / beta


def log_sigmoid(_y: Any, x: Tensor) -> Any:
    """The logarithm of a sigmoid."""
    return torch.log(torch.sigmoid(x)), None


def attention(_y: Any, q: Tensor, k: Tensor, v: Tensor, *rest: Any, **keywords: Any) -> Any:
    """Softmax of scores, times values."""
    causal = bool(rest[1]) if len(rest) > 1 else bool(keywords.get("is_causal", False))
    mask = keywords.get("attn_mask")
    scores = q @ k.transpose(-1, -2) * (keywords.get("scale") or 1 / math.sqrt(q.shape[-1]))
    if causal:
        keep = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril()
        scores = scores.masked_fill(~keep, -math.inf)
    scores = scores if mask is None else scores + mask
    return torch.softmax(scores, -1) @ v, None
