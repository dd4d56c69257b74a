"""Other operands in a loss: of the other sign, transposed, exchanged, another value's."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.slips.otherwise.change import (
    AtOperation,
    Change,
    Compute,
    Made,
    on_operand,
)
from autograd_ref.recording.slips.sites import Other, found_on
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Node, Ref, Tape

ONE_SIDED = frozenset("sub rsub div mm bmm pow matmul atan2 dot".split())
"""Operations whose operands have an order."""


def operands(at: AtOperation) -> Iterator[Change]:
    """Yield what may be otherwise about the operands of an operation."""
    for place, x in at.operands:
        yield _on(at, place, "a sign in the loss", "has the other sign", 2.2, Tensor.neg)
        if x.ndim >= 2 and x.shape[-1] == x.shape[-2]:
            yield _on(at, place, "transposed in the loss", "is transposed", 2.15, _transposed)
        if at.site.operation == "convolution" and place == 1:
            yield _on(at, place, "a flipped kernel", "is flipped", 2.1, _flipped)
        if not x.is_complex() and at.site.operation not in ("exp", "log"):
            yield from _others(at, place, x)
    for place, ref in enumerate(at.node.operands):
        x = at.tape.value(ref)
        if x.ndim and x.shape[0] > 1 and ref not in at.tape.moving:
            for by, so in ((1, "the one before"), (-1, "the next")):
                said = f"is shifted by one: {so} stands at each place"
                yield _on(at, place, "shifted by one in the loss", said, 2.8, _rolled(by))
    if "loss" in at.site.operation or "cross_entropy" in at.site.operation:
        for place, x in at.operands:
            if at.node.operands[place] not in at.tape.moving and x.shape == at.operands[0][1].shape:
                said = "is left out: it is taken to be 0"
                yield _on(at, place, "the target left out", said, 1.9, torch.zeros_like)
    if at.site.operation in ONE_SIDED and len(at.node.operands) == 2:
        said = "{operand0} and {operand1} are exchanged"
        yield at.of_operands("operands exchanged in the loss", said, 2.2, lambda o: o[::-1])


def data(at: AtOperation) -> Iterator[Change]:
    """Yield what may stand for an array of the data, everywhere."""
    x = at.node.values[0]
    if at.node.compute is not None or Ref(at.number) in at.tape.moving or not x.is_floating_point():
        return
    for number, said in (
        (1.0, "{y} is left out: 1 stands for it"),
        (0.0, "{y} is left out: 0 stands for it"),
    ):

        def constant(tape: Tape, index: int, number: float = number) -> Node:
            node = tape.nodes[index]
            return node._replace(compute=lambda: torch.full_like(node.values[0], number))

        rank = 2.05 if Ref(at.number) in at.tape.names else 2.4
        yield Change("data left out of the loss", said, rank, ((at.site, constant),))
    if bool(((x == 0) | (x == 1)).all()) and 0 < float(x.sum()) < x.numel():
        made = ((at.site, _opposite),)
        yield Change("a mask of the others", "1 - {y} stands for {y}", 2.05, made)


def _opposite(tape: Tape, index: int) -> Node:
    """The mask of what another mask leaves out."""
    node = tape.nodes[index]
    return node._replace(compute=lambda: 1 - node.values[0])


def _on(
    at: AtOperation,
    place: int,
    name: SlipName,
    said: str,
    rank: float,
    what: Callable[[Tensor], Tensor],
) -> Change:
    def how(node: Node) -> Compute:
        return on_operand(node, place, what)

    return at.computed(name, f"{{operand{place}}} {said}", rank, how)


def _transposed(x: Tensor) -> Tensor:
    return x.transpose(-1, -2)


def _flipped(x: Tensor) -> Tensor:
    return x.flip(*range(2, x.ndim))


def _rolled(by: int) -> Callable[[Tensor], Tensor]:
    return lambda x: x.roll(by, 0)


def _others(at: AtOperation, place: int, x: Tensor) -> Iterator[Change]:
    """Yield the changes that another value of the same shape stands there."""
    tape, node = at.tape, at.node
    turns = len(tape.turns[at.site])
    seen = [x]
    for site, nodes in tape.turns.items():
        if len(nodes) not in (1, turns) or nodes[0] >= at.number:
            continue
        for output in range(len(tape.nodes[nodes[0]].values)):
            other = Other(site, output)
            ref = found_on(tape, other, at.number)
            if ref is None or ref.node >= at.number or ref in node.operands:
                continue
            value = tape.value(ref)
            if value.shape != x.shape or value.dtype != x.dtype:
                continue
            if any(value.data_ptr() == one.data_ptr() or value.equal(one) for one in seen):
                continue
            seen.append(value)
            near = node.operands[place] in tape.nodes[ref.node].operands or ref in (
                tape.nodes[node.operands[place].node].operands
            )
            said = f"{{value[{ref.node}][{ref.output}]}} stands for {{operand{place}}}"
            made = ((at.site, instead(place, other)),)
            yield Change("another value in the loss", said, 2.3 if near else 2.7, made)


def instead(place: int, other: Other) -> Made:
    """Return the change that another value is an operand.

    Args:
        place: the number of the operand.
        other: the value.
    """

    def made(tape: Tape, index: int) -> Node | None:
        ref = found_on(tape, other, index)
        if ref is None or (ref.node >= index and tape.nodes[ref.node].compute is not None):
            return None
        node = tape.nodes[index]
        refs = [ref if i == place else r for i, r in enumerate(node.operands)]
        return node._replace(operands=tuple(refs))

    return made
