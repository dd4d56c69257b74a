"""The search for the slips that make a gradient what it is.

A slip changes what reaches one value by some amount, and the gradient by what follows from it.
Along a direction of the parameters that is the amount times how far the value moves: so how far
values move, along a few directions in each block, tells of every slip what it would do, by one
product.
Only those that would do what is seen are swept.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.slips.finding.candidates import rules_at
from autograd_ref.recording.slips.finding.seen import Seen
from autograd_ref.recording.slips.making import made_at, together
from autograd_ref.recording.slips.rules.amounts import amounts, factor
from autograd_ref.recording.slips.sites import Edge
from autograd_ref.recording.slips.slip import AroundStep, Slip
from autograd_ref.recording.slips.spots import Spot, is_chained, spots
from autograd_ref.recording.tape import Ref, as_real
from autograd_ref.reference.effort.budget import AT_ONCE

Array = NDArray[np.float64]

CLOSE = 1e-8
"""How far such a number may be off, relative to its terms; what is close is swept. Chosen."""


class Scored(NamedTuple):
    """Every slip that was tried, with what it would change."""

    slips: list[Slip]
    effects: Array
    scales: Array
    """The size of the terms of each effect."""


class Trace(NamedTuple):
    """A step back in a sweep, and the value that it leads to."""

    around: AroundStep
    right: Tensor
    to: Ref


def all_scored(seen: Seen, known: Scored) -> Scored:
    """Return what each slip would change, those too that may explain only some wrong blocks.

    Args:
        seen: what is to be explained.
        known: those that may explain all.
    """
    more = scored(seen, of_some=True)
    return Scored(
        known.slips + more.slips,
        np.concatenate([known.effects, more.effects]),
        np.concatenate([known.scales, more.scales]),
    )


def scored(seen: Seen, *, of_some: bool = False) -> Scored:
    """Return what each slip would change.

    Turns of a loop that depend on each other change what reaches each other: such slips are swept
    (`turns`).

    Args:
        seen: what is to be explained.
        of_some: True for slips that may explain only some of the wrong blocks.
    """
    tape = seen.steps.tape
    slips: list[Slip] = []
    effects: list[Tensor] = []
    scales: list[Tensor] = []
    factors = [(amount, factor(amount)) for amount in amounts(tape)]
    without_right = [amount.value - 1 for amount, _rule in factors]
    more = torch.tensor(without_right, dtype=torch.float64, device="cpu")
    of_all = {spot.key for spot in spots(tape, seen.wrong)} if of_some else ()
    found = [
        spot
        for spot in spots(tape, seen.wrong, of_some=of_some)
        if spot.key not in of_all and not is_chained(tape, spot)
    ]
    for spot in seen.budget.each("places", found):
        traces = _traces(seen, spot)
        if not traces:
            continue
        most = max(1, AT_ONCE // max(1, 8 * sum(trace.right.numel() for trace in traces)))
        for number, some in enumerate(batched(rules_at(seen.others, spot), most)):
            effect, scale = _effects(seen, traces, _changes(some, traces))
            if spot.only is None and number == 0:
                slips += [Slip(rule, spot.at(), None, spot.turns) for _amount, rule in factors]
                effects.append(more[:, None] * effect[0])
                scales.append(more.abs()[:, None] * scale[0])
            effects.append(effect[1:])
            scales.append(scale[1:])
            slips += some
    if not slips:
        width = len(seen.target)
        return Scored([], np.zeros((0, width)), np.zeros((0, width)))
    return Scored(slips, torch.cat(effects).numpy(), torch.cat(scales).numpy())


def batched(slips: Iterable[Slip], most: int) -> Iterator[list[Slip]]:
    """Yield slips some at a time, and none of them where there are none."""
    left = iter(slips)
    yield list(islice(left, most))
    yield from iter(lambda: list(islice(left, most)), list[Slip]())


def _changes(slips: Sequence[Slip], traces: Sequence[Trace]) -> list[Tensor]:
    """Return by how much each slip changes what reaches each value.

    The first row of the changes belongs to no slip: it is all that reaches them. Where a slip
    cannot be made, the step is right.
    """
    alike, changes = together(enumerate(slips)), list[Tensor]()
    for trace in traces:
        around, right = trace.around, trace.right
        rows = right.expand(len(slips), *right.shape[1:])
        given = {i: c.expand(len(slips), *c.shape[1:]) for i, c in around.given.items()}
        made = made_at(around._replace(given=given), rows, alike) if slips else rows
        changes.append(torch.cat([right, made - right]))
    return changes


def _traces(seen: Seen, spot: Spot) -> list[Trace]:
    """The right steps back at a spot, in each of its turns."""
    needed = seen.steps.tape.is_needed
    found = [edge for edge in spot.edges(seen.steps.tape) if edge.node in needed]
    traces = [trace for edge in found if (trace := _trace(seen, edge)) is not None]
    return [trace for trace in traces if trace.to in seen.moves]  # others move nothing


def _trace(seen: Seen, edge: Edge) -> Trace | None:
    steps, right = seen.steps, seen.right.cotangents
    node, place, output = edge
    if place is None:
        ref = Ref(node, output)
        if ref not in right:
            return None
        return Trace(AroundStep(steps, edge, {}, {}, right, seen.known), right[ref], ref)
    outputs = [Ref(node, i) for i in range(len(steps.tape.nodes[node].values))]
    given = {ref.output: right[ref] for ref in outputs if ref in right}
    back = steps[node].back(given).get(place)
    if back is None:  # a constant, in the first turn of a loop
        return None
    around = AroundStep(steps, edge, given, {}, right, seen.known)
    return Trace(around, back, steps.tape.nodes[node].operands[place])


def _effects(
    seen: Seen, traces: Sequence[Trace], changes: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return what each row of changes does along each direction, and the size of its terms."""
    effects: list[Tensor] = []
    scales: list[Tensor] = []
    for trace, rows in zip(traces, changes, strict=True):
        moves = seen.moves[trace.to]
        matrix = as_real(rows).reshape(len(rows), -1).nan_to_num(math.inf, math.inf)
        effects.append(matrix @ moves.T)
        scales.append(matrix.abs() @ moves.abs().T)
    return torch.stack(effects).sum(0), torch.stack(scales).sum(0)


def close(found: Scored, seen: Seen, *, of_wrong: bool = False) -> list[int]:
    """Return the slips whose effect is what is seen, the most natural first.

    Args:
        found: the slips.
        seen: what is to be explained.
        of_wrong: True to look at the blocks that differ, whatever happens in the others.
    """
    kept = [i for i, path in enumerate(seen.blocks) if path in seen.wrong or not of_wrong]
    target, room, effects = seen.target[kept], seen.room[kept], found.effects[:, kept]
    with np.errstate(invalid="ignore"):
        off = np.abs(effects - target)
    near = np.isfinite(effects).all(axis=1) & (
        off <= room + CLOSE * (np.abs(target) + found.scales[:, kept])
    ).all(axis=1)
    return sorted(np.flatnonzero(near).tolist(), key=lambda i: found.slips[i].rule.rank)
