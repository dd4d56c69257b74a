"""Wrong steps that need nothing but the step itself: left out, passed on, of the wrong sign."""

from collections.abc import Callable

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule


def _zero(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    return torch.zeros_like(at.right)


def _passed_on(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.step is None:
        return None
    c = at.c
    if c.shape != at.x.shape:
        if c.ndim < at.x.ndim:
            return c.expand_as(at.x) if _broadcasts(c, at.x) else None
        reduced = _reduced(c, at.x)
        if reduced is None:
            return None
        c = reduced
    return c


def _broadcasts(small: Tensor, large: Tensor) -> bool:
    try:
        return torch.broadcast_shapes(small.shape, large.shape) == large.shape
    except RuntimeError:
        return False


def _reduced(large: Tensor, like: Tensor) -> Tensor | None:
    """A sum over the axes along which a tensor is broadcast."""
    return large.sum_to_size(like.shape) if _broadcasts(like, large) else None


def _transposed(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
        return None
    return at.right.transpose(-1, -2)


def _cotangent_transposed(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.step is None or at.c.ndim < 2 or at.c.shape[-1] != at.c.shape[-2]:
        return None
    return at.step.back({0: at.c.transpose(-1, -2).unsqueeze(0)})[at.place][0]


def _diagonal(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
        return None
    return torch.diag_embed(torch.diagonal(at.right, dim1=-2, dim2=-1))


def _triangle(upper: bool) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
            return None
        return at.right.triu() if upper else at.right.tril()

    return made


def _symmetrised(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
        return None
    return 0.5 * (at.right + at.right.transpose(-1, -2))


NOT_FOLLOWED = Rule(
    "a path not followed",
    _zero,
    "the path to {x} is not followed",
    1.0,
    fix="add what reaches the loss through it",
)

PATHS: tuple[Rule, ...] = (
    NOT_FOLLOWED,
    Rule(
        "a derivative left out",
        _passed_on,
        "the derivative by {x} is left out",
        1.5,
        fix="multiply by that derivative",
    ),
    Rule("transposed", _transposed, "what reaches {x} is transposed", 2.5, fix="transpose it"),
    Rule(
        "transposed",
        _cotangent_transposed,
        "what comes back to {y} is transposed",
        2.7,
        fix="transpose it back",
    ),
    Rule("diagonal only", _diagonal, "only the diagonal reaches {x}", 3.0, fix="keep all of it"),
    Rule("a triangle only", _triangle(False), "only the lower triangle reaches {x}", 3.3),
    Rule("a triangle only", _triangle(True), "only the upper triangle reaches {x}", 3.3),
    Rule("symmetrised", _symmetrised, "what reaches {x} is made symmetric", 3.4),
)
