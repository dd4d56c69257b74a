"""Overlapping windows of pooling and convolution that overwrite each other: = for +=."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

MOST = 1024
"""Windows that are gone through one by one. Chosen."""


class _Windows(NamedTuple):
    """The windows of an operation."""

    size: list[int]
    stride: list[int]
    padding: list[int]

    def cut(self, x: Tensor) -> Tensor:
        """The entries of each window: images, channels, places in the window, windows."""
        found = functional.unfold(
            x, tuple(self.size), padding=tuple(self.padding), stride=tuple(self.stride)
        )
        return found.reshape(x.shape[0], x.shape[1], -1, found.shape[-1])

    def last(self, each: Tensor, like: Tensor) -> Tensor | None:
        """The derivative by the images where the last window overwrites what others gave."""
        if each.shape[-1] > MOST:
            return None
        (top, left), numbers = self.padding, torch.zeros_like(like[:1, :1])
        padded = functional.pad(numbers, (left, left, top, top))
        where = torch.arange(padded.numel(), dtype=like.dtype, device=like.device).view_as(padded)
        at = _Windows(self.size, self.stride, [0, 0]).cut(where)[0, 0].long()
        found = like.new_zeros(*like.shape[:2], padded.numel())
        for window in range(each.shape[-1]):
            found[:, :, at[:, window]] = each[..., window]
        found = found.reshape(*like.shape[:2], *padded.shape[2:])
        return found[:, :, top : top + like.shape[2], left : left + like.shape[3]]


Each = Callable[[_Windows, At], Tensor]
"""The derivative by each place of each window."""


def _of_mean(windows: _Windows, at: At) -> Tensor:
    count = windows.size[0] * windows.size[1]
    return at.c.flatten(2).unsqueeze(2).expand(-1, -1, count, -1) / count


def _of_maximum(windows: _Windows, at: At) -> Tensor:
    most = windows.cut(at.x).argmax(2, keepdim=True)
    found = at.x.new_zeros(*most.shape[:2], windows.size[0] * windows.size[1], most.shape[-1])
    return found.scatter(2, most, at.c.flatten(2).unsqueeze(2))


def _of_kernel(_windows: _Windows, at: At) -> Tensor:
    assert at.step is not None, "made at steps only"
    return torch.einsum("nol,ock->nckl", at.c.flatten(2), at.step.operands[1].flatten(2))


def pooled(node: Node, _place: int, x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield the last window of pooling."""
    assert isinstance(node.compute, Replay), "asked before"
    size, *rest = node.compute.args[1:]
    stride, padding = (rest[0] if rest else size) or size, rest[1] if len(rest) > 1 else [0, 0]
    of_mean = node.site.operation == "avg_pool2d"
    if x.ndim == 4 and not (of_mean and len(rest) > 2):
        yield _rule(_Windows(size, stride, padding), _of_mean if of_mean else _of_maximum)


def convolved(node: Node, place: int, _x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield the last window of a convolution, on the way back to its input."""
    assert isinstance(node.compute, Replay), "asked before"
    _image, kernel, _bias, stride, padding, dilation, turned, _more, groups = node.compute.args
    plain = groups == 1 and not turned and set(dilation) == {1}
    if place == 0 and y.ndim == 4 and plain:
        yield _rule(_Windows(list(kernel.shape[2:]), stride, padding), _of_kernel)


def _rule(windows: _Windows, each: Each) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        return windows.last(each(windows, at), at.x)

    said = "on the way back to {x} of overlapping windows the last one overwrites the others"
    return Rule("overwritten", made, said, 2.0, "add them up: += for =")
