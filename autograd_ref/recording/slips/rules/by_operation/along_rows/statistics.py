"""Statistics of rows that are taken along the wrong axis on the way back: norms, means, sums.

In x / s, where s is made of x along an axis, what reaches s is summed along that axis.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node, Ref, Tape

REDUCTIONS = frozenset("sum mean linalg_vector_norm amax amin var std logsumexp".split())
FARTHEST = 8
"""Operations between the statistic and where it is used. Chosen."""


def statistics(tape: Tape, index: int) -> Iterator[Rule]:
    """Yield the wrong axes at a reduction whose result is used beside its operand.

    Args:
        tape: the record.
        index: the reduction.
    """
    node = tape.nodes[index]
    if node.site.operation not in REDUCTIONS or not node.operands:
        return
    x, y = tape.value(node.operands[0]), node.values[0]
    if y.numel() == x.numel():
        return
    kept = _kept(x, y)
    if kept is None or not any(_partners(tape, index)):
        return
    gone = [axis for axis in range(x.ndim) if x.shape[axis] > kept[axis]]
    fix = f"sum over {'axis ' + str(*gone) if len(gone) == 1 else 'the axes of the loss'} of {{x}}"
    yield _rule(None, fix, by_output=False)
    for axis in range(x.ndim):
        if kept[axis] > 1:
            for by_output in (False, True):
                yield _rule(axis, fix, by_output=by_output)


def _rule(axis: int | None, fix: str, *, by_output: bool) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        return _summed_along(at, axis, by_output)

    if axis is None:
        said = "what comes back to {y} is not summed over its row: each entry has its own share"
        return Rule("sum left out", made, said, 2.1, fix)
    return Rule(
        "the wrong axis",
        made,
        f"what comes back to {{y}} is summed over axis {axis} of {{x}}",
        2.1,
        fix,
    )


def _summed_along(at: At, axis: int | None, by_output: bool) -> Tensor | None:
    """The contribution to the operand where uses of the statistic are summed over another axis.

    Args:
        at: the step back from the reduction.
        axis: the axis; None for no sum.
        by_output: True to derive a quotient by its result: c * y / s, with the sum over c * y.
    """
    assert at.step is not None
    tape, index = at.steps.tape, _index(at)
    shape = _kept(at.x, at.y)
    if shape is None:
        return None
    each = at.step.back({0: torch.ones_like(at.y).unsqueeze(0)})[at.place][0]
    total = torch.zeros_like(at.x)
    for use, place in _partners(tape, index):
        c = at.cotangent(Ref(use))
        if c is None:
            return None
        full, chain = _spread(at, use, place, c)
        quotient = tape.nodes[use].site.operation == "div"
        outside = tape.value(tape.nodes[use].operands[1]) if quotient and by_output else None
        if by_output and outside is None:
            return None
        inner = full if outside is None else full * outside
        summed = inner if axis is None else inner.sum(axis, keepdim=True).expand_as(at.x)
        summed = summed if outside is None else summed / outside
        total = total + each * chain.reshape(shape) * summed
    return total


def _index(at: At) -> int:
    assert at.step is not None
    return at.steps.tape.turns[at.step.node.site][at.step.node.turn]


def _spread(at: At, use: int, place: int, c: Tensor) -> tuple[Tensor, Tensor]:
    """The contribution to each entry of a use of the statistic, and the derivative in between."""
    tape = at.steps.tape
    node = tape.nodes[use]
    full = at.steps[use].at(
        [
            tape.value(ref).expand_as(node.values[0]).contiguous()
            if i == place
            else tape.value(ref)
            for i, ref in enumerate(node.operands)
        ]
    )
    found = full.back({0: c.unsqueeze(0)})[place][0]
    ref = node.operands[place]
    if tape.nodes[ref.node].site.operation == "expand":
        ref = tape.nodes[ref.node].operands[0]
    chain = torch.ones_like(tape.value(ref)).unsqueeze(0)
    while ref.node != _index(at):
        step = at.steps[ref.node]
        (ref_next, chain) = _back_one(tape, step.back({ref.output: chain}), ref.node)
        ref = ref_next
    return found, chain[0]


def _back_one(tape: Tape, back: dict[int, Tensor], index: int) -> tuple[Ref, Tensor]:
    ((place, chain),) = back.items()
    return tape.nodes[index].operands[place], chain


def _partners(tape: Tape, index: int) -> Iterator[tuple[int, int]]:
    """Yield where the statistic, or what is made of it alone, meets an array of the full shape."""
    shape = tape.value(tape.nodes[index].operands[0]).shape
    reached = [(Ref(index), 0)]
    while reached:
        ref, steps = reached.pop()
        for use in dict.fromkeys(tape.uses.get(ref, ())):
            node = tape.nodes[use]
            place = node.operands.index(ref)
            if node.site.operation == "expand":
                for further in dict.fromkeys(tape.uses[Ref(use)]):
                    if tape.nodes[further].values[0].shape == shape:
                        yield further, tape.nodes[further].operands.index(Ref(use))
            elif node.values[0].shape == shape and tape.value(ref).numel() < node.values[0].numel():
                yield use, place
            elif _alone(tape, node, ref) and steps < FARTHEST:
                reached.append((Ref(use), steps + 1))


def _alone(tape: Tape, node: Node, ref: Ref) -> bool:
    same = node.values[0].numel() == tape.value(ref).numel()
    return same and sum(operand in tape.moving for operand in node.operands) == 1


def _kept(x: Tensor, y: Tensor) -> Sequence[int] | None:
    """The shape of x with 1 at the axes that a reduction to y went over."""
    if y.ndim == x.ndim:
        return (
            list(y.shape)
            if all(b in (1, a) for a, b in zip(x.shape, y.shape, strict=True))
            else None
        )
    gone = [
        axis
        for axis in range(x.ndim)
        if [n for i, n in enumerate(x.shape) if i != axis] == list(y.shape)
    ]
    return None if len(gone) != 1 else [1 if i == gone[0] else n for i, n in enumerate(x.shape)]
