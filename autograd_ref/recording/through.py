"""The derivative of several operations of a tape, one after another: forwards and back."""

from collections.abc import Collection, Iterable, Mapping

from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.tape import Ref


def tangents(steps: Steps, along: Mapping[Ref, Tensor]) -> dict[Ref, Tensor]:
    """Return how far every value moves where parameters move.

    Args:
        steps: of the tape.
        along: how far each parameter moves, with a first axis for many directions at once.
    """
    found = forwards(steps, reversed(steps.tape.needed), along)
    return {ref: tangent for ref, tangent in found.items() if ref in steps.tape.moving}


def forwards(
    steps: Steps,
    nodes: Iterable[int],
    moved: Mapping[Ref, Tensor],
    ends: Collection[Ref] = (),
) -> dict[Ref, Tensor]:
    """Return how far the outputs of some operations move, where values move.

    Args:
        steps: of the tape.
        nodes: the operations, in their order.
        moved: how far values move, with a first axis for many at once.
        ends: values after which nothing is followed.
    """
    found = dict(moved)
    for index in nodes:
        node = steps.tape.nodes[index]
        operands = ((i, ref) for i, ref in enumerate(node.operands) if ref not in ends)
        given = {i: found[ref] for i, ref in operands if ref in found}
        if node.compute is None or not given:
            continue
        for output, tangent in enumerate(steps[index].forward(given)):
            if tangent is not None:
                found[Ref(index, output)] = tangent
    return found


def back(steps: Steps, nodes: Iterable[int], cotangents: Mapping[Ref, Tensor]) -> dict[Ref, Tensor]:
    """Return what comes back to the values before some operations.

    Args:
        steps: of the tape.
        nodes: the operations, the last one first.
        cotangents: of the values after them, with a first axis; nothing is added to these.
    """
    found = dict(cotangents)
    for index in nodes:
        node = steps.tape.nodes[index]
        outputs = (Ref(index, i) for i in range(len(node.values)))
        given = {ref.output: found[ref] for ref in outputs if ref in found}
        for place, rows in steps[index].back(given).items() if given else ():
            ref = node.operands[place]
            if ref not in cotangents:
                found[ref] = found[ref] + rows if ref in found else rows
    return found
