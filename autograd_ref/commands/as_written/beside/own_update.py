"""The update that code makes beside a gradient that it returns or keeps: is it a step down that?"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.calling.readings import RETURNED
from autograd_ref.adapting.own_numbers.updates_made import UpdateMade, reading_as, updates_made
from autograd_ref.commands.as_written.beside.block_moves import (
    CLOSE,
    BlockMove,
    Kind,
    kind_of,
    move_of,
    usual_rate,
)
from autograd_ref.commands.as_written.beside.said_beside import SaidBeside
from autograd_ref.commands.as_written.usual_problems import network_of, usual_cases, usual_report
from autograd_ref.commands.check.problems import UPDATE, Case, Checked
from autograd_ref.commands.functions.world import in_their_world
from autograd_ref.report.words import listed
from autograd_ref.user_code import Raised, attempt, user_code

Array = NDArray[Any]

SAID: Mapping[Kind, str] = {
    "plain": "{who} updates the parameters, too: by one multiple of that gradient, as it should.",
    "rates": "{who} updates the parameters, too: {} by other multiples of that gradient than the"
    " rest; whether these rates are meant is not judged.",
    "decay": "{who} updates the parameters, too: by one multiple of that gradient, and of"
    " themselves; whether this decay is meant is not judged.",
    "other": "{who} updates the parameters, too: each entry against that gradient, at a rate of its"
    " own, as Adam does; that is not judged.",
    "itself": "{who} updates the parameters, too: by what depends on themselves as well, as a"
    " penalty or a clipping of weights does; that is not judged.",
    "wrong": "{of} update of {} is no step down that gradient.",
}


MOST_DECAY = 0.5
"""The share of the weights that a decay takes away at most. Chosen: far more than any."""


def with_update(one: Adapted, path: list[str], seed: int) -> SaidBeside | None:
    """Check the update that code makes beside a gradient that is right; None where it makes none.

    Args:
        one: the adapter.
        path: that the code imports from.
        seed: for the problem on which it is judged.
    """
    if one.only_updates:
        return None
    given = reading_as(one, one.found)
    (case,) = usual_cases(given, 1, seed)
    gradient = _called(given, case, path)
    made = [(each, _moves(each.adapter, gradient, case, path)) for each in updates_made(one)]
    made = [(each, moves) for each, moves in made if any(block.moved for block in moves)]
    of_call = [(each, moves) for each, moves in made if not each.name]
    several = len(made) > 1  # each may move some blocks
    made = of_call or [
        (each, moves) for each, moves in made if not several or all(block.moved for block in moves)
    ]
    found = [_judged(each, moves, case, path) for each, moves in made]
    said = [each for each in found if each is not None]
    return min(said, key=lambda each: each.wrong is None, default=None)


def _judged(
    made: UpdateMade, moves: Sequence[BlockMove], case: Case, path: list[str]
) -> SaidBeside | None:
    """The verdict on an update; None where it is none of that gradient."""
    update = made.adapter
    reading, before = update.found.reading, case.arguments[0]["W0"]
    kind, odd = kind_of(moves, len(case.arguments[1]))
    is_returned = reading.where == RETURNED
    still = _without_inputs(update, case, path) if is_returned or kind == "wrong" else []
    if is_returned and not any(_are_kept(before, after) for after in still):
        return None
    if kind == "wrong" and (is_returned or made.name) and not any(one.rate for one in moves):
        return None  # it may be another thing
    if kind == "wrong" and _is_moved_by_itself(before, still):
        kind = "itself"
    who, of = ("It", "Its") if not made.name else (made.name, f"In {made.name}, the")
    said = SAID[kind].format(listed(odd) if odd else "", who=who, of=of)
    if kind != "wrong":
        return SaidBeside(said)
    rated = update.found._replace(reading=reading._replace(rate=usual_rate(moves)))
    update = update._replace(found=rated)
    gradients = in_their_world(update, path)
    report = usual_report(update, gradients, network_of(update, case), case, diagnose=True)
    return SaidBeside(said, Checked(case._replace(name=UPDATE), report))


def _without_inputs(update: Adapted, case: Case, path: list[str]) -> list[Array]:
    """The first weights after an update where X, and so their derivative, is zero.

    For all samples, and for every other one; those are left out for which their code raises.
    """
    parameters, X, Y = case.arguments
    cases = [case._replace(arguments=(parameters, 0 * X[::k], Y[::k])) for k in (1, 2)]
    found = [_called(update, one, path) for one in cases]
    return [after["W0"] for after in found if after]


def _are_kept(before: Array, after: Array) -> bool:
    """Return whether weights are what they were, perhaps after a decay; a velocity is not."""
    share = float(np.vdot(before - after, before)) / float(np.vdot(before, before))
    return abs(share) < MOST_DECAY and _alike(after, (1 - share) * before)


def _is_moved_by_itself(before: Array, still: Sequence[Array]) -> bool:
    """Return whether weights without a derivative move, in one way whatever the data are."""
    return len(still) > 1 and _alike(*still) and not _alike(before, still[0])


def _alike(one: Array, other: Array) -> bool:
    return bool(np.abs(one - other).max() <= CLOSE * np.abs(other).max())


def _moves(
    update: Adapted, gradient: Mapping[str, Array], case: Case, path: list[str]
) -> list[BlockMove]:
    """How the blocks move on a problem; none where their code raises."""
    before = cast("Mapping[str, Array]", case.arguments[0])
    after = _called(update, case, path)
    return [
        move_of(name, before[name], after[name], gradient[name])
        for name in gradient
        if name in after
    ]


def _called(one: Adapted, case: Case, path: list[str]) -> Mapping[str, Array]:
    """The blocks that an adapter returns for a problem; none where their code raises."""

    def call() -> Mapping[str, Array]:
        with user_code():
            result: Any = in_their_world(one, path)(*case.arguments)
        return cast("Any", result[1] if isinstance(result, tuple) else result)

    found: Any = attempt(call)
    return {} if isinstance(found, Raised) else found
