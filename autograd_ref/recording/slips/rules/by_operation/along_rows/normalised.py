"""Wrong derivatives of what is normalised, by its formula in one line: other means, other parts."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.slips.rules.by_operation.along_rows.of_norms import (
    Normalised,
    Terms,
    other_lengths,
    where_normalised,
)
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Ref, Tape

Made = Callable[[At, Tensor | None, Tensor | None], Tensor | None]

VIEWS = frozenset("view reshape _unsafe_view _reshape_alias permute transpose".split())
"""Operations that lay entries out otherwise."""

Change = Callable[[Normalised], Terms]


def normalised(tape: Tape, ref: Ref) -> Iterator[Rule]:
    """Yield the derivatives with something else in the formula, in all that reaches a value.

    Args:
        tape: the record.
        ref: the value.
    """
    found = where_normalised(tape, ref)
    if found is None:
        return
    site, formula = tape.nodes[found.at.node].site, found.formula
    for name, said, change in _changes(tape, found):
        of = f"in the derivative of the normalised n by x = {{x}}, {formula}, "
        yield Rule(name, _made(change), of + said, 2.1, f"use {formula}", told_at=site)
    last = "the scale of what is normalised is multiplied on last, after the way back to {x}"
    yield Rule("a factor too late", _late, last, 1.8, "multiply by it first", told_at=site)


def _changes(tape: Tape, found: Normalised) -> Iterator[tuple[SlipName, str, Change]]:
    """Yield what may stand in the formula."""
    for other in range(found.n.ndim):
        if (other,) != found.over and found.x.shape[other] > 1:
            word = "sums" if found.summed else "means"
            said = f"the {word} are along axis {other}, not along axis {found.over[0]}"
            yield "the wrong axis", said, _along(other)
    for size in () if found.summed else sorted(_counts(tape, found)):
        said = f"the means divide by {size}, not by {found.entries}"
        said = "sums stand for the means" if size == 1 else said
        yield "another count", said, _divided(found.entries / size)
    for length in other_lengths(tape, found):
        said = f"the means are over groups of {length} entries, not of {found.entries}"
        yield "other groups", said, _grouped(length)
    for said, terms in PARTS:
        yield "another formula", said, terms


PARTS: tuple[tuple[str, Change], ...] = (
    ("x stands for the first n", lambda f: f.terms()._replace(outer=f.x)),
    ("x stands for the last n", lambda f: f.terms()._replace(inner=f.x)),
    ("x stands for n", lambda f: f.terms()._replace(outer=f.x, inner=f.x)),
    ("x - mean(x) stands for the first n", lambda f: f.terms()._replace(outer=f.n * f.s)),
    ("the last n is missing", lambda f: f.terms()._replace(inner=torch.ones_like(f.n))),
    ("the first n is missing", lambda f: f.terms()._replace(outer=torch.ones_like(f.n))),
)
"""The parts of the formula that people get wrong, and how they write them."""


def _counts(tape: Tape, found: Normalised) -> set[int]:
    """The numbers that sums may be divided by: sizes of the tape, and 1."""
    sizes = {n for node in tape.nodes for value in node.values for n in value.shape}
    return ({found.entries - 1, found.n.numel(), *other_lengths(tape, found)} | sizes | {1}) - {
        0,
        found.entries,
    }


def _along(axis: int) -> Change:
    def changed(found: Normalised) -> Terms:
        ratio = found.n.shape[axis] / found.entries if found.summed else 1

        def along(c: Tensor) -> Tensor:
            return ratio * c.mean(axis, keepdim=True)

        return found.terms()._replace(along=along)

    return changed


def _divided(ratio: float) -> Change:
    def changed(found: Normalised) -> Terms:
        def along(c: Tensor) -> Tensor:
            return ratio * found.mean(c)

        return found.terms()._replace(along=along)

    return changed


def _grouped(length: int) -> Change:
    def along(c: Tensor) -> Tensor:
        rows = c.reshape(-1, length).mean(1, keepdim=True)
        return rows.expand(-1, length).reshape(c.shape)

    return lambda found: found.terms()._replace(along=along)


def _made(change: Change) -> Made:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        found = where_normalised(at.steps.tape, at.ref)
        c = None if found is None else at.cotangent(found.at)
        if found is None or c is None:
            return None
        return at.right - found.back(c) + found.back(c, change(found))

    return made


def _late(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    """All that reaches a value, if the scale comes last."""
    tape = at.steps.tape
    found = where_normalised(tape, at.ref)
    if found is None:
        return None
    between, last = list[int](), found.at
    while len(tape.uses[last]) == 1 and tape.nodes[tape.uses[last][0]].site.operation in VIEWS:
        between.append(tape.uses[last][0])
        last = Ref(between[-1])
    product = tape.uses[last][0]
    node = tape.nodes[product]
    c, scaled = at.cotangent(found.at), at.cotangent(Ref(product))
    if node.site.operation != "mul" or len(node.operands) < 2 or c is None or scaled is None:
        return None
    scale = tape.value(node.operands[1 - node.operands.index(last)])
    if scale.numel() == tape.value(last).numel() or scaled.shape != tape.value(last).shape:
        return None

    def back(rows: Tensor) -> Tensor:
        for index in reversed(between):
            rows = at.steps[index].back({0: rows.unsqueeze(0)})[0][0]
        return rows

    ones = torch.ones_like(scaled)
    return at.right - found.back(c) + back(scale * ones) * found.back(back(scaled))
