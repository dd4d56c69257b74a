"""Other axes in a loss: of a sum or a softmax, and the order in which entries are laid out."""

from collections.abc import Iterator
from itertools import permutations
from typing import cast

from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.otherwise.change import AtOperation, Change, Compute, inner
from autograd_ref.recording.slips.telling.vocabulary import called
from autograd_ref.recording.tape import Node

ALONG = frozenset(
    "_softmax _log_softmax logsumexp sum mean cumsum logcumsumexp cumprod amax amin var std prod"
    " argmax argsort sort".split()
)
"""Operations whose second argument is an axis, or several."""

LAYS_OUT = frozenset("view reshape _unsafe_view _reshape_alias".split())

MOST_AXES = 4
"""Axes at most that are laid out in all their orders. Chosen: 23 others."""


def axes(at: AtOperation) -> Iterator[Change]:
    """Yield the other axes that an operation may go along."""
    replay = at.node.compute
    if at.site.operation in ALONG and isinstance(replay, Replay) and len(replay.args) > 1:
        axis = _axis(replay.args[1])
        if axis is not None:
            ndim = at.tape.value(at.node.operands[0]).ndim
            for other in range(ndim):
                if other != axis % ndim:
                    yield _along(at, axis % ndim, other, listed=isinstance(replay.args[1], list))
    if at.site.operation in ("sort", "argsort") and isinstance(replay, Replay):
        yield at.computed("another order in the loss", "the order is reversed", 2.1, _reversed)
    if at.site.operation in ("slice", "select") and isinstance(replay, Replay):
        yield from _off_by_one(at)


def _axis(given: object) -> int | None:
    """The axis that an operation goes along; None for several."""
    if isinstance(given, list):
        found = cast("list[object]", given)
        given = found[0] if len(found) == 1 else None
    return given if type(given) is int else None


def _along(at: AtOperation, axis: int, other: int, *, listed: bool) -> Change:
    def how(node: Node) -> Compute:
        replay = node.compute
        assert isinstance(replay, Replay), "asked before"
        new = [other] if listed else other
        return Replay(replay.operation, (replay.args[0], new, *replay.args[2:]), replay.kwargs)

    said = f"the {called(at.site.operation)} is along axis {other}, not along axis {axis}"
    return at.computed("another axis in the loss", said.replace(" over an axis", ""), 2.1, how)


def _reversed(node: Node) -> Compute:
    """Sort the other way round."""
    compute = inner(node)

    def made(x: Tensor) -> object:
        return compute(-x)

    return made


def _off_by_one(at: AtOperation) -> Iterator[Change]:
    for by, so in ((-1, "the one before"), (1, "the next")):

        def how(node: Node, by: int = by) -> Compute:
            assert isinstance(node.compute, Replay), "asked before"
            return moved_on(node.compute, by)

        said = f"the index is off by one: {so} is taken"
        yield at.computed("an index off by one in the loss", said, 2.3, how)


def moved_on(cut: Replay, by: int) -> Replay:
    """Return a `select` or `slice` with its index moved on; raise IndexError where there is none.

    Args:
        cut: the operation.
        by: so far.
    """
    axis, *where = [int(n) for n in cut.args[1:]]
    length = cut.args[0].shape[axis]
    where = [min(n, length) + by for n in where[:2]]
    if min(where) < 0 or where[-1] > length - (len(where) == 1):
        raise IndexError
    return Replay(cut.operation, (cut.args[0], axis, *where), cut.kwargs)


def orders(at: AtOperation) -> Iterator[Change]:
    """Yield the other orders in which entries may be laid out."""
    if at.site.operation not in LAYS_OUT or not at.node.operands:
        return
    old, new = at.tape.value(at.node.operands[0]), at.node.values[0]
    if 1 < old.ndim <= MOST_AXES and new.ndim < old.ndim:
        for order in _orders(old):

            def joined(node: Node, order: tuple[int, ...] = order) -> Compute:
                shape = node.values[0].shape

                def made(x: Tensor) -> Tensor:
                    return x.permute(order).reshape(shape)

                return made

            said = f"the axes of {{operand0}} are laid out in the order {_said(order)}"
            yield at.computed("another order in the loss", said, 2.2, joined)
    elif 1 < new.ndim <= MOST_AXES and new.ndim > old.ndim:
        for order in _orders(new):

            def split(node: Node, order: tuple[int, ...] = order) -> Compute:
                compute = inner(node)
                shape = node.values[0].shape
                sizes = [shape[i] for i in order]
                back = sorted(range(len(order)), key=lambda i: order[i])

                def made(x: Tensor) -> Tensor:
                    found = compute(x)
                    assert isinstance(found, Tensor), "a view is one"
                    return found.reshape(sizes).permute(back)

                return made

            said = f"{{operand0}} is split into axes in the order {_said(order)}"
            yield at.computed("another order in the loss", said, 2.2, split)


def _orders(x: Tensor) -> Iterator[tuple[int, ...]]:
    """Yield the orders of axes that make a difference."""
    long = [n > 1 for n in x.shape]
    plain = [i for i in range(x.ndim) if long[i]]
    for order in permutations(range(x.ndim)):
        if [i for i in order if long[i]] != plain:
            yield order


def _said(order: tuple[int, ...]) -> str:
    return ", ".join(str(i) for i in order)
