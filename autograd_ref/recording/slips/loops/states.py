"""The states of loops: what one turn hands to the next."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_ref.recording.slips.sites import Other, SlipSite, carried
from autograd_ref.recording.tape import Ref, Tape


class State(NamedTuple):
    """A value that every turn of a loop takes from the one before, as data that hold anywhere."""

    after: Other
    """The value at the end of a turn."""
    use: SlipSite
    """One of the operands that it is in the next."""

    def before(self, tape: Tape, turn: int) -> Ref:
        """Return the value that a turn begins with; after the last turn, that it ends with."""
        nodes = tape.turns[self.after.site]
        assert self.use.operand is not None, "an operand"
        if turn == 0:
            return tape.nodes[tape.turns[self.use.site][0]].operands[self.use.operand]
        return Ref(nodes[turn - 1], self.after.output)


class Loop(NamedTuple):
    """The states of a loop."""

    states: tuple[State, ...]

    def turns(self, tape: Tape) -> int:
        """Return how many turns there are."""
        return len(tape.turns[self.states[0].after.site])

    def turn_of(self, tape: Tape, ref: Ref) -> tuple[int, int] | None:
        """Return the turn that begins with a value, and which state it is."""
        node = tape.nodes[ref.node]
        for number, state in enumerate(self.states):
            if state.after.site == node.site:
                return node.turn + 1, number
            if state.before(tape, 0) == ref:
                return 0, number
        return None

    def begins(self, tape: Tape, turn: int) -> tuple[Ref, ...]:
        """Return the states that a turn begins with."""
        return tuple(state.before(tape, turn) for state in self.states)

    def places(self, tape: Tape) -> tuple[SlipSite, ...]:
        """Return where the states are made, the initial ones first."""
        first = (SlipSite(tape.nodes[r.node].site, None, r.output) for r in self.begins(tape, 0))
        later = (SlipSite(state.after.site, None, state.after.output) for state in self.states)
        return tuple(dict.fromkeys((*first, *later)))

    def inside(self, tape: Tape, turn: int, until: int) -> list[int]:
        """Return the operations that lead from the states before a turn to those before another."""
        starts, ends = self.begins(tape, turn), self.begins(tape, until)
        reached, found, before = set(starts), list[int](), 0
        for start in starts:  # one state may be made of another, in the turn before
            before |= tape.ancestors[start.node]
        for index in range(min(starts).node + 1, max(ends).node + 1):
            is_inside = index in tape.is_needed and not before >> index & 1
            if is_inside and any(ref in reached for ref in tape.nodes[index].operands):
                found.append(index)
                reached.update(Ref(index, i) for i in range(len(tape.nodes[index].values)))
        return found


def uses_of_states(tape: Tape) -> dict[int, dict[SlipSite, Other]]:
    """Return the operands that are states, with what they are after a turn, by numbers of turns."""
    loops: dict[int, dict[SlipSite, Other]] = {}
    for site, nodes in tape.turns.items():
        if len(nodes) > 2 and nodes[-1] in tape.is_needed:
            for place in carried(tape, site):
                source = tape.nodes[nodes[-1]].operands[place]
                after = Other(tape.nodes[source.node].site, source.output)
                loops.setdefault(len(nodes), {})[SlipSite(site, place)] = after
    return loops


def loops_of(tape: Tape) -> Iterator[Loop]:
    """Yield the loops of a record in which parameters move all states."""
    for uses in uses_of_states(tape).values():
        states = {after: State(after, use) for use, after in uses.items()}
        moving = [state for state in states.values() if _is_handed_on(tape, state)]
        if moving:
            yield Loop(tuple(sorted(moving, key=lambda state: tape.turns[state.after.site])))


def _is_handed_on(tape: Tape, state: State) -> bool:
    """Return whether each turn takes the value that the one before has made."""
    made, uses = tape.turns[state.after.site], tape.turns[state.use.site]
    if len(made) != len(uses) or Ref(made[0], state.after.output) not in tape.moving:
        return False
    assert state.use.operand is not None, "an operand"
    return all(
        _operand(tape, use, state.use.operand) == Ref(before, state.after.output)
        for before, use in zip(made[:-1], uses[1:], strict=True)
    )


def _operand(tape: Tape, index: int, place: int) -> Ref | None:
    operands: Sequence[Ref] = tape.nodes[index].operands
    return operands[place] if place < len(operands) else None
