"""The part of a record between one derivative and those that it is computed from."""

from collections.abc import Mapping

import torch
from torch import Tensor

from autograd_ref.recording.frames import CodePlace
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.spots import GIVEN
from autograd_ref.recording.tape import Node, Ref, Site, Tape
from autograd_ref.tree.nest import Path


def between(
    tape: Tape, own: Mapping[Ref, Tensor], of: Mapping[Path, Ref], place: CodePlace
) -> Steps:
    """Return a record whose parameters are some values, and whose loss has the given derivatives.

    Every value with a derivative of its own is one that nothing goes back through: what uses it
    sees a constant, and the loss is the product of the value with its derivative.

    Args:
        tape: the whole record.
        own: the derivatives that the function under test has.
        of: the values whose derivatives are in question.
        place: where in the caller's code that is.
    """
    nodes: list[Node] = []
    seen_as: dict[Ref, Ref] = {}
    ends: list[tuple[Ref, Tensor]] = []
    names = dict(tape.names)
    cut = {*own, *of.values()}
    new_names: dict[Ref, str] = {}
    for index, node in enumerate(tape.nodes):
        here = len(nodes)
        nodes.append(node._replace(operands=tuple(seen_as[o] for o in node.operands)))
        for i, value in enumerate(node.values):
            old, new = Ref(index, i), Ref(here, i)
            seen_as[old] = new
            name = names.get(old)
            if name is not None:
                new_names[new] = name
            if old in own:
                ends.append((new, own[old]))
            elif old == tape.result:
                ends.append((new, torch.ones_like(value)))
            if old in cut:
                seen_as[old] = Ref(len(nodes))
                site = Site((), "given", 2 * index + i)
                at = node.place if node.place.function else place
                nodes.append(Node(site, 0, at, (), None, (value,), followed=False))
                if name is not None:
                    new_names[seen_as[old]] = name
    parameters = {path: seen_as[ref] for path, ref in of.items()}
    nodes.append(_loss(nodes, ends, place))
    others = dict(ends)
    return Steps(Tape(nodes, parameters, Ref(len(nodes) - 1), new_names), others)


def _loss(nodes: list[Node], ends: list[tuple[Ref, Tensor]], place: CodePlace) -> Node:
    derivatives = [derivative for _ref, derivative in ends]

    def compute(*values: Tensor) -> Tensor:
        return torch.stack([(v * d).sum() for v, d in zip(values, derivatives, strict=True)]).sum()

    operands = tuple(ref for ref, _derivative in ends)
    value = compute(*(nodes[ref.node].values[ref.output] for ref in operands))
    return Node(GIVEN, 0, place, operands, compute, (value,), followed=True)
