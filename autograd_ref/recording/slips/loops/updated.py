"""A state of a loop taken after it was updated, or before: the step of v made with the new x."""

from collections.abc import Iterator

from torch import Tensor

from autograd_ref.recording.slips.loops.states import State, loops_of
from autograd_ref.recording.slips.otherwise.change import Change, Made, inner
from autograd_ref.recording.slips.sites import SlipSite
from autograd_ref.recording.tape import Node, Ref, Tape, outputs_of


def updated(tape: Tape) -> Iterator[Change]:
    """Yield the steps of a state that take another as it is after the turn, or before it.

    Args:
        tape: the record.
    """
    for loop in loops_of(tape):
        for one in loop.states:
            for other in loop.states:
                if one != other:
                    yield from _changes(tape, one, other)


def _changes(tape: Tape, one: State, other: State) -> Iterator[Change]:
    turn = len(tape.turns[one.after.site]) - 1
    old, new = one.before(tape, turn), one.before(tape, turn + 1)
    of, by = (f"{{value[{r.node}][{r.output}]}}" for r in (new, other.before(tape, turn + 1)))
    uses = _uses(tape, old, new, other)
    if uses:
        said = f"the new {of} is used for {by}, where that of the turn before is due"
        made = tuple((use.site, _later(use, one)) for use in uses)
        yield Change("a state already updated", said, 2.1, made)
    uses = _uses(tape, new, new, other)
    if uses:
        said = f"{of} of the turn before is used for {by}, where the new one is due"
        made = tuple((use.site, _earlier(use, one)) for use in uses)
        yield Change("a state not yet updated", said, 2.1, made)


def _uses(tape: Tape, taken: Ref, new: Ref, other: State) -> tuple[SlipSite, ...]:
    """Where a turn takes a value for the next of another state, and for that alone."""
    after, found = tape.turns[other.after.site], list[SlipSite]()
    for index in tape.uses.get(taken, ()):
        node = tape.nodes[index]
        leads = tape.ancestors[after[-1]] >> index & 1
        for_both = taken != new and tape.ancestors[new.node] >> index & 1
        if leads and not for_both and len(tape.turns[node.site]) == len(after):
            places = (place for place, ref in enumerate(node.operands) if ref == taken)
            found += [SlipSite(node.site, place) for place in places]
    return tuple(found)


def _earlier(use: SlipSite, state: State) -> Made:
    """Return the change that an operation takes the state that its turn begins with."""

    def made(tape: Tape, index: int) -> Node:
        node = tape.nodes[index]
        old = state.before(tape, node.turn)
        refs = (old if place == use.operand else ref for place, ref in enumerate(node.operands))
        return node._replace(operands=tuple(refs))

    return made


def _later(use: SlipSite, state: State) -> Made:
    """Return the change that an operation takes a state that is computed after it."""

    def made(tape: Tape, index: int) -> Node | None:
        node = tape.nodes[index]
        new = Ref(tape.turns[state.after.site][node.turn], state.after.output)
        needs = _needs(tape, new, index)
        operands, compute = node.operands, inner(node)

        def computed(*given: Tensor) -> object:
            known = dict(zip((*operands, *needs), given, strict=True))
            for later in range(index + 1, new.node + 1):
                _compute(tape, later, known)
            own = list(given[: len(operands)])
            own[use.operand or 0] = known[new]
            return compute(*own)

        return node._replace(operands=(*operands, *needs), compute=computed)

    return made


def _needs(tape: Tape, new: Ref, index: int) -> tuple[Ref, ...]:
    """The values before an operation, parameters and data that a later value is computed from."""
    left, found, seen = [new], dict[Ref, None](), set[int]()
    while left:
        ref = left.pop()
        if ref.node < index or tape.nodes[ref.node].compute is None:
            found[ref] = None
        elif ref.node not in seen:
            seen.add(ref.node)
            left += tape.nodes[ref.node].operands
    return tuple(found)


def _compute(tape: Tape, index: int, known: dict[Ref, Tensor]) -> None:
    """Compute an operation anew, if all that it needs is known."""
    node = tape.nodes[index]
    if node.compute is not None and all(ref in known for ref in node.operands):
        values = outputs_of(node.compute(*(known[ref] for ref in node.operands)))
        known.update((Ref(index, i), value) for i, value in enumerate(values))
