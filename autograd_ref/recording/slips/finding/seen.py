"""The difference that slips have to explain, and how far each value moves along directions."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.rules.others import Others
from autograd_ref.recording.slips.sites import Other
from autograd_ref.recording.sweep import Swept, swept
from autograd_ref.recording.tape import Ref, Tape, as_real
from autograd_ref.recording.through import tangents
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
    known: dict[tuple[int, int], tuple[Other, Ref | None]]
    """The values that `Other` stands for at nodes, once found; keys as in `AroundStep.others`."""
    budget: Budget


def seen(
    steps: Steps,
    hand: Results,
    allowed: Mapping[Path, float],
    budget: Budget | None = None,
    after: "tuple[Seen | None, Swept] | None" = None,
) -> Seen:
    """Prepare a search.

    Args:
        steps: of the tape.
        hand: the gradient under test, of the blocks that can be compared.
        allowed: how far rounding may move an entry of each block.
        budget: what it may take.
        after: another search on the same record, if there was one, and what the sweep finds
            without the slips that are looked for.
    """
    tape = steps.tape
    before, right = after or (None, swept(steps))
    generator = torch.Generator().manual_seed(0)
    each = _directions(hand)
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
            u = torch.randn(value.shape, generator=generator, dtype=torch.float64, device="cpu")
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
        _moves(steps, blocks, along) if before is None else before.moves,
        Others(tape) if before is None else before.others,
        {} if before is None else before.known,
        budget or Budget(),
    )


def _directions(hand: Results) -> int:
    """The directions in each block."""
    return max(2, -(-DIRECTIONS // len(hand)))


def bytes_of_moves(tape: Tape, hand: Results) -> int:
    """Return how much memory it takes to know how far the values of a record move."""
    rows = sum(min(_directions(hand), max(1, block.size)) for block in hand.values())
    return 8 * rows * tape.numbers


def _moves(steps: Steps, blocks: Sequence[Path], along: Sequence[Tensor]) -> dict[Ref, Tensor]:
    rows: dict[Ref, Tensor] = {}
    for row, (path, u) in enumerate(zip(blocks, along, strict=True)):
        ref = steps.tape.parameters[path]
        rows.setdefault(ref, u.new_zeros(len(along), *u.shape))[row] = u
    moves = tangents(steps, rows)
    return {ref: as_real(moved).reshape(len(along), -1) for ref, moved in moves.items()}
