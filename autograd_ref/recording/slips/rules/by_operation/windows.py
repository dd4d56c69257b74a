"""Wrong derivatives of pooling, of maxima, and of convolutions."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

if TYPE_CHECKING:
    from autograd_ref.recording.slips.slip_names import SlipName

Made = Callable[[At, Tensor | None, Tensor | None], Tensor | None]


def max_pool(node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of max pooling."""
    assert isinstance(node.compute, Replay), "asked before"
    _image, size, *rest = node.compute.args
    stride, padding = (rest[0] if rest else size) or size, rest[1] if len(rest) > 1 else 0
    count = size[0] * size[-1]

    def shared(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        leaf = at.x.detach().requires_grad_()
        with torch.enable_grad():
            pooled = functional.avg_pool2d(leaf, size, stride, padding)
        return torch.autograd.grad(pooled, leaf, at.c)[0]

    def to_all(at: At, other: Tensor | None, c: Tensor | None) -> Tensor | None:
        found = shared(at, other, c)
        return None if found is None else count * found

    yield from _of_maximum(shared, to_all, "window")


def _of_maximum(shared: Made, to_all: Made, of: str) -> Iterator[Rule]:
    fix = "send it to the entry that was taken"
    said = f"what comes back goes to all entries of a {of}"
    yield Rule("sent to all", to_all, said, 2.0, fix)
    said = f"what comes back is shared among the entries of a {of}"
    yield Rule("shared among all", shared, said, 2.0, fix)


def extreme(node: Node, _place: int, x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of the largest or smallest entries along axes."""
    if x.numel() == y.numel() or len(node.operands) > 1:
        return
    assert isinstance(node.compute, Replay), "asked before"
    dims = node.compute.args[1:2]
    over = (
        [d % x.ndim for d in ([dims[0]] if isinstance(dims[0], int) else dims[0])] if dims else []
    )

    def to_all(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        c = at.c
        for axis in sorted(over) if c.ndim < at.x.ndim else ():
            c = c.unsqueeze(axis)
        return c.expand_as(at.x)

    def shared(at: At, other: Tensor | None, c: Tensor | None) -> Tensor | None:
        found = to_all(at, other, c)
        return None if found is None else found * (at.y.numel() / at.x.numel())

    yield from _of_maximum(shared, to_all, "row")


def convolution(node: Node, place: int, _x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of a convolution, by its input (0) and by its kernel (1)."""
    if place > 1:
        return
    assert isinstance(node.compute, Replay), "asked before"
    axes = list(range(2, y.ndim))
    padding: list[int] = node.compute.args[4]

    def moved(sign: int) -> Callable[[At], Tensor | None]:
        return lambda at: _moved(at.right, axes, padding, sign)

    def turned(over: list[int]) -> Callable[[At], Tensor | None]:
        return lambda at: at.right.flip(over)

    def with_changed(
        which: int, change: Callable[[Tensor], Tensor]
    ) -> Callable[[At], Tensor | None]:
        return lambda at: _with(at, which, change)

    def unpadded(at: At) -> Tensor | None:
        return _unpadded(at, padding)

    table: list[tuple[SlipName, Callable[[At], Tensor | None], str, float]] = [
        ("turned over along one axis", turned([one]), f"is flipped along axis {one}", 2.5)
        for one in axes
    ]
    table.extend(
        ("shifted by the padding", moved(sign), "is shifted by the padding", 2.3)
        for sign in (1, -1)
    )
    if place == 0:
        table.append(
            (
                "kernel not turned",
                with_changed(1, lambda kernel: kernel.flip(axes)),
                "comes through the kernel flipped",
                1.9,
            )
        )
    else:
        table.extend(
            [
                ("kernel turned", turned(axes), f"is flipped along {_of(axes)}", 1.9),
                (
                    "padding left out",
                    unpadded,
                    "is taken from windows without the padding",
                    2.0,
                ),
                (
                    "padding twice",
                    with_changed(0, lambda image: _moved(image, axes, padding, 1)),
                    "is taken from windows shifted by the padding once more",
                    2.2,
                ),
            ]
        )
    for name, change, said, rank in table:
        fix = "flip it back" if "flipped" in said else "take the windows that the loss takes"
        yield Rule(name, _of_step(change), f"what reaches {{x}} {said}", rank, fix)


def _of(axes: list[int]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(map(str, axes))}"


def _of_step(change: Callable[[At], Tensor | None]) -> Made:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        return change(at)

    return made


def _with(at: At, place: int, change: Callable[[Tensor], Tensor]) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    step = at.step.with_operand(place, change(at.step.operands[place]))
    return step.back({0: at.c.unsqueeze(0)})[at.place][0]


def _unpadded(at: At, padding: list[int]) -> Tensor | None:
    """The gradient by the kernel where the windows begin at the image, not at its padding."""
    assert at.step is not None, "made at steps only"
    assert isinstance(at.step.node.compute, Replay), "asked before"
    image, kernel, *_bias = at.step.operands
    after = [n for one in reversed(padding) for n in (0, 2 * one)]
    rest = at.step.node.compute.args[3:]
    leaf = kernel.detach().requires_grad_()
    with torch.enable_grad():
        moved = torch.convolution(
            functional.pad(image, after), leaf, None, rest[0], [0] * len(padding), *rest[2:]
        )
    return torch.autograd.grad(moved, leaf, at.c)[0]


def _moved(x: Tensor, axes: list[int], by: list[int], sign: int) -> Tensor:
    """A tensor shifted along axes, with zeros where nothing comes in."""
    for axis, steps in zip(axes, by, strict=False):
        if steps:
            x = x.roll(sign * steps, axis).clone()
            gone = (0, steps) if sign > 0 else (x.shape[axis] - steps, steps)
            x.narrow(axis, *gone).zero_()
    return x
