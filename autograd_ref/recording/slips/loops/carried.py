"""Wrong steps back over whole turns of a loop, from its states after a turn to those before it.

With J the derivative of the states after a turn by those before it, J.T c comes back. People write
J c, or leave out what one state does to another, or go back over so many turns only.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from autograd_ref.recording.slips.loops.states import Loop, loops_of
from autograd_ref.recording.slips.sites import SlipSite
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.recording.through import back, forwards
from autograd_ref.report.words import listed

MOST_STEPS = 400
"""Turns that are gone back over, from all turns of a loop together, for one slip. Chosen."""

GO_ON = "go back over all turns; or say that the derivative is truncated on purpose"

Instead = Callable[[At, Loop, int, int], Tensor | None]
"""The wrong cotangent of a state, from the turn that begins with it and the number of the state."""


def over_turns(tape: Tape) -> Iterator[tuple[tuple[SlipSite, ...], str, Rule]]:
    """Yield the places, turns and wrong steps back over turns.

    Args:
        tape: the record.
    """
    for loop in loops_of(tape):
        places, turns = loop.places(tape), loop.turns(tape)
        yield from ((places, "all", rule) for rule in _rules(tape, loop, turns))


def _rules(tape: Tape, loop: Loop, turns: int) -> Iterator[Rule]:
    names = [f"{{value[{r.node}][{r.output}]}}" for r in loop.begins(tape, turns)]
    states, their = listed(names), "its value" if len(names) == 1 else "their values"

    def rule(name: SlipName, made: Instead, said: str, rank: float, fix: str) -> Rule:
        told_at = loop.states[0].after.site
        return Rule(name, partial(_made, loop, made), said, rank, fix, told_at=told_at)

    yield rule(
        "forwards for back",
        _forwards,
        f"the derivative of {states} by {their} of the turn before is not transposed on the way"
        " back",
        1.9,
        "multiply by the transposed matrix",
    )
    if len(names) > 1:
        yield rule(
            "a path not followed",
            _own,
            f"in each turn {states} are taken to depend on themselves only, not on each other",
            1.9,
            "follow these paths as well",
        )
    yield rule(
        "turns left out",
        partial(_truncated, 1),
        f"nothing of later turns comes back to {states}: the path between turns is not followed",
        1.8,
        "add what comes back from the turn after",
    )
    for most in range(2, min(turns, 1 + MOST_STEPS // turns)):
        over = f"{most - 1} turn{'s' * (most != 2)}"
        said = f"what comes back to {states} goes back over {over} at most"
        yield rule("turns left out", partial(_truncated, most), said, 2 + 0.01 * most, GO_ON)
    for every in range(2, turns):
        said = f"what comes back to {states} is cut at every turn whose number {every} divides"
        yield rule("turns left out", partial(_cut, every), said, 2.1 + 0.01 * every, GO_ON)


def _made(
    loop: Loop, made: Instead, at: At, _other: Tensor | None, _c: Tensor | None
) -> Tensor | None:
    found = loop.turn_of(at.steps.tape, at.ref)
    return None if found is None else made(at, loop, *found)


def _over(at: At, loop: Loop, turn: int, until: int, cotangents: dict[Ref, Tensor]) -> Tensor:
    """The contribution of some turns to the cotangent of a state."""
    nodes = loop.inside(at.steps.tape, turn, until)
    found = back(at.steps, reversed(nodes), cotangents)
    return found[at.ref][0] if at.ref in found else torch.zeros_like(at.right)


def _after(at: At, loop: Loop, turn: int) -> dict[Ref, Tensor]:
    """The cotangents of the states after a turn; none after the last one."""
    tape = at.steps.tape
    if turn >= loop.turns(tape):
        return {}
    given = {ref: at.cotangent(ref) for ref in loop.begins(tape, turn + 1)}
    none = ((ref, torch.zeros_like(tape.value(ref))) for ref, c in given.items() if c is None)
    return {ref: c[None] for ref, c in (given | dict(none)).items() if c is not None}


def _forwards(at: At, loop: Loop, turn: int, state: int) -> Tensor | None:
    tape, after = at.steps.tape, _after(at, loop, turn)
    if not after:
        return None
    nodes = loop.inside(tape, turn, turn + 1)
    ends = list(after)
    starts = zip(loop.begins(tape, turn), after.values(), strict=True)
    moved = {ref: c for ref, c in starts if ref in tape.moving}
    instead = forwards(at.steps, nodes, moved, ends).get(ends[state])
    if instead is None:
        return None
    return at.right - _over(at, loop, turn, turn + 1, after) + instead[0]


def _own(at: At, loop: Loop, turn: int, state: int) -> Tensor | None:
    after = _after(at, loop, turn)
    if not after:
        return None
    others = {
        ref: torch.zeros_like(c) if number == state else c
        for number, (ref, c) in enumerate(after.items())
    }
    return at.right - _over(at, loop, turn, turn + 1, others)


def _truncated(most: int, at: At, loop: Loop, turn: int, _state: int) -> Tensor:
    tape = at.steps.tape
    until = turn + most + (turn == 0)  # nothing more is gone back over from the initial state
    (exact,) = at.exact[at.ref]
    if until > loop.turns(tape):
        return exact
    beyond = {ref: at.exact[ref] for ref in loop.begins(tape, until) if ref in at.exact}
    return exact - _over(at, loop, turn, until, beyond)


def _cut(every: int, at: At, loop: Loop, turn: int, _state: int) -> Tensor | None:
    after = _after(at, loop, turn)
    if not after or turn == 0 or turn % every:
        return None
    return at.right - _over(at, loop, turn, turn + 1, after)
