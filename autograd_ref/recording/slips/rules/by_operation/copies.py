"""Entries tiled where they are repeated, or repeated where they are tiled, on the way back."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

if TYPE_CHECKING:
    from autograd_ref.recording.slips.slip_names import SlipName

Axes = Sequence[tuple[int, int]]
"""Axes, each with the number of pieces that it is cut into."""


def copies(node: Node, _place: int, x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield the other order in which what comes back may be spread, or gathered.

    Args:
        node: a pooling, an enlargement or a repetition.
        x: the operand.
        y: the output.
    """
    operation, longer = node.site.operation, max(x, y, key=Tensor.numel)
    if x.ndim != y.ndim or x.numel() == y.numel():
        return
    pairs = [sorted((a, b)) for a, b in zip(x.shape, y.shape, strict=True)]
    if any(short == 0 or long % short for short, long in pairs):
        return
    axes = [(i, short, long // short) for i, (short, long) in enumerate(pairs) if short < long]
    apart = " x ".join(str(n) for _i, n, _k in axes)
    beside = " x ".join(str(k) for _i, _n, k in axes)
    if longer is x:
        said = (
            f"what comes back for a window of {{x}} goes to entries {apart} apart, not to the"
            f" {beside} beside each other: it is tiled, not repeated"
        )
        fix = "spread it over its own window: np.repeat for np.tile"
        yield _rule(said, fix, [(i, n) for i, n, _k in axes], after=True)
    elif operation == "repeat":
        said = (
            f"what comes back is summed over {beside} entries beside each other, not over those"
            f" {apart} apart, at which an entry of {{x}} is tiled"
        )
        fix = "sum over the copies: np.tile puts them one after another"
        yield _rule(said, fix, [(i, n) for i, n, _k in axes])
    else:
        said = (
            f"what comes back is summed over entries {apart} apart, not over the {beside} beside"
            " each other, over which an entry of {x} is repeated"
        )
        fix = "sum over what lies beside each other: np.repeat puts it there"
        yield _rule(said, fix, [(i, k) for i, _n, k in axes])


def _rule(said: str, fix: str, axes: Axes, *, after: bool = False) -> Rule:
    name: SlipName = "tiled for repeated" if after else "the wrong copies summed"
    return Rule(name, partial(_made, axes, after), said, 2.1, fix)


def _made(
    axes: Axes, after: bool, at: At, _other: Tensor | None, _c: Tensor | None
) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    if after:
        return _other_order(at.right, axes)
    return at.step.back({0: _other_order(at.c, axes).unsqueeze(0)})[at.place][0]


def _other_order(x: Tensor, axes: Axes) -> Tensor:
    """Entries of pieces in turn: the first of each, then the second."""
    for axis, pieces in axes:
        cut = x.reshape(*x.shape[:axis], pieces, -1, *x.shape[axis + 1 :])
        x = cut.transpose(axis, axis + 1).reshape(x.shape)
    return x
