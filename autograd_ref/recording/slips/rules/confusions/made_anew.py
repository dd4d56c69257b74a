"""An operand that is computed anew for the way back, from another value or another index.

With gate * up it is the sigmoid for the gate; with a count of neighbours the senders for the
receivers.
"""

from collections.abc import Iterator
from functools import partial

from torch import Tensor

from autograd_ref.recording.slips.rules.confusions.wrong_index import TAKE, alike
from autograd_ref.recording.slips.sites import Other, found_on, mentioned
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Ref, Tape, outputs_of

COMBINES = frozenset("mul add sub div".split())
"""Operations of which one operand may be another value's."""

NEAR = 2
"""Steps back to a value that may stand for one. Chosen: a sigmoid for the product with it."""

DEEP = 5
"""Steps back to an index. Chosen: a count of it, kept from 0, with a further axis."""

Path = tuple[int, ...]
"""The numbers of operands that lead from an operation back to a value."""


def made_anew(tape: Tape, index: int, place: int) -> Iterator[tuple[Rule, Other]]:
    """Yield operands that are computed anew on the way back, with what is used for it.

    Args:
        tape: the record.
        index: the operation.
        place: the number of the operand that the step leads to.
    """
    for number, ref in enumerate(tape.nodes[index].operands):
        before = tape.nodes[ref.node]
        if number == place:
            continue
        if before.site.operation in COMBINES and len(before.operands) > 1:
            for inner, one in enumerate(before.operands):
                for other in _near(tape, index, one):
                    yield _rule((number, inner), one), other
        for path, leaf in _indices(tape, ref, (number,)) if before.operands else ():
            for other in alike(tape, index, leaf):
                yield _rule(path, leaf), other


def _near(tape: Tape, index: int, ref: Ref) -> Iterator[Other]:
    """Yield the values of one shape that a value is computed from."""
    left, shape = [ref], tape.value(ref).shape
    for _step in range(NEAR):
        left = [r for one in left for r in tape.reached(one.node) if tape.value(r).shape == shape]
        for one in dict.fromkeys(left):
            other = Other(tape.nodes[one.node].site, one.output)
            if found_on(tape, other, index) == one:
                yield other


def _indices(tape: Tape, ref: Ref, path: Path) -> Iterator[tuple[Path, Ref]]:
    """Yield the indices that a value is computed from, with the way to them."""
    node = tape.nodes[ref.node]
    if len(path) > DEEP or (ref in tape.moving and node.site.operation not in TAKE):
        return
    for inner, one in enumerate(node.operands):
        if tape.value(one).is_floating_point() or tape.nodes[one.node].operands:
            yield from _indices(tape, one, (*path, inner))
        elif tape.value(one).ndim:
            yield (*path, inner), one


def _rule(path: Path, instead: Ref) -> Rule:
    return Rule(
        "an operand made of another",
        partial(_made, path),
        f"the derivative by {{x}} is taken with {{operand{path[0]}}} computed from {{other}}, not"
        f" from {mentioned(instead)}",
        2.3,
        f"use {{operand{path[0]}}}",
    )


def _made(path: Path, at: At, other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    assert other is not None, "another is used"
    operand = at.step.node.operands[path[0]]
    anew = _replaced(at.steps.tape, operand, path[1:], other)
    return at.step.with_operand(path[0], anew).back({0: at.c.unsqueeze(0)})[at.place][0]


def _replaced(tape: Tape, ref: Ref, path: Path, value: Tensor) -> Tensor:
    """A value, computed with another at the end of a way back."""
    if not path:
        return value
    node = tape.nodes[ref.node]
    operands = [tape.value(one) for one in node.operands]
    operands[path[0]] = _replaced(tape, node.operands[path[0]], path[1:], value)
    assert node.compute is not None, "it has operands"
    return outputs_of(node.compute(*operands))[ref.output]
