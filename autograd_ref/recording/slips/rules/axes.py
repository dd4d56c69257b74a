"""Wrong steps along an axis: one index only, averaged, centred, reversed, shifted."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule

Made = Callable[[At, Tensor | None, Tensor | None], Tensor | None]


def _through(change: Callable[[Tensor], Tensor]) -> Made:
    """The contribution to the operand where the cotangent is changed first."""

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        changed = change(at.c)
        if at.step is None:
            return changed
        return at.step.back({0: changed.unsqueeze(0)})[at.place][0]

    return made


def _only(axis: int, index: int) -> Callable[[Tensor], Tensor]:
    def change(c: Tensor) -> Tensor:
        kept = torch.zeros_like(c)
        kept.select(axis, index).copy_(c.select(axis, index))
        return kept

    return change


def _without(axis: int, index: int) -> Callable[[Tensor], Tensor]:
    def change(c: Tensor) -> Tensor:
        kept = c.clone()
        kept.select(axis, index).zero_()
        return kept

    return change


def _averaged(axis: int) -> Callable[[Tensor], Tensor]:
    return lambda c: c.mean(axis, keepdim=True).expand_as(c)


def _centred(axis: int) -> Callable[[Tensor], Tensor]:
    return lambda c: c - c.mean(axis, keepdim=True)


def _summed(axis: int) -> Callable[[Tensor], Tensor]:
    return lambda c: c.sum(axis, keepdim=True).expand_as(c)


def _reversed(axis: int) -> Callable[[Tensor], Tensor]:
    return lambda c: c.flip(axis)


def _shifted(axis: int, by: int) -> Callable[[Tensor], Tensor]:
    return lambda c: c.roll(by, axis)


def axes(ndim: int, shape: tuple[int, ...]) -> Iterator[Rule]:
    """Yield the wrong steps along each axis of the cotangent."""
    for axis in range(ndim):
        n = shape[axis]
        if n < 2:
            continue
        of = f"axis {axis} of {{y}}"
        table: list[tuple[str, Callable[[Tensor], Tensor], str, float, str]] = [
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
            yield Rule(name, _through(change), said, rank, fix)
