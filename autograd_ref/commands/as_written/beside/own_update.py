"""The update that code makes beside a gradient that it returns or keeps: is it a step down that?"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.adapter import Adapted, compiled
from autograd_ref.adapting.calling.readings import in_place
from autograd_ref.commands.as_written.beside.said_beside import SaidBeside
from autograd_ref.commands.as_written.usual_problems import network_of, usual_cases, usual_report
from autograd_ref.commands.check.problems import UPDATE, Case, Checked
from autograd_ref.commands.functions.world import in_their_world
from autograd_ref.report.words import listed
from autograd_ref.user_code import Raised, attempt, user_code

Array = NDArray[Any]
Kind = Literal["none", "plain", "rates", "decay", "other", "wrong"]

CLOSE = 1e-4
"""How close, as a share, a move is to a multiple of a gradient. Chosen: float32 comes closer."""

SAID: Mapping[Kind, str] = {
    "plain": "It updates the parameters, too: by one multiple of that gradient, as it should.",
    "rates": "It updates the parameters, too: {} by other multiples of that gradient than the rest;"
    " whether these rates are meant is not judged.",
    "decay": "It updates the parameters, too: by one multiple of that gradient, and of themselves;"
    " whether this decay is meant is not judged.",
    "other": "It updates the parameters, too: each entry against that gradient, at a rate of its"
    " own, as Adam does; that is not judged.",
    "wrong": "Its update of {} is no step down that gradient.",
}


class BlockMove(NamedTuple):
    """How an update moves a block of parameters."""

    name: str
    moved: bool
    rate: float | None
    """How many times the gradient is taken away; None where what is taken is no multiple of it."""
    with_decay: float | None = None
    """The same, beside a multiple of the parameters themselves."""
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
    usual = _usual(moves)
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


def _usual(moves: Sequence[BlockMove]) -> float:
    """The rate of most blocks, without its sign."""
    rates = [abs(one.rate) for one in moves if one.rate]
    return max(rates, key=lambda rate: sum(_same(rate, other) for other in rates), default=1.0)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * abs(other)


def with_update(one: Adapted, path: list[str], seed: int) -> SaidBeside | None:
    """Check the update that code makes beside a gradient that is right; None where it makes none.

    Args:
        one: the adapter.
        path: that the code imports from.
        seed: for the problem on which it is judged.
    """
    reading = in_place(one.found.program.setup.holder)
    if one.only_updates or reading is None:
        return None
    choices = one.choices._replace(as_dict=True)
    fixed = one.takes == "fixed"
    given = one._replace(choices=choices, function=compiled(one.found, choices, fixed=fixed))
    near = one.found._replace(reading=reading)
    update = given._replace(found=near, function=compiled(near, choices, fixed=fixed))
    (case,) = usual_cases(update, 1, seed)
    moves = _moves(given, update, case, path)
    kind, odd = kind_of(moves, len(case.arguments[1]))
    if kind == "none":
        return None
    said = SAID[kind].format(listed(odd) if odd else "")
    if kind != "wrong":
        return SaidBeside(said)
    rated = near._replace(reading=reading._replace(rate=_usual(moves)))
    update = update._replace(found=rated)
    gradients = in_their_world(update, path)
    report = usual_report(update, gradients, network_of(update, case), case, diagnose=True)
    return SaidBeside(said, Checked(case._replace(name=UPDATE), report))


def _moves(given: Adapted, update: Adapted, case: Case, path: list[str]) -> list[BlockMove]:
    """How the blocks move on a problem; none where their code raises."""
    before = cast("Mapping[str, Array]", case.arguments[0])

    def called(one: Adapted) -> Mapping[str, Array]:
        with user_code():
            result: Any = in_their_world(one, path)(*case.arguments)
        return cast("Any", result[1] if isinstance(result, tuple) else result)

    both: Any = attempt(lambda: (called(given), called(update)))
    if isinstance(both, Raised):
        return []
    gradient, after = both
    return [move_of(name, before[name], after[name], gradient[name]) for name in after]
