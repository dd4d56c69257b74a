"""Wrong steps along an axis: one index only, averaged, centred, reversed, shifted."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import AtRows, Many, Rule, one

if TYPE_CHECKING:
    from autograd_ref.recording.slips.slip_names import SlipName

Change = Callable[[Tensor], Tensor]


def _through(changes: Sequence[Change]) -> Many:
    """The contributions to the operand where the cotangents are changed first.

    Args:
        changes: by the numbers of the rules.
    """

    def many(at: AtRows) -> Tensor:
        rows = zip(at.rules, at.c, strict=True)
        changed = torch.stack([changes[int(rule.number)](c) for rule, c in rows])
        return changed if at.step is None else at.step.back({0: changed})[at.place]

    return many


def _only(axis: int, index: int) -> Change:
    def change(c: Tensor) -> Tensor:
        kept = torch.zeros_like(c)
        kept.select(axis, index).copy_(c.select(axis, index))
        return kept

    return change


def _without(axis: int, index: int) -> Change:
    def change(c: Tensor) -> Tensor:
        kept = c.clone()
        kept.select(axis, index).zero_()
        return kept

    return change


def _averaged(axis: int) -> Change:
    return lambda c: c.mean(axis, keepdim=True).expand_as(c)


def _centred(axis: int) -> Change:
    return lambda c: c - c.mean(axis, keepdim=True)


def _summed(axis: int) -> Change:
    return lambda c: c.sum(axis, keepdim=True).expand_as(c)


def _reversed(axis: int) -> Change:
    return lambda c: c.flip(axis)


def _shifted(axis: int, by: int) -> Change:
    return lambda c: c.roll(by, axis)


def axes(ndim: int, shape: tuple[int, ...]) -> Iterator[Rule]:
    """Yield the wrong steps along each axis of the cotangent."""
    changes = list[Change]()
    many = _through(changes)
    for axis in range(ndim):
        n = shape[axis]
        if n < 2:
            continue
        of = f"axis {axis} of {{y}}"
        table: list[tuple[SlipName, Change, str, float, str]] = [
            (
                "one index only",
                _only(axis, -1),
                f"only the last index along {of} counts",
                2.0,
                "add them up: += for =",
            ),
            (
                "one index only",
                _only(axis, 0),
                f"only the first index along {of} counts",
                2.1,
                "add them up: += for =",
            ),
            (
                "one index left out",
                _without(axis, -1),
                f"the last index along {of} is left out",
                2.3,
                "take all of them",
            ),
            (
                "one index left out",
                _without(axis, 0),
                f"the first index along {of} is left out",
                2.3,
                "take all of them",
            ),
            ("averaged", _averaged(axis), f"what comes back is averaged along {of}", 2.6, ""),
            ("centred", _centred(axis), f"the mean along {of} is subtracted", 2.8, ""),
            ("summed", _summed(axis), f"what comes back is summed along {of}", 2.8, ""),
            (
                "reversed",
                _reversed(axis),
                f"what comes back is in reverse order along {of}",
                3.0,
                "",
            ),
            (
                "shifted",
                _shifted(axis, 1),
                f"what comes back is shifted by one along {of}",
                3.1,
                "",
            ),
            (
                "shifted",
                _shifted(axis, -1),
                f"what comes back is shifted by one along {of}",
                3.1,
                "",
            ),
        ]
        for name, change, said, rank, fix in table:
            number = float(len(changes))
            changes.append(change)
            yield Rule(name, one(_through([change])), said, rank, fix, many=many, number=number)
