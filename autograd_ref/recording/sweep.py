"""Reverse mode over a tape, with slips: wrong steps, each of them at places that it names."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.making import Together, made_at, together
from autograd_ref.recording.slips.sites import Edge, Other, SlipSite, edges
from autograd_ref.recording.slips.slip import AroundStep, Slip
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.tree.nest import Path

Wrong = tuple[Slip, ...]
"""The slips that are made together."""


class Swept(NamedTuple):
    """The results of a sweep, with a first axis: a row for each set of slips."""

    cotangents: dict[Ref, Tensor]
    """The derivative of the loss by every value."""
    gradients: dict[Path, Tensor]
    """By every parameter."""


class Planned(NamedTuple):
    """Where the slips of a sweep are made."""

    at_edges: dict[tuple[int, int], list[Together]]
    """By node and operand."""
    at_values: dict[Ref, list[Together]]


def swept(
    steps: Steps, wrong: Sequence[Wrong] = ((),), right: Mapping[Ref, Tensor] | None = None
) -> Swept:
    """Sweep back from the loss.

    Args:
        steps: of the tape.
        wrong: for each row the slips that are made in it.
        right: the cotangents without any slip, for those that need one not swept yet.
    """
    tape, rows = steps.tape, len(wrong)
    plan, others = _planned(tape, wrong), dict[tuple[int, int], tuple[Other, Ref | None]]()
    one = torch.ones_like(tape.value(tape.result))
    found: dict[Ref, Tensor] = {tape.result: one.expand(rows, *one.shape).clone()}
    for index in tape.needed:
        node = tape.nodes[index]
        outputs = [Ref(index, i) for i in range(len(node.values))]
        for ref in outputs:
            if ref in plan.at_values and ref in found:
                edge = Edge(index, None, ref.output)
                around = AroundStep(steps, edge, {}, found, right or {}, others)
                found[ref] = made_at(around, found[ref], plan.at_values[ref])
        if node.compute is None:
            continue
        given = {ref.output: found[ref] for ref in outputs if ref in found}
        back = steps[index].back(given)
        for place, exact in back.items():
            slips = plan.at_edges.get((index, place))
            around = AroundStep(steps, Edge(index, place), given, found, right or {}, others)
            contribution = made_at(around, exact, slips) if slips else exact
            operand = node.operands[place]
            found[operand] = found[operand] + contribution if operand in found else contribution
    gradients = {
        path: found.get(ref, tape.value(ref).new_zeros(rows, *tape.value(ref).shape))
        for path, ref in tape.parameters.items()
    }
    return Swept(found, gradients)


def _planned(tape: Tape, wrong: Sequence[Wrong]) -> Planned:
    at_places: dict[tuple[tuple[SlipSite, ...], str], list[tuple[int, Slip]]] = {}
    for row, slips in enumerate(wrong):
        for slip in slips:
            at_places.setdefault((slip.sites, slip.turns), []).append((row, slip))
    plan = Planned({}, {})
    for (sites, turns), slips in at_places.items():
        alike = together(slips)
        for edge in edges(tape, sites, turns):
            if edge.place is None:
                plan.at_values.setdefault(Ref(edge.node, edge.output), []).extend(alike)
            else:
                plan.at_edges.setdefault((edge.node, edge.place), []).extend(alike)
    return plan
