"""Wrong steps back from a split, a change of shape, a transposition: entries in another order."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

Made = Callable[[At, Tensor | None, Tensor | None], Tensor | None]

MOST_PARTS = 6
"""Parts of a split whose order is tried. Chosen: the gates of an LSTM are four."""


def order(node: Node, _place: int, x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield the orders in which the entries could come back."""
    parts = len(node.values)
    if parts > 1:
        yield from _of_parts(parts)
        return
    if node.site.operation in ("t", "transpose", "permute"):
        yield _rule(
            lambda c, x: c.reshape(x.shape), "is reshaped where it has to be transposed", 2.2
        )
        return
    for shape, forwards in ((x.shape, True), (y.shape, False)):
        long = [axis for axis, n in enumerate(shape) if n > 1]
        if 1 < len(long) <= 4:
            yield from (
                _of_shape(axes, len(shape), long, forwards)
                for axes in permutations(long)
                if list(axes) != long
            )


def _of_shape(axes: Sequence[int], ndim: int, long: Sequence[int], forwards: bool) -> Rule:
    """The axes of one shape in another order, where the other shape merges them."""
    full = list(range(ndim))
    for place, axis in zip(long, axes, strict=True):
        full[place] = axis
    back = [full.index(axis) for axis in range(ndim)]

    def of_operand(c: Tensor, x: Tensor) -> Tensor:
        return c.reshape([x.shape[axis] for axis in full]).permute(back)

    def of_result(c: Tensor, x: Tensor) -> Tensor:
        return c.permute(full).reshape(x.shape)

    said = f"is taken with the axes of {'{x}' if forwards else '{y}'} in the order {tuple(full)}"
    return _rule(of_operand if forwards else of_result, said, 2.3)


def _rule(change: Callable[[Tensor, Tensor], Tensor], said: str, rank: float) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        return change(at.c, at.x)

    return Rule("another order", made, f"what comes back to {{x}} {said}", rank, "keep the order")


def _of_parts(parts: int) -> Iterator[Rule]:
    """Yield two parts exchanged, and all of them turned round or moved on by one."""
    if parts > MOST_PARTS:
        return
    right = list(range(parts))
    orders = [right[::-1], [*right[1:], 0], [right[-1], *right[:-1]]]
    for one, two in combinations(right, 2):
        orders.insert(0, [two if i == one else one if i == two else i for i in right])
    for wrong in dict.fromkeys(map(tuple, orders)):
        yield Rule(
            "parts in another order",
            _exchanged(wrong),
            f"the parts come back in the order {tuple(i + 1 for i in wrong)}",
            2.1,
            "put them together in the order of the split",
        )


def _exchanged(order: Sequence[int]) -> Made:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        values = at.step.node.values
        rows = [at.given.get(i, torch.zeros_like(values[i])) for i in order]
        return at.step.back({i: row.unsqueeze(0) for i, row in enumerate(rows)})[at.place][0]

    return made
