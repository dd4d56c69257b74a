"""The kinds of update beside a gradient: a step down it, another rule, or none."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Kind = Literal["none", "plain", "rates", "decay", "other", "itself", "wrong"]

CLOSE = 1e-4
"""How close, as a share, a move is to a multiple of a gradient. Chosen: float32 comes closer."""


class BlockMove(NamedTuple):
    """How an update moves a block of parameters."""

    name: str
    moved: bool
    rate: float | None
    """How many times the gradient is taken away; None where what is taken is no multiple of it."""
    with_decay: float | None = None
    """The moves beside a multiple of the parameters themselves."""
    opposite: bool = False
    """True where each entry moves against its gradient."""


def move_of(name: str, before: Array, after: Array, gradient: Array) -> BlockMove:
    """Return how an update moves a block.

    Args:
        name: of the block.
        before: the parameters before it.
        after: after it.
        gradient: the gradient.
    """
    taken = before - after
    columns = np.column_stack([gradient.ravel(), before.ravel()])
    parts, *_ = np.linalg.lstsq(columns, taken.ravel())
    rate = float(np.vdot(gradient, taken)) / (float(np.vdot(gradient, gradient)) or 1.0)
    both, decay = map(float, parts)
    room = CLOSE * float(np.abs(taken).max())
    is_multiple = float(np.abs(taken - rate * gradient).max()) <= room
    is_decayed = float(np.abs(taken - both * gradient - decay * before).max()) <= room and decay > 0
    return BlockMove(
        name,
        bool(taken.any()),
        rate if is_multiple else None,
        both if is_multiple or is_decayed else None,
        bool((np.sign(taken) == np.sign(gradient)).all()),
    )


def kind_of(moves: Sequence[BlockMove], samples: int) -> tuple[Kind, list[str]]:
    """Return what an update is beside a gradient, and the blocks that are not like the others.

    Args:
        moves: of all blocks.
        samples: a rate that is so many times another is a mean that was forgotten.
    """
    if not any(one.moved for one in moves):
        return "none", []
    positive = [one.rate for one in moves if one.rate is not None and one.rate > 0]
    usual = usual_rate(moves)
    odd = [one.name for one in moves if one.rate is None or not _same(one.rate, usual)]
    if not odd:
        return "plain", []
    ratios = [one / usual for one in positive]
    if len(positive) == len(moves) and not any(
        _same(ratio, wrong) for ratio in ratios for wrong in (samples, 1 / samples)
    ):
        return "rates", odd
    decayed = [one.with_decay for one in moves]
    first = decayed[0]
    if first and first > 0 and all(rate is not None and _same(rate, first) for rate in decayed):
        return "decay", []
    if all(one.opposite for one in moves) and len(positive) < len(moves):
        return "other", []
    return "wrong", odd


def usual_rate(moves: Sequence[BlockMove]) -> float:
    """Return the rate of most blocks, without its sign.

    Args:
        moves: of all blocks.
    """
    rates = [abs(one.rate) for one in moves if one.rate]
    return max(rates, key=lambda rate: sum(_same(rate, other) for other in rates), default=1.0)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * abs(other)
