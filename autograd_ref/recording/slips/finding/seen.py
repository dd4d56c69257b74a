"""What is to be explained by slips: how a gradient differs, and how far values move, for each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.linear import Steps, tangents
from autograd_ref.recording.slips.rules.others import Others
from autograd_ref.recording.sweep import Swept, swept
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.reference.effort.budget import Budget
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Results

Array = NDArray[np.float64]

DIRECTIONS = 6
"""Numbers at least by which a slip is known, over all blocks. Chosen: a hundred thousand slips,
each with six numbers known to 1e-7, do not meet by chance."""


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
    budget: Budget


def seen(
    steps: Steps,
    hand: Results,
    allowed: Mapping[Path, float],
    budget: Budget | None = None,
    after: "tuple[Seen, Swept] | None" = None,
) -> Seen:
    """Prepare a search.

    Args:
        steps: of the tape.
        hand: the gradient under test, of the blocks that can be compared.
        allowed: how far rounding may move an entry of each block.
        budget: what it may take.
        after: another search on the same record, and what the sweep finds with a slip of that one,
            beside which others are looked for.
    """
    tape = steps.tape
    before, right = after or (None, swept(steps))
    generator = torch.Generator().manual_seed(0)
    each = _directions(hand)
    target, room, blocks = list[float](), list[float](), list[Path]()
    rows: list[dict[Ref, Tensor]] = []
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
            if before is None:
                rows.append(tangents(steps, {ref: u}))
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
        _stacked(rows, tape) if before is None else before.moves,
        Others(tape) if before is None else before.others,
        budget or Budget(),
    )


def _directions(hand: Results) -> int:
    """The directions in each block."""
    return -(-DIRECTIONS // len(hand))


def bytes_of_moves(tape: Tape, hand: Results) -> int:
    """Return how much memory it takes to know how far the values of a record move."""
    rows = sum(min(_directions(hand), max(1, block.size)) for block in hand.values())
    return 8 * rows * tape.numbers


def _stacked(rows: Sequence[dict[Ref, Tensor]], tape: Tape) -> dict[Ref, Tensor]:
    """The rows of each value together; of the rows nothing is left, as they are large."""
    every = {ref for row in rows for ref in row}

    def one(row: dict[Ref, Tensor], ref: Ref) -> Tensor:
        return row.pop(ref) if ref in row else torch.zeros_like(tape.value(ref))

    return {ref: torch.stack([one(row, ref).reshape(-1) for row in rows]) for ref in every}
