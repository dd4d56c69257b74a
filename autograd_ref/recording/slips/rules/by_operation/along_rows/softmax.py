"""Wrong derivatives of softmax, of its logarithm, and of the logarithm of a sum of exponentials."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.slips.telling.derivatives import SOFTMAX
from autograd_ref.recording.tape import Node

LOG_SOFTMAX = "use c - p * sum(c), with p the softmax of {x}, and c what comes back to {y}"
"""The derivative of the logarithm of a softmax."""

Derivative = Callable[[Tensor, Tensor], Tensor]
"""The contribution to x, from x and the cotangent."""


def _rule(name: SlipName, derivative: Derivative, said: str, rank: float, fix: str = "") -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        return derivative(at.x, at.c)

    return Rule(name, made, said, rank, fix)


def _dims(node: Node) -> tuple[int, ...]:
    """The axes that a node goes over."""
    assert isinstance(node.compute, Replay), "asked before"
    over = node.compute.args[1]
    n = node.compute.args[0].ndim
    return tuple(d % n for d in ([over] if isinstance(over, int) else over))


def _softmax(x: Tensor, over: tuple[int, ...]) -> Tensor:
    return torch.exp(x - torch.logsumexp(x, over, keepdim=True))


def _exp(x: Tensor, _over: tuple[int, ...]) -> Tensor:
    return torch.exp(x)


def _shifted_exp(x: Tensor, over: tuple[int, ...]) -> Tensor:
    return torch.exp(x - x.amax(over, keepdim=True))


def _hard(x: Tensor, over: tuple[int, ...]) -> Tensor:
    return (x == x.amax(over, keepdim=True)).to(x.dtype)


def _alike(x: Tensor, over: tuple[int, ...]) -> Tensor:
    count = 1
    for axis in over:
        count *= x.shape[axis]
    return torch.full_like(x, 1 / count)


Weights = Callable[[Tensor, tuple[int, ...]], Tensor]
"""A function of x and some axes that is taken for the softmax."""

WEIGHTS: tuple[tuple[SlipName, Weights, str, float], ...] = (
    ("not normalised", _exp, "its exponentials are not normalised", 2.2),
    ("not normalised", _shifted_exp, "its exponentials are not normalised", 2.3),
    ("a hard maximum", _hard, "the derivative of a hard maximum is taken", 2.6),
    ("equal weights", _alike, "its weights are taken to be equal", 2.5),
)
"""Formulas that people take for the softmax of x."""


def _other_axes(x: Tensor, over: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The axes that could be meant by mistake."""
    for axis in range(x.ndim):
        if (axis,) != over and x.shape[axis] > 1:
            yield (axis,)
    everything = tuple(range(x.ndim))
    if x.ndim > 1 and everything != over:
        yield everything


def _other_weights(
    x: Tensor, over: tuple[int, ...]
) -> Iterator[tuple[SlipName, Weights, str, float]]:
    """Yield the softmax normalised over other axes, also of rows that were shifted before."""
    for wrong in _other_axes(x, over):

        def other(x: Tensor, _over: tuple[int, ...], wrong: tuple[int, ...] = wrong) -> Tensor:
            return _softmax(x, wrong)

        def shifted(x: Tensor, over: tuple[int, ...], wrong: tuple[int, ...] = wrong) -> Tensor:
            e = _shifted_exp(x, over)
            return e / e.sum(wrong, keepdim=True)

        said = f"the softmax is normalised over {_axes(wrong)}"
        yield "the wrong axis", other, said, 2.0
        yield "the wrong axis", shifted, said, 2.05


def _axes(over: tuple[int, ...]) -> str:
    return "all axes" if len(over) > 1 else f"axis {sum(over)}"


def softmax(node: Node, _place: int, x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of softmax, p * (c - sum(c * p))."""
    over = _dims(node)

    def p(x: Tensor) -> Tensor:
        return _softmax(x, over)

    table: list[tuple[SlipName, Derivative, str, float]] = [
        ("sum left out", lambda x, c: p(x) * c, "the sum over {y} is left out of its derivative",
         2.0),
        ("sum without weights", lambda x, c: p(x) * (c - c.sum(over, keepdim=True)),
         "the sum in its derivative lacks the weights {y}", 2.0),
        ("sum without weights", lambda x, c: p(x) * (c - (c * (x > -torch.inf)).sum(
            over, keepdim=True)), "the sum in its derivative lacks the weights {y}", 2.0),
        ("mean for sum", lambda x, c: p(x) * (c - (c * p(x)).mean(over, keepdim=True)),
         "the sum in its derivative is a mean", 2.1),
        ("diagonal only", lambda x, c: p(x) * (1 - p(x)) * c,
         "only the diagonal of its derivative is taken, {y} * (1 - {y})", 1.9),
        ("a factor missing", lambda x, c: c - (c * p(x)).sum(over, keepdim=True),
         "the factor {y} before the bracket of its derivative is missing", 2.1),
        ("a sign", lambda x, c: p(x) * (c + (c * p(x)).sum(over, keepdim=True)),
         "the sum in its derivative has the wrong sign", 2.1),
        ("diagonal left out", lambda x, c: -p(x) * (c * p(x)).sum(over, keepdim=True),
         "only the sum of its derivative is taken", 2.4),
    ]  # fmt: skip
    for name, derivative, said, rank in table:
        yield _rule(name, derivative, said, rank, f"use {SOFTMAX}")
    for wrong in _other_axes(x, over):
        yield _rule(
            "the wrong axis",
            lambda x, c, wrong=wrong: p(x) * (c - (c * p(x)).sum(wrong, keepdim=True)),
            f"the sum in its derivative goes over {_axes(wrong)}",
            2.0,
            f"sum over {_axes(over)}",
        )
        yield _rule(
            "the wrong axis",
            lambda x, c, wrong=wrong: _jacobian(_softmax(x, wrong), c, wrong),
            f"the derivative of the softmax over {_axes(wrong)} is taken",
            2.1,
            f"normalise over {_axes(over)}",
        )
    for name, weights, said, rank in WEIGHTS[:2]:
        yield _rule(
            name, lambda x, c, w=weights: _jacobian(w(x, over), c, over), said, rank, "normalise"
        )


def _jacobian(p: Tensor, c: Tensor, over: tuple[int, ...]) -> Tensor:
    return p * (c - (c * p).sum(over, keepdim=True))


def log_softmax(node: Node, _place: int, x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of the logarithm of softmax, c - p * sum(c)."""
    over = _dims(node)

    def p(x: Tensor) -> Tensor:
        return _softmax(x, over)

    def right(x: Tensor, c: Tensor) -> Tensor:
        return c - p(x) * c.sum(over, keepdim=True)

    table: list[tuple[SlipName, Derivative, str, float]] = [
        ("derived twice", lambda x, c: _jacobian(p(x), right(x, c), over),
         "the derivative of softmax is applied once more", 2.0),
        ("derived twice", lambda x, c: right(x, c) * p(x) * (1 - p(x)),
         "the diagonal of softmax's derivative, p * (1 - p), is applied once more", 2.0),
        ("derived twice", lambda x, c: right(x, c) * p(x),
         "the softmax is applied once more", 2.3),
        ("target left out", lambda x, c: -p(x) * c.sum(over, keepdim=True),
         "the target is not subtracted from the softmax", 1.9),
        ("diagonal only", lambda x, c: c * (1 - p(x)),
         "only the diagonal of its derivative is taken", 2.0),
        ("sum left out", lambda x, c: c - p(x),
         "the softmax is not multiplied by the sum of what comes back", 2.1),
        ("a sign", lambda x, c: c + p(x) * c.sum(over, keepdim=True),
         "the softmax has the wrong sign", 2.2),
        ("sigmoid for softmax", lambda x, c: c - torch.sigmoid(x) * c.sum(over, keepdim=True),
         "a sigmoid stands where the softmax is due", 2.6),
        ("logarithm for softmax", lambda x, c: c - torch.log_softmax(x, over[0]) * c.sum(
            over, keepdim=True), "its output stands where its exponential is due", 2.2),
        ("logits for softmax", lambda x, c: c - x * c.sum(over, keepdim=True),
         "{x} stands where its softmax is due", 2.3),
    ]  # fmt: skip
    for name, derivative, said, rank in table:
        yield _rule(name, derivative, said, rank, LOG_SOFTMAX)
    for wrong in _other_axes(x, over):
        yield _rule(
            "the wrong axis",
            lambda x, c, wrong=wrong: c - p(x) * c.sum(wrong, keepdim=True),
            f"what comes back is summed over {_axes(wrong)}",
            2.1,
            f"sum over {_axes(over)}",
        )
        yield _rule(
            "the wrong axis",
            lambda x, c, wrong=wrong: c - _softmax(x, wrong) * c.sum(wrong, keepdim=True),
            f"the derivative of the softmax over {_axes(wrong)} is taken",
            2.2,
            f"normalise over {_axes(over)}",
        )
    for name, weights, said, rank in (*WEIGHTS, *_other_weights(x, over)):
        yield _rule(
            name,
            lambda x, c, w=weights: c - w(x, over) * c.sum(over, keepdim=True),
            said,
            rank,
            f"use the softmax over {_axes(over)}",
        )


def logsumexp(node: Node, _place: int, x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of the logarithm of a sum of exponentials, c * softmax."""
    over = _dims(node)

    def expanded(x: Tensor, c: Tensor) -> Tensor:
        for axis in sorted(over) if c.ndim < x.ndim else ():
            c = c.unsqueeze(axis)
        return c

    for name, weights, said, rank in (*WEIGHTS, *_other_weights(x, over)):
        yield _rule(
            name,
            lambda x, c, w=weights: expanded(x, c) * w(x, over),
            said,
            rank,
            f"use the softmax over {_axes(over)}",
        )
    yield _rule(
        "derived twice",
        lambda x, c: expanded(x, c) * _softmax(x, over) * (1 - _softmax(x, over)),
        "the softmax is differentiated once more",
        2.2,
        "use the softmax itself",
    )
