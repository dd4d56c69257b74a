"""Names of the values of a record: those in the loss, or the expressions."""

from autograd_ref.recording.slips.spots import RESHAPES
from autograd_ref.recording.slips.telling.formulas import formula
from autograd_ref.recording.slips.telling.vocabulary import called
from autograd_ref.recording.tape import Node, Ref, Tape
from autograd_ref.tree.nest import name_of


def name(tape: Tape, ref: Ref, seen_from: int | None = None) -> str:
    """Return what the caller calls a value, or the expression that it comes from.

    Args:
        tape: the record.
        ref: the value.
        seen_from: the operation at which it is spoken of: what is inside of the same expression is
            "its mean", and what is of another turn of a loop "of the step before".
    """
    known = _known(tape, ref)
    if known:
        return known
    node = tape.nodes[ref.node]
    if node.site.operation in SAME and node.operands and is_inside(tape, node.operands[0].node):
        return name(tape, node.operands[0], seen_from)
    if node.place.text and (ref.output or is_inside(tape, ref.node)):
        short = formula(tape, ref, lambda one: outside(tape, one, ref))
        if short:
            return short
        if node.site.operation in PARTS:
            return f"a part of {name(tape, node.operands[0], seen_from)}"
        word = called(node.site.operation)
        if seen_from is not None and tape.nodes[seen_from].place == node.place:
            return f"its {word}"
        return f"the {word} in `{node.place.text}`"
    if node.place.text:
        return f"`{node.place.text}`"
    return _constant(node) or "a constant"


def outside(tape: Tape, ref: Ref, inside: Ref) -> str:
    """Return the name of a value from outside of an expression; empty where it is inside."""
    same = tape.nodes[ref.node].site.where == tape.nodes[inside.node].site.where
    if same and ref.node not in (path.node for path in tape.parameters.values()):
        return ""
    return name(tape, ref)


def _known(tape: Tape, ref: Ref) -> str:
    """The name of a value, or of what it is only another view of."""
    if ref in tape.names:
        return tape.names[ref]
    for path, parameter in tape.parameters.items():
        if parameter == ref:
            return name_of(path, root="the parameters")
    node = tape.nodes[ref.node]
    if node.site.operation in SAME and node.operands:
        return _known(tape, node.operands[0])
    return ""


PARTS = frozenset("select slice index gather index_select".split())
"""Operations whose result is some entries of the operand."""

SAME = frozenset("alias clone contiguous _to_copy lift_fresh unsqueeze expand".split())
"""Operations whose result is what the caller calls by the name of the operand."""


def is_inside(tape: Tape, index: int) -> bool:
    """Return whether an operation is one of several inside an expression, and not its result."""
    if tape.nodes[index].compute is None:
        return False
    return index != max(_of_the_expression(tape, index), default=index)


def is_one_of_several(tape: Tape, index: int) -> bool:
    """Return whether an expression has several operations that do more than arrange entries."""
    return len(_of_the_expression(tape, index)) > 1


def _of_the_expression(tape: Tape, index: int) -> list[int]:
    """The operations of the expression of one, in its turn."""
    node = tape.nodes[index]
    return [
        i
        for site, nodes in tape.turns.items()
        if site.where == node.site.where and site.operation not in RESHAPES | SAME
        for i in nodes
        if tape.nodes[i].turn == node.turn and tape.nodes[i].compute is not None
    ]


def step_of(tape: Tape, ref: Ref, index: int) -> str:
    """Return how a value of a loop is told from that of another turn, as seen from an operation."""
    node, here = tape.nodes[ref.node], tape.nodes[index]
    if len(tape.turns[node.site]) < 2 or len(tape.turns[here.site]) < 2:
        return ""
    if node.turn < here.turn:
        return " of the step before"
    return " of the step after" if node.turn > here.turn else " of the same step"


def _constant(node: Node) -> str:
    value = node.values[0]
    return f"{float(value):.6g}" if value.numel() == 1 and not value.is_complex() else ""
