"""Wrong derivatives of running sums, and of the logarithms of running sums of exponentials.

What comes back is summed from the other end: a place counts in its own sum and in all later ones.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Node

Sum = Callable[[Tensor, int], Tensor]
"""The derivative by the places of an axis, from that by the sums."""

FIX = "a place counts in its own sum and in all later ones"


def _back(c: Tensor, axis: int) -> Tensor:
    return c.flip(axis).cumsum(axis).flip(axis)


SUMS: tuple[tuple[SlipName, Sum, str], ...] = (
    ("the place alone", lambda c, _axis: c, "only to its own place"),
    ("the wrong end", lambda c, axis: c.cumsum(axis), "to its own place and all later ones"),
    ("the place left out", lambda c, axis: _back(c, axis) - c, "to the places before, not its own"),
    (
        "all places",
        lambda c, axis: c.sum(axis, keepdim=True).expand_as(c),
        "to all places, before and after",
    ),
)
"""Where people send what comes back to a place: it belongs to its own place and all before."""


def cumsum(node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of a running sum."""
    axis = int(node.numbers[0])
    for name, send, said in SUMS:
        yield _rule(name, said, lambda at, send=send: send(at.c, axis))


def logcumsumexp(node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of the logarithm of a running sum of exponentials."""
    axis = int(node.numbers[0])
    for name, send, said in SUMS:
        yield _rule(name, said, lambda at, send=send: at.x.exp() * send(at.c * (-at.y).exp(), axis))
    said = "to the places before alone, by their shares of a sum in which its own place is missing"
    yield _rule("the place left out", said, lambda at: _share_of_earlier(at, axis))
    said = "in equal shares to the places of its sum, not in proportion to their exponentials"
    by = "give each place its exponential over the sum of them"
    yield _rule("equal weights", said, lambda at: _back(at.c / _counts(at), axis), by)
    said = "without the exponential of each place"
    yield _rule("equal weights", said, lambda at: _back(at.c / at.y.exp(), axis))
    said = "without the division by the sum"
    yield _rule("not normalised", said, lambda at: at.x.exp() * _back(at.c, axis))


def _counts(at: At) -> Tensor:
    assert at.step is not None, "made at steps only"
    return torch.ones_like(at.c).cumsum(int(at.step.node.numbers[0]))


def _share_of_earlier(at: At, axis: int) -> Tensor:
    e = at.x.exp()
    before = e.cumsum(axis) - e
    share = torch.where(before > 1e-12 * e, at.c / before, torch.zeros_like(before))
    return e * (_back(share, axis) - share)


def _rule(name: SlipName, said: str, derivative: Callable[[At], Tensor], fix: str = FIX) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        return derivative(at)

    return Rule(name, made, f"what comes back to a place of {{y}} goes {said}", 1.9, fix)
