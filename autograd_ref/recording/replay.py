"""Recorded operations as functions of their tensors: they can be done again, or otherwise."""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

from autograd_ref.torch_internals import memory_of, tensors_within, with_tensors_replaced

Geometry = tuple[int, tuple[int, ...], tuple[int, ...], torch.dtype]
"""Where a tensor lies in its memory."""


class Replay:
    """An operation as a function of its tensors, done on the CPU wherever it was recorded.

    Args:
        operation: as it is dispatched.
        args: its arguments.
        kwargs: likewise.
    """

    def __init__(self, operation: Any, args: Any, kwargs: Any) -> None:
        self.operation, self.args, self.kwargs = operation, args, _on_the_cpu(kwargs)
        self._in_front = _tensors_in_front(args, kwargs)

    def __call__(self, *operands: Tensor) -> object:
        """Return the outputs."""
        if self._in_front == len(operands):  # most: without a walk through the arguments
            return self.operation(*operands, *self.args[self._in_front :], **self.kwargs)
        found = iter(operands)
        args, kwargs = with_tensors_replaced(lambda _t: next(found), (self.args, self.kwargs))
        return self.operation(*args, **kwargs)

    def on_copies(self, *operands: Tensor) -> object:
        """Return the outputs of an operation that writes into some of its operands as well."""
        return self(*(operand.clone() for operand in operands))

    def with_number(self, which: int, change: Callable[[Any], Any]) -> "Replay":
        """Return the operation with one of the numbers among its arguments changed."""
        seen = -1

        def walk(one: Any) -> Any:
            nonlocal seen
            if isinstance(one, list | tuple):
                items = [walk(item) for item in cast("list[Any]", one)]
                return tuple(items) if isinstance(one, tuple) else items
            if isinstance(one, dict):
                return {key: walk(value) for key, value in cast("dict[str, Any]", one).items()}
            if isinstance(one, int | float):
                seen += 1
                return change(one) if seen == which else one
            return one

        args, kwargs = walk((self.args, self.kwargs))
        return Replay(self.operation, args, kwargs)


def _tensors_in_front(args: Any, kwargs: Any) -> int:
    """How many arguments are tensors, where they are the first and no other holds any; else -1."""
    count = next((i for i, one in enumerate(args) if not isinstance(one, Tensor)), len(args))
    return -1 if tensors_within((args[count:], kwargs)) else count


class Rewrite:
    """An operation that writes, as a function of what the memory held and of its tensors."""

    def __init__(
        self, operation: Any, args: Any, kwargs: Any, target: Tensor, whole: Geometry
    ) -> None:
        self.operation, self.args, self.kwargs = operation, args, _on_the_cpu(kwargs)
        self._memory, self._geometry = memory_of(target), geometry_of(target)
        self._shift = target.storage_offset() - whole[0]

    def __call__(self, whole: Tensor, *operands: Tensor) -> Tensor:
        """Return what the memory holds then."""
        copy = whole.clone()
        _offset, size, stride, _dtype = self._geometry
        target = copy.as_strided(size, stride, copy.storage_offset() + self._shift)
        found = iter(operands)

        def replaced(old: Tensor) -> Tensor:
            new = next(found)
            same = memory_of(old) == self._memory and geometry_of(old) == self._geometry
            return target if same else new

        args, kwargs = with_tensors_replaced(replaced, (self.args, self.kwargs))
        self.operation(*args, **kwargs)
        return copy


def _on_the_cpu(kwargs: Any) -> Any:
    """The arguments by keyword, of which one may be the device that the result lies on."""
    return {k: torch.device("cpu") if k == "device" else value for k, value in kwargs.items()}


def geometry_of(tensor: Tensor) -> Geometry:
    """Where a tensor lies in its memory."""
    return int(tensor.storage_offset()), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype


def numbers_in(nest: object) -> tuple[float, ...]:
    """The numbers in a nest of arguments, in their order, true and false as 1 and 0."""
    found: list[float] = []

    def walk(one: Any) -> None:
        if isinstance(one, list | tuple):
            for item in cast("list[Any]", one):
                walk(item)
        elif isinstance(one, dict):
            walk([*cast("dict[str, Any]", one).values()])
        elif isinstance(one, int | float):
            found.append(float(one))

    walk(nest)
    return tuple(found)
