"""The search for the slips that make a gradient what it is.

A slip changes what reaches one value by some amount, and the gradient by what follows from it.
Along a direction of the parameters that is the amount times how far the value moves: so how far
values move, along a few directions in each block, tells of every slip what it would do, by one
product.
Only those that would do what is seen are swept.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.linear import Steps, tangents
from autograd_ref.recording.slips.finding.candidates import rules_at
from autograd_ref.recording.slips.making import made_at, together
from autograd_ref.recording.slips.rules.amounts import amounts, factor
from autograd_ref.recording.slips.rules.others import Others
from autograd_ref.recording.slips.slip import AroundStep, Edge, Other, Slip
from autograd_ref.recording.slips.spots import Spot, is_chained, spots
from autograd_ref.recording.sweep import Swept, swept
from autograd_ref.recording.tape import Ref
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Results

Array = NDArray[np.float64]

DIRECTIONS = 6
"""Numbers at least by which a slip is known, over all blocks. Chosen: a hundred thousand slips,
each with six numbers known to 1e-7, do not meet by chance."""

CLOSE = 1e-8
"""How far such a number may be off, relative to its terms; what is close is swept. Chosen."""


class Seen(NamedTuple):
    """The difference of two gradients along some directions, to be explained by slips."""

    steps: Steps
    right: Swept
    target: Array
    """The difference of the gradient under test and the right one, along each direction."""
    room: Array
    """How far rounding may move that."""
    blocks: tuple[Path, ...]
    """The block of each direction."""
    along: tuple[Tensor, ...]
    """The directions, each in its block."""
    wrong: frozenset[Path]
    """The blocks that differ."""
    moves: dict[Ref, Tensor]
    """How far each value moves along the directions, which are the first axis."""
    others: Others
    """The values of the record."""
    known: dict[tuple[int, int], tuple[Other, Ref | None]]
    """What other values are known to be at nodes."""


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


def seen(
    steps: Steps,
    hand: Results,
    allowed: Mapping[Path, float],
    right: Swept | None = None,
    moves: Mapping[Ref, Tensor] | None = None,
) -> Seen:
    """Prepare a search.

    Args:
        steps: of the tape.
        hand: the gradient under test, of the blocks that can be compared.
        allowed: how far rounding may move an entry of each block.
        right: what the sweep finds without the slips that are looked for.
        moves: how far values move, from another search on the same record.
    """
    tape = steps.tape
    right = right or swept(steps)
    generator = torch.Generator().manual_seed(0)
    each = max(2, -(-DIRECTIONS // len(hand)))
    target, room, blocks = list[float](), list[float](), list[Path]()
    along: list[Tensor] = []
    wrong: list[Path] = []
    for path in hand:
        ref = tape.parameters[path]
        value = tape.value(ref)
        difference = torch.from_numpy(np.ascontiguousarray(hand[path])) - right.gradients[path][0]
        if bool((difference.abs() > 4 * allowed[path]).any()):
            wrong.append(path)
        for _ in range(min(each, max(1, value.numel()))):
            u = torch.randn(value.shape, generator=generator, dtype=torch.float64)
            along.append(u)
            target.append(float((difference * u).sum()))
            size = float((hand[path] * u.numpy()).__abs__().sum())
            room.append(float(u.abs().sum()) * allowed[path] + 1e-14 * size)
            blocks.append(path)
    return Seen(
        steps,
        right,
        np.array(target),
        np.array(room),
        tuple(blocks),
        tuple(along),
        frozenset(wrong),
        dict(moves or _moves(steps, blocks, along)),
        Others(tape),
        {},
    )


def _moves(steps: Steps, blocks: Sequence[Path], along: Sequence[Tensor]) -> dict[Ref, Tensor]:
    rows: dict[Ref, Tensor] = {}
    for row, (path, u) in enumerate(zip(blocks, along, strict=True)):
        ref = steps.tape.parameters[path]
        rows.setdefault(ref, u.new_zeros(len(along), *u.shape))[row] = u
    return {ref: moved.reshape(len(along), -1) for ref, moved in tangents(steps, rows).items()}


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
    more = torch.tensor([amount.value - 1 for amount, _rule in factors], dtype=torch.float64)
    of_all = {spot.key for spot in spots(tape, seen.wrong)}
    for spot in spots(tape, seen.wrong, of_some=of_some):
        if is_chained(tape, spot) or (of_some and spot.key in of_all):
            continue
        traces = _traces(seen, spot)
        if not traces:
            continue
        made, changes = _changes(seen, spot, traces)
        effect, scale = _effects(seen, traces, changes)
        if spot.only is None:
            slips += [Slip(rule, spot.at(), None, spot.turns) for _amount, rule in factors]
            effects.append(more[:, None] * effect[0])
            scales.append(more.abs()[:, None] * scale[0])
        effects.append(effect[1:])
        scales.append(scale[1:])
        slips += made
    if not slips:
        width = len(seen.target)
        return Scored([], np.zeros((0, width)), np.zeros((0, width)))
    return Scored(slips, torch.cat(effects).numpy(), torch.cat(scales).numpy())


def _changes(seen: Seen, spot: Spot, traces: Sequence[Trace]) -> tuple[list[Slip], list[Tensor]]:
    """Return the slips at a spot, and by how much each changes what reaches each of its values.

    The first row of the changes belongs to no slip: it is all that reaches them. Where a slip
    cannot be made, the step is right.
    """
    slips = list(rules_at(seen.others, spot))
    alike, changes = together(enumerate(slips)), list[Tensor]()
    for trace in traces:
        around, right = trace.around, trace.right
        rows = right.expand(len(slips), *right.shape[1:])
        given = {i: c.expand(len(slips), *c.shape[1:]) for i, c in around.given.items()}
        made = made_at(around._replace(given=given), rows, alike) if slips else rows
        changes.append(torch.cat([right, made - right]))
    return slips, changes


def _traces(seen: Seen, spot: Spot) -> list[Trace]:
    """The right steps back at a spot, in each of its turns."""
    needed = seen.steps.tape.is_needed
    found = [edge for edge in spot.edges(seen.steps.tape) if edge.node in needed]
    return [trace for edge in found if (trace := _trace(seen, edge)) is not None]


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
        matrix = rows.reshape(len(rows), -1).nan_to_num(math.inf, math.inf)
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
