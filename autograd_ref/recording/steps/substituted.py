"""A record computed again with the caller's own quantities in the place of some of its own."""

from collections.abc import Callable, Collection
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.tape import Node, Ref, Tape, outputs_of
from autograd_ref.user_code import user_code

Substitute = Callable[[Ref, Tensor], Tensor | None]
"""The caller's own quantity in the place of a computed one; None where there is none."""


def nothing(_ref: Ref, _computed: Tensor) -> None:
    """Leave what was computed."""


class Recomputed(NamedTuple):
    """A record, computed again."""

    tape: Tape
    computed: dict[Ref, Tensor]
    """The values that were computed, before the caller's were put in their place."""


def forward(
    tape: Tape, substitute: Substitute = nothing, start: Collection[Ref] = ()
) -> Recomputed:
    """Compute a record again.

    Args:
        tape: the record.
        substitute: what stands in the place of a value.
        start: the values from which on everything is computed again, substituted or not.
    """
    nodes, different = list(tape.nodes), set(start)
    computed: dict[Ref, Tensor] = {}
    for index, node in enumerate(tape.nodes):
        values = node.values
        if node.compute is not None and any(operand in different for operand in node.operands):
            values = _again(nodes, node)
            different.update(Ref(index, i) for i in range(len(values)))
        kept = list(values)
        for i, value in enumerate(values):
            ref = Ref(index, i)
            computed[ref] = value
            own = substitute(ref, value)
            if own is not None:
                kept[i] = own
                different.add(ref)
        nodes[index] = node._replace(values=tuple(kept))
    return Recomputed(
        Tape(nodes, tape.parameters, tape.result, tape.names, tape.bindings), computed
    )


def _again(nodes: list[Node], node: Node) -> tuple[Tensor, ...]:
    assert node.compute is not None
    operands = [nodes[ref.node].values[ref.output] for ref in node.operands]
    with torch.no_grad(), user_code():  # the operations are theirs
        found = outputs_of(node.compute(*operands))
    return tuple(
        new if new.shape == old.shape else old for new, old in zip(found, node.values, strict=False)
    )


def backward(
    steps: Steps, wanted: Collection[Ref], substitute: Substitute = nothing
) -> dict[Ref, Tensor]:
    """Return the derivatives of the loss by some values, each before the caller's took its place.

    Args:
        steps: of the tape.
        wanted: the values.
        substitute: what stands in the place of a derivative, on the way back.
    """
    tape = steps.tape
    one = torch.ones_like(tape.value(tape.result))
    found: dict[Ref, Tensor] = {tape.result: one}
    computed: dict[Ref, Tensor] = {}
    for index in tape.needed:
        node = tape.nodes[index]
        outputs = [Ref(index, i) for i in range(len(node.values))]
        for ref in outputs:
            if ref in wanted:
                computed[ref] = found.get(ref, torch.zeros_like(tape.value(ref)))
                own = substitute(ref, computed[ref])
                if own is not None:
                    found[ref] = own
        given = {ref.output: found[ref].unsqueeze(0) for ref in outputs if ref in found}
        if node.compute is None or not given:
            continue
        with user_code():
            back = steps[index].back(given)
        for place, contribution in back.items():
            operand, more = node.operands[place], contribution[0]
            found[operand] = found[operand] + more if operand in found else more
    unused = {ref: torch.zeros_like(tape.value(ref)) for ref in wanted if ref not in computed}
    return {**computed, **{ref: found.get(ref, zero) for ref, zero in unused.items()}}
