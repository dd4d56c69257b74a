"""Wrong steps that use another value: in the place of an operand, as a factor, as a cotangent."""

from collections.abc import Callable

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule

Made = Callable[[At, Tensor | None, Tensor | None], Tensor | None]


def operand(place: int) -> Rule:
    """Return the rule that the derivative is taken with another value as an operand."""

    def made(at: At, other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        if at.step is None or other is None or place >= len(at.step.operands):
            return None
        if at.step.operands[place].shape != other.shape:
            return None
        step = at.step.with_operand(place, other)
        return step.back({0: at.c.unsqueeze(0)})[at.place][0]

    return Rule(
        "another value used",
        made,
        f"the derivative by {{x}} is taken with {{other}} in the place of {{operand{place}}}",
        2.0,
        fix="use the value that stands in the loss",
    )


def operand_transposed(place: int) -> Rule:
    """Return the rule that the derivative is taken with an operand transposed."""

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        if at.step is None or place >= len(at.step.operands):
            return None
        x = at.step.operands[place]
        if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
            return None
        step = at.step.with_operand(place, x.transpose(-1, -2).contiguous())
        return step.back({0: at.c.unsqueeze(0)})[at.place][0]

    return Rule(
        "transposed",
        made,
        f"{{operand{place}}} is transposed on the way back to {{x}}",
        1.9,
        fix="transpose it",
    )


def _times(at: At, other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    return None if other is None or not _fits(other, at.right) else at.right * other


def _divided(at: At, other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    return None if other is None or not _fits(other, at.right) else at.right / other


def _cotangent(at: At, _other: Tensor | None, c: Tensor | None) -> Tensor | None:
    if c is None:
        return None
    if at.step is None:
        return c if c.shape == at.x.shape else None
    if c.shape != at.y.shape:
        return None
    return at.step.back({0: c.unsqueeze(0)})[at.place][0]


def _fits(other: Tensor, x: Tensor) -> bool:
    try:
        return torch.broadcast_shapes(other.shape, x.shape) == x.shape
    except RuntimeError:
        return False


TIMES = Rule(
    "a further factor",
    _times,
    "what reaches {x} is multiplied by {other}",
    3.5,
    fix="leave that factor out",
)
DIVIDED = Rule(
    "a factor missing",
    _divided,
    "the factor {other} is missing in what reaches {x}",
    1.7,
    fix="multiply by it",
)
ANOTHERS = Rule(
    "another's derivative used",
    _cotangent,
    "the derivative by {other} is used where that by {y} is due",
    2.4,
    fix="use the derivative by the value that stands there",
)
