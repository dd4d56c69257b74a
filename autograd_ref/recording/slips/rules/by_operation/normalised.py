"""Rows that are normalised by a statistic of their own, derived along the wrong axis as a whole.

The derivative of n = (x - mean(x)) / s is (c - mean(c) - n * mean(c * n)) / s, with both means
along the axis of the statistic.
"""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Ref, Tape


class _Normalised(NamedTuple):
    """Where a value is normalised."""

    node: int
    """The quotient."""
    centred: bool


def normalised(tape: Tape, ref: Ref) -> Iterator[Rule]:
    """Yield the derivatives along the wrong axes, in all that reaches a value.

    Args:
        tape: the record.
        ref: the value.
    """
    found = _found(tape, ref)
    if found is None:
        return
    x, n = tape.value(ref), tape.nodes[found.node].values[0]
    over, place = _axes(tape, found), str(tape.nodes[found.node].place)
    for axis in range(n.ndim):
        if (axis,) != over and over and x.shape[axis] > 1:
            for summed in (False, True):
                yield _rule(axis, over, summed=summed)._replace(where=place)


def _rule(axis: int, over: tuple[int, ...], *, summed: bool) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        tape = at.steps.tape
        found = _found(tape, at.ref)
        c = None if found is None else at.cotangent(Ref(found.node))
        if found is None or c is None:
            return None
        node = tape.nodes[found.node]
        n, s = node.values[0], tape.value(node.operands[1])

        def along(axes: tuple[int, ...]) -> Tensor:
            inner = c * n
            count = 1.0
            if summed:
                for one in axes:
                    count *= n.shape[one]
            back = c - n * inner.mean(axes, keepdim=True) * count
            return (back - c.mean(axes, keepdim=True) if found.centred else back) / s

        return at.right - along(over) + along((axis,))

    means = "sums" if summed else "means"
    return Rule(
        "the wrong axis",
        made,
        f"the {means} by which {{x}} is normalised are derived along axis {axis}",
        2.1,
        f"take the {means} along axis {over[0]}",
    )


def _found(tape: Tape, ref: Ref) -> _Normalised | None:
    for use in tape.uses.get(ref, ()):
        node = tape.nodes[use]
        if node.site.operation == "div" and _by_statistic(tape, use, ref):
            return _Normalised(use, centred=False)
        if node.site.operation == "sub" and node.operands[0] == ref:
            for further in tape.uses.get(Ref(use), ()):
                if tape.nodes[further].site.operation == "div" and _by_statistic(
                    tape, further, Ref(use)
                ):
                    return _Normalised(further, centred=True)
    return None


def _by_statistic(tape: Tape, node: int, ref: Ref) -> bool:
    """Return whether a quotient is that of a value and of fewer numbers made of it."""
    operands = tape.nodes[node].operands
    if len(operands) < 2 or operands[0] != ref or operands[1] not in tape.moving:
        return False
    fewer = tape.value(operands[1]).numel() < tape.value(ref).numel()
    return fewer and tape.nodes[node].values[0].shape == tape.value(ref).shape


def _axes(tape: Tape, found: _Normalised) -> tuple[int, ...]:
    """The axes that the statistic goes over."""
    node = tape.nodes[found.node]
    n, s = node.values[0], tape.value(node.operands[1])
    shape = [1] * (n.ndim - s.ndim) + list(s.shape)
    return tuple(i for i, (a, b) in enumerate(zip(n.shape, shape, strict=True)) if a > b)
