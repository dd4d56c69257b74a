"""Sums of logarithms in a recursion, as in forward and backward passes over a chain.

The backward pass is written with the same sums as the forward one: a term is forgotten in it,
taken of the turn beside, or transposed.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.rules.others import Others
from autograd_ref.recording.slips.rules.paths import broadcasts
from autograd_ref.recording.slips.sites import Other, found_on
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Ref, Tape

FIX = "use the same terms as on the way forward"

RESHAPED = ("view", "unsqueeze", "expand")
ADDS = ("add", *RESHAPED)


def log_sums(others: Others, index: int, place: int) -> Iterator[tuple[Rule, Other | None]]:
    """Yield the wrong steps back to a term of a sum whose logsumexp is taken, in a loop.

    Args:
        others: the values of the record.
        index: the sum.
        place: the term.
    """
    tape = others.tape
    node = tape.nodes[index]
    turns = len(tape.turns[node.site])
    if node.site.operation != "add" or turns < 2 or not _is_in_logsumexp(tape, index):
        return
    y, own = node.values[0], node.operands[place]
    for other, value in others.at(index):
        ref = found_on(tape, other, index)
        if other.turns_before or other.operand is not None or ref == own or ref is None:
            continue
        if not broadcasts(value, y) or value.ndim == 0 or tape.value(own).shape == y.shape:
            continue
        if not _is_term(tape, ref, turns):
            continue
        ways = [_left_out, _of_the_turn_before, _of_the_turn_after]
        if value.ndim > 1 and value.shape[-1] == value.shape[-2]:
            ways.append(_transposed)
        for way in ways:
            for normalised in (False, True):
                yield _rule(other, way, normalised), other


def _is_in_logsumexp(tape: Tape, index: int) -> bool:
    """Return whether the logsumexp of a sum is taken, perhaps of more terms."""
    left = [index]
    while left:
        for use in tape.uses.get(Ref(left.pop()), ()):
            operation = tape.nodes[use].site.operation
            if operation == "logsumexp":
                return True
            if operation in ADDS:
                left.append(use)
    return False


def _is_term(tape: Tape, ref: Ref, turns: int) -> bool:
    """Return whether a value is added up in a loop."""
    return any(
        tape.nodes[use].site.operation in ADDS and len(tape.turns[tape.nodes[use].site]) == turns
        for use in tape.uses.get(ref, ())
    )


def _left_out(_tape: Tape, _ref: Ref, value: Tensor) -> Tensor:
    return torch.zeros_like(value)


def _transposed(_tape: Tape, _ref: Ref, value: Tensor) -> Tensor:
    return value.mT


def _of_the_turn_before(tape: Tape, ref: Ref, _value: Tensor) -> Tensor | None:
    return _moved(tape, ref, -1)


def _of_the_turn_after(tape: Tape, ref: Ref, _value: Tensor) -> Tensor | None:
    return _moved(tape, ref, 1)


def _moved(tape: Tape, ref: Ref, by: int) -> Tensor | None:
    """A selection made at another index, perhaps in another shape; None for other values."""
    node = tape.nodes[ref.node]
    if not isinstance(node.compute, Replay) or len(node.operands) != 1:
        return None
    if node.site.operation == "select":
        moved = node.compute.with_number(1, lambda index: index + by)(tape.value(node.operands[0]))
    elif node.site.operation in RESHAPED:
        before = _moved(tape, node.operands[0], by)
        moved = None if before is None else node.compute(before)
    else:
        return None
    return moved if isinstance(moved, Tensor) else None


Way = Callable[[Tape, Ref, Tensor], Tensor | None]


def _rule(term: Other, way: Way, normalised: bool) -> Rule:
    """Return the rule that a term is another, or none, on the way back.

    Args:
        term: which.
        way: what stands in its place.
        normalised: True where the sum of what comes back is kept.
    """

    def made(at: At, other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        assert other is not None, "there is one"
        tape, node = at.steps.tape, at.step.node
        ref = found_on(tape, term, tape.turns[node.site][node.turn])
        taken = None if ref is None else way(tape, ref, other)
        if taken is None or not broadcasts(taken - other, at.y):
            return None
        found = (at.c * (taken - other).exp()).sum_to_size(at.x.shape)
        return found * (at.right.sum() / found.sum()) if normalised else found

    said = f"{{other}} is {SAID[way]} in the sums of the way back to {{x}}"
    said += ", which are normalised" * normalised
    return Rule("a term of the sums on the way back", made, said, 2.1 + 0.05 * normalised, fix=FIX)


SAID: dict[Way, str] = {
    _left_out: "left out",
    _transposed: "transposed",
    _of_the_turn_before: "that of the turn before",
    _of_the_turn_after: "that of the turn after",
}
