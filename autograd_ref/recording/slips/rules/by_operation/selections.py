"""Wrong derivatives of a selection: where an entry is taken several times, = for +=."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

LONGEST = 64
"""Indices along an axis that are gone through one by one. Chosen."""

Numbers = NDArray[np.float64]
Scatter = Callable[[Numbers, NDArray[np.int64], Numbers], None]
"""Puts what comes back into what reaches the operand, at the entries that were selected."""


def _last(into: Numbers, at: NDArray[np.int64], c: Numbers) -> None:
    into[at.ravel()] = c.ravel()


def _first(into: Numbers, at: NDArray[np.int64], c: Numbers) -> None:
    into[at.ravel()[::-1]] = c.ravel()[::-1]


def _mean(into: Numbers, at: NDArray[np.int64], c: Numbers) -> None:
    np.add.at(into, at.ravel(), c.ravel())
    into /= np.maximum(1, np.bincount(at.ravel(), minlength=into.size))


def _mean_of_all(into: Numbers, at: NDArray[np.int64], c: Numbers) -> None:
    _mean(into, at, c)
    into *= len(at)


def _once_each(axis: int) -> Scatter:
    """Along an axis one after another, in each an entry once: `into[at] += c` in a loop."""

    def scatter(into: Numbers, at: NDArray[np.int64], c: Numbers) -> None:
        for some, back in zip(np.moveaxis(at, axis, 0), np.moveaxis(c, axis, 0), strict=True):
            part = np.zeros_like(into)
            _last(part, some, back)
            into += part

    return scatter


def selections(_node: Node, _place: int, _x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of operations that take entries of an operand."""
    table: Sequence[tuple[Scatter, str, float]] = (
        (_last, "only the last time that an entry of {x} is taken counts", 1.9),
        (_first, "only the first time that an entry of {x} is taken counts", 2.1),
        (
            _mean,
            "what comes back for an entry of {x} is averaged over the times that it is taken",
            2.4,
        ),
        (
            _mean_of_all,
            "what comes back for an entry of {x} is divided by the times that it is taken, not by"
            f" {len(y) if y.ndim else 1}, the times that any is",
            2.4,
        ),
        *(
            (
                _once_each(axis),
                f"in a loop along axis {axis} of {{y}}, an entry of {{x}} that a turn takes several"
                " times counts once",
                2.2,
            )
            for axis in range(y.ndim)
            if 1 < y.shape[axis] <= LONGEST
        ),
    )
    for scatter, said, rank in table:
        yield Rule(
            "repeats do not add up", _scattered(scatter), said, rank, "add them up: += (np.add.at)"
        )

    for row, which in ((0, "first"), (-1, "last")):
        yield Rule(
            "a row for padding",
            _without(row),
            f"nothing comes back to the {which} row of {{x}}, as if it were padding",
            2.3,
            "give it what comes back for it, or give the embedding its padding_idx",
        )


def _without(row: int) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        found = at.right.clone()
        _ = found[row].zero_()
        return found

    return made


def padded(node: Node, place: int, x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of an embedding, which may have a row that stands for nothing."""
    yield from selections(node, place, x, y)
    assert isinstance(node.compute, Replay), "asked before"
    _table, index, *others = node.compute.args
    if not others or int(others[0]) < 0:
        return

    def counted(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        where = at.step.operands[1] if at.step is not None else index
        rows = at.c.reshape(-1, at.x.shape[-1])
        return torch.zeros_like(at.x).index_add(0, where.reshape(-1), rows)

    yield Rule(
        "the padding counted",
        counted,
        f"what comes back for row {int(others[0])} of {{x}}, the padding, counts",
        1.9,
        "leave that row out",
    )


def chosen(_node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield what goes to the entries that are not taken: the other branch, an inverted mask."""

    def inverted(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        return (at.c - at.right) if at.c.shape == at.right.shape else None

    yield Rule(
        "a mask inverted",
        inverted,
        "what comes back goes to {x} where the other is taken: the mask is inverted",
        1.9,
        "use the mask as the operation does",
    )


def added(_node: Node, place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield what comes back where entries are added to, if they are taken to be replaced."""
    said = "nothing comes back to the entries of {x} that are added to, as if they were replaced"
    rule = Rule("added for replaced", _replaced, said, 1.9, "pass on what comes back")
    yield from [rule] if place == 0 else []


def _replaced(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    step = at.step
    assert step is not None, "made at steps only"
    assert step.node.compute is not None, "what is linear is computed"
    ones = [torch.ones_like(o) if o.is_floating_point() else o for o in step.operands]
    touched = step.node.compute(torch.zeros_like(at.x), *ones[1:])
    return at.c * (touched == 0) if isinstance(touched, Tensor) else None


def _scattered(scatter: Scatter) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        step = at.step
        assert step is not None, "made at steps only"
        assert step.node.compute is not None, "what is linear is computed"
        numbers = torch.arange(at.x.numel(), dtype=at.x.dtype, device=at.x.device).view_as(at.x)
        operands = [numbers if i == at.place else o for i, o in enumerate(step.operands)]
        taken = step.node.compute(*operands)
        assert isinstance(taken, Tensor), "a selection is one"
        where = taken.numpy(force=True).astype(np.int64)
        if np.unique(where).size == where.size:
            return None
        into = np.zeros(at.x.numel())
        scatter(into, where, at.c.numpy(force=True))
        return torch.from_numpy(into).reshape(at.x.shape)

    return made
