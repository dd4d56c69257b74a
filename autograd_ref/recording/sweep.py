"""Reverse mode over a tape, with slips: wrong steps, each of them at places that it names."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.slip import AroundStep, Edge, Slip
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

    at_edges: dict[tuple[int, int], list[tuple[int, Slip]]]
    """By node and operand: the row, and the slip."""
    at_values: dict[Ref, list[tuple[int, Slip]]]


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
    plan = _planned(tape, wrong)
    one = torch.ones_like(tape.value(tape.result))
    found: dict[Ref, Tensor] = {tape.result: one.expand(rows, *one.shape).clone()}
    for index in tape.needed:
        node = tape.nodes[index]
        outputs = [Ref(index, i) for i in range(len(node.values))]
        for ref in outputs:
            if ref in plan.at_values and ref in found:
                found[ref] = _corrected(steps, ref, found, right, plan.at_values[ref])
        if node.compute is None:
            continue
        given = {ref.output: found[ref] for ref in outputs if ref in found}
        back = steps[index].back(given)
        for place, exact in back.items():
            slips = plan.at_edges.get((index, place))
            around = AroundStep(steps, Edge(index, place), given, found, right or {})
            contribution = _with_slips(around, exact, slips) if slips else exact
            operand = node.operands[place]
            found[operand] = found[operand] + contribution if operand in found else contribution
    gradients = {
        path: found.get(ref, tape.value(ref).new_zeros(rows, *tape.value(ref).shape))
        for path, ref in tape.parameters.items()
    }
    return Swept(found, gradients)


def _planned(tape: Tape, wrong: Sequence[Wrong]) -> Planned:
    plan = Planned({}, {})
    for row, slips in enumerate(wrong):
        for slip in slips:
            for edge in slip.edges(tape):
                if edge.place is None:
                    plan.at_values.setdefault(Ref(edge.node, edge.output), []).append((row, slip))
                else:
                    plan.at_edges.setdefault((edge.node, edge.place), []).append((row, slip))
    return plan


def _with_slips(around: AroundStep, right: Tensor, slips: Sequence[tuple[int, Slip]]) -> Tensor:
    rows = list(right)
    for row, slip in slips:
        made = slip.made(around.row(row, rows[row]))
        rows[row] = rows[row] if made is None else made
    return torch.stack(rows)


def _corrected(
    steps: Steps,
    ref: Ref,
    found: Mapping[Ref, Tensor],
    right: Mapping[Ref, Tensor] | None,
    slips: Sequence[tuple[int, Slip]],
) -> Tensor:
    around = AroundStep(steps, Edge(ref.node, None, ref.output), {}, found, right or {})
    return _with_slips(around, found[ref], slips)
