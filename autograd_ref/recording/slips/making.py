"""Slips made in many rows of a sweep: those of one kind at a place all at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.slips.sites import found_on
from autograd_ref.recording.slips.slip import AroundStep, AtRows, Many, Slip, fits
from autograd_ref.recording.tape import Ref


class Together(NamedTuple):
    """Slips at one place that are made alike, with their rows."""

    many: Many | None
    """How they are made all at once; None where each is made by itself."""
    rows: list[int]
    slips: list[Slip]


def together(slips: Iterable[tuple[int, Slip]]) -> list[Together]:
    """Sort slips by how they are made.

    Args:
        slips: with their rows.
    """
    found: dict[Many | None, Together] = {}
    for row, slip in slips:
        many = slip.rule.many
        alike = found.setdefault(many, Together(many, [], []))
        alike.rows.append(row)
        alike.slips.append(slip)
    return list(found.values())


def made_at(around: AroundStep, right: Tensor, wrong: Sequence[Together]) -> Tensor:
    """Return what reaches an operand, in every row, where slips are made in some.

    Args:
        around: the step back.
        right: what reaches it without.
        wrong: the slips; where one cannot be made, nothing is wrong.
    """
    found = right.clone()
    for alike in wrong:
        left = alike
        if alike.many is not None:
            left = _all_at_once(around, right, alike, found)
        for row, slip in zip(left.rows, left.slips, strict=True):
            made = slip.made(around.row(row, right[row]))
            if made is not None:
                found[row] = made
    return found


def _all_at_once(around: AroundStep, right: Tensor, alike: Together, found: Tensor) -> Together:
    """Put what many slips make of a step into their rows; return those that are left to make."""
    left = Together(None, [], [])
    for shape, some in _by_shape(around, alike, found).items():
        made = None
        if shape is not None and len(some) > 1:
            made = _made(around, right, alike, some)
        if made is None:
            left.rows.extend(alike.rows[i] for i in some)
            left.slips.extend(alike.slips[i] for i in some)
        else:
            found[[alike.rows[i] for i in some]] = made.to(found.dtype)
    return left


def _by_shape(
    around: AroundStep, alike: Together, found: Tensor
) -> Mapping[torch.Size | None, dict[int, Ref | None]]:
    """Sort slips by the shape of their other values, which are found by the numbers of the slips.

    Those that have none at this place are left out, and made.
    """
    tape, node = around.steps.tape, around.edge.node
    sorted_: dict[torch.Size | None, dict[int, Ref | None]] = {}
    for i, slip in enumerate(alike.slips):
        ref = None
        if slip.other is not None:
            key = id(slip.other), node
            if key not in around.others:
                around.others[key] = slip.other, found_on(tape, slip.other, node)
            ref = around.others[key][1]
            if ref is None:
                if slip.rule.zero_beyond:
                    found[alike.rows[i]] = 0
                continue
        shape = torch.Size() if ref is None else tape.value(ref).shape
        sorted_.setdefault(shape, {})[i] = ref
    return sorted_


def _made(
    around: AroundStep, right: Tensor, alike: Together, some: Mapping[int, Ref | None]
) -> Tensor | None:
    """The contributions of slips of one shape; None where they have to be made one by one."""
    assert alike.many is not None, "asked before"
    rows = torch.tensor([alike.rows[i] for i in some], device="cpu")
    first = around.row(alike.rows[0], right[alike.rows[0]]).at()
    given = next(iter(around.given.values()), right)
    refs = [ref for ref in some.values() if ref is not None]
    values = [around.steps.tape.value(ref) for ref in refs]

    def cotangents() -> Tensor | None:
        each = [around.cotangent(ref, int(row)) for ref, row in zip(refs, rows, strict=True)]
        found = [one for one in each if one is not None]
        return torch.stack(found) if len(found) == len(each) else None

    at = AtRows(
        first.step,
        first.place,
        first.x,
        first.y,
        given[rows],
        right[rows],
        torch.stack(values) if values else None,
        cotangents,
        [alike.slips[i].rule for i in some],
    )
    try:
        made = alike.many(at)
    except (RuntimeError, IndexError, ValueError):  # of operands that do not fit together
        return None
    return made if made is not None and fits(made, at.right) else None
