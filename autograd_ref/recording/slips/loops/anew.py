"""Wrong steps back through a turn of a loop whose state is that of another turn."""

from collections.abc import Mapping

from torch import Tensor

from autograd_ref.recording.slips.sites import Other, SlipSite, found_on
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node, Ref, Tape, outputs_of


class _TurnAnew:
    """One turn of a loop, computed from another state."""

    def __init__(
        self, tape: Tape, states: Mapping[SlipSite, Other], before: int, index: int
    ) -> None:
        self._tape, self._states, self._before = tape, states, before
        self._index = index
        self._turn = tape.nodes[index].turn
        self._turns = len(tape.turns[tape.nodes[index].site])
        self._known: dict[Ref, Tensor | None] = {}

    def operands(self, node: Node) -> list[Tensor] | None:
        """The operands of an operation in the turn."""
        found: list[Tensor] = []
        for place, ref in enumerate(node.operands):
            after = self._states.get(SlipSite(node.site, place))
            if after is None:
                value = self._value(ref)
            else:
                other = after._replace(turns_before=self._before)
                state = found_on(self._tape, other, self._index)
                value = None if state is None else self._tape.value(state)
            if value is None:
                return None
            found.append(value)
        return found

    def _value(self, ref: Ref) -> Tensor | None:
        node = self._tape.nodes[ref.node]
        inside = node.turn == self._turn and len(self._tape.turns[node.site]) == self._turns
        if node.compute is None or not inside:
            return self._tape.value(ref)
        if ref not in self._known:
            operands = self.operands(node)
            made = None if operands is None else outputs_of(node.compute(*operands))
            self._known[ref] = None if made is None else made[ref.output]
        return self._known[ref]


def at_state(states: Mapping[SlipSite, Other], before: int, said: str) -> Rule:
    """Return the rule that a derivative is taken at the state of another turn of a loop.

    Args:
        states: where the state is an operand, and what it is at the end of the turn.
        before: so many turns before the end of the same turn.
        said: when that is.
    """

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        tape, node = at.steps.tape, at.step.node
        anew = _TurnAnew(tape, states, before, tape.turns[node.site][node.turn])
        operands = anew.operands(node)
        if operands is None:
            return None
        step = at.step.at(operands)
        return step.back({0: at.c.unsqueeze(0)})[at.place][0]

    return Rule(
        "the state of another turn",
        made,
        f"all derivatives of a turn are taken at its state {said}",
        2.2,
        fix="use the state that the loss uses in that turn",
    )
