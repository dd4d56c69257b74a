"""Steps that are left out together: of one line, all uses of a value but one, all turns but one."""

from collections.abc import Iterator
from itertools import chain, groupby

from autograd_ref.recording.slips.loops.anew import at_state
from autograd_ref.recording.slips.loops.carried import over_turns
from autograd_ref.recording.slips.loops.states import uses_of_states
from autograd_ref.recording.slips.rules.confusions.exchanged_derivatives import (
    exchanged_derivatives,
)
from autograd_ref.recording.slips.rules.confusions.exchanged_factors import exchanged
from autograd_ref.recording.slips.rules.confusions.wrong_index import off_by_one
from autograd_ref.recording.slips.rules.paths import NOT_FOLLOWED, followed_once, kept, only_from
from autograd_ref.recording.slips.rules.regions import alike
from autograd_ref.recording.slips.sites import SlipSite
from autograd_ref.recording.slips.slip import Rule
from autograd_ref.recording.tape import Ref, Tape

Group = tuple[tuple[SlipSite, ...], str, Rule]

LINEAR = frozenset("add sub neg select slice view t transpose stack cat sum mean expand".split())
"""Operations whose derivative is the same everywhere."""

MOST_LINES = 4
"""Lines of uses that are left out together at most. Chosen: the stages of a Runge-Kutta step."""

MOST_USES = 12
"""Uses of a value that are tried one by one. Chosen."""


def grouped(tape: Tape) -> Iterator[Group]:
    """Yield places, turns, and the slip that is made at all of them."""
    seen: set[tuple[tuple[SlipSite, ...], str, str]] = set()
    for places, turns, rule in _every(tape):
        key = (places, turns, rule.said)
        if places and key not in seen:
            seen.add(key)
            yield places, turns, rule


def _every(tape: Tape) -> Iterator[Group]:
    looped: dict[Ref, list[SlipSite]] = {}
    for ref, found in _uses(tape).items():
        yield from _of_lines(tape, found)
        yield from _all_but_one(tape, found)
        looped[ref] = [place for place in found if len(tape.turns[place.site]) > 1]
    for site, nodes in tape.turns.items():
        if len(nodes) > 1 and nodes[-1] in tape.is_needed:
            for place, operand in enumerate(tape.nodes[nodes[-1]].operands):
                if operand in tape.moving:
                    yield from _followed_once(tape, SlipSite(site, place))
    for places in looped.values():
        if len(places) > 1:
            yield from _one_turn(tape, tuple(places))
    yield from _of_parameters(tape)
    yield from _states(tape)
    yield from _overwritten(tape)
    yield from over_turns(tape)
    yield from alike(tape)
    yield from exchanged(tape)
    yield from exchanged_derivatives(tape)
    yield from off_by_one(tape)


def _uses(tape: Tape) -> dict[Ref, list[SlipSite]]:
    """The places that lead to each value in the last turn that uses it, each once."""
    found: dict[Ref, dict[SlipSite, None]] = {}
    for index in tape.needed:
        node = tape.nodes[index]
        for place, operand in enumerate(node.operands):
            if operand in tape.moving and node.compute is not None:
                found.setdefault(operand, {})[SlipSite(node.site, place)] = None
    return {ref: list(places) for ref, places in found.items() if len(places) > 1}


def _line(tape: Tape, place: SlipSite) -> tuple[str, int]:
    node = tape.nodes[tape.turns[place.site][-1]]
    return node.place.file, node.place.line


def _of_lines(tape: Tape, found: list[SlipSite]) -> Iterator[Group]:
    """Yield the uses of a value in one line, or some after each other, where others are elsewhere.

    Args:
        tape: the record.
        found: the uses.
    """
    by_line = groupby(sorted(found, key=lambda p: _line(tape, p)), lambda p: _line(tape, p))
    lines = [tuple(places) for _of, places in by_line]
    for first in range(len(lines)):
        for last in range(first, min(len(lines), first + MOST_LINES)):
            together = tuple(chain.from_iterable(lines[first : last + 1]))
            if 1 < len(together) < len(found):
                yield together, "all", NOT_FOLLOWED


def _all_but_one(tape: Tape, found: list[SlipSite]) -> Iterator[Group]:
    """Yield all uses of a value but one, and but those of one line."""
    if not 2 < len(found) <= MOST_USES:
        return
    for one in found:
        text = str(tape.nodes[tape.turns[one.site][-1]].place)
        yield tuple(p for p in found if p != one), "all", kept(f"what comes by {text}")
    for line in dict.fromkeys(_line(tape, place) for place in found):
        others = tuple(p for p in found if _line(tape, p) != line)
        if 1 < len(others) < len(found):
            yield others, "all", kept(f"what comes by line {line[1]}")


def _followed_once(tape: Tape, place: SlipSite) -> Iterator[Group]:
    """Yield all turns of a loop but one, at a single place."""
    assert place.operand is not None, "a use of a value"
    operands = [tape.nodes[i].operands for i in tape.turns[place.site]]
    if len(operands) > 2 and all(len(refs) > place.operand for refs in operands):
        for which in ("last", "first"):
            yield (place,), f"all but the {which}", followed_once(which)


def _of_parameters(tape: Tape) -> Iterator[Group]:
    """Yield all places in a loop that lead to what comes from a parameter, or from any, outside."""
    loops: dict[int, list[tuple[SlipSite, int]]] = {}
    for site, nodes in tape.turns.items():
        if len(nodes) < 3 or nodes[-1] not in tape.is_needed:
            continue
        for place, operand in enumerate(tape.nodes[nodes[-1]].operands):
            first = tape.nodes[nodes[0]].operands
            if operand in tape.moving and place < len(first) and first[place] == operand:
                loops.setdefault(len(nodes), []).append((SlipSite(site, place), operand.node))
    for found in loops.values():
        yield from _one_turn(tape, tuple(place for place, _node in found))
        for parameter in tape.parameters.values():
            own = [p for p, node in found if tape.ancestors[node] >> parameter.node & 1]
            yield from _one_turn(tape, tuple(own))


def _overwritten(tape: Tape) -> Iterator[Group]:
    """Yield the values of a loop that are used once more in some of its turns."""
    for site, nodes in tape.turns.items():
        used = [
            ref for node in nodes if node in tape.is_needed for ref in tape.nodes[node].operands
        ]
        places: dict[SlipSite, None] = {}
        for ref in used:
            own = tape.nodes[ref.node].site
            if ref in tape.moving and len(tape.turns[own]) > len(nodes):
                places[SlipSite(own, None, ref.output)] = None
        if len(places) > 0 and any(len(tape.uses[ref]) > 1 for ref in used if ref in tape.uses):
            yield tuple(places), "all", only_from(site, str(tape.nodes[nodes[-1]].place))


def _states(tape: Tape) -> Iterator[Group]:
    """Yield all steps that are taken at the state of a loop: at that after the turn, or before."""
    for turns, states in uses_of_states(tape).items():
        places = tuple(
            SlipSite(site, place)
            for site, nodes in tape.turns.items()
            if len(nodes) == turns and site.operation not in LINEAR
            for place, ref in enumerate(tape.nodes[nodes[-1]].operands)
            if ref in tape.moving and nodes[-1] in tape.is_needed
        )
        if len(states) > 1:
            yield places, "all", at_state(states, 0, "after the turn, not before it")
            yield places, "all", at_state(states, 2, "a turn before")


def _one_turn(tape: Tape, places: tuple[SlipSite, ...]) -> Iterator[Group]:
    """Yield all turns of a loop but one."""
    if all(len(tape.turns[place.site]) > 2 for place in places):
        yield places, "all but the last", kept("what the last turn adds")
        yield places, "all but the first", kept("what the first turn adds")
