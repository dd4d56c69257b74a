"""Recorded operations as functions of their tensors: they can be done again, or otherwise."""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

from autograd_ref.torch_internals import memory_of

Geometry = tuple[int, tuple[int, ...], tuple[int, ...], torch.dtype]
"""Where a tensor lies in its memory."""


class Replay:
    """An operation as a function of its tensors.

    Args:
        operation: as it is dispatched.
        args: its arguments.
        kwargs: likewise.
    """

    def __init__(self, operation: Any, args: Any, kwargs: Any) -> None:
        self.operation, self.args, self.kwargs = operation, args, kwargs

    def __call__(self, *operands: Tensor) -> object:
        """Return the outputs."""
        found = iter(operands)
        args, kwargs = _mapped(
            lambda one: next(found) if isinstance(one, Tensor) else one, (self.args, self.kwargs)
        )
        return self.operation(*args, **kwargs)

    def on_copies(self, *operands: Tensor) -> object:
        """Return the outputs of an operation that writes into some of its operands as well."""
        return self(*(operand.clone() for operand in operands))

    def with_number(self, which: int, change: Callable[[Any], Any]) -> "Replay":
        """Return the operation with one of the numbers among its arguments changed."""
        seen = -1

        def changed(one: Any) -> Any:
            nonlocal seen
            if not isinstance(one, int | float):
                return one
            seen += 1
            return change(one) if seen == which else one

        args, kwargs = _mapped(changed, (self.args, self.kwargs))
        return Replay(self.operation, args, kwargs)


class Rewrite:
    """An operation that writes, as a function of what the memory held and of its tensors."""

    def __init__(
        self, operation: Any, args: Any, kwargs: Any, target: Tensor, whole: Geometry
    ) -> None:
        self.operation, self.args, self.kwargs = operation, args, kwargs
        self._memory, self._geometry = memory_of(target), geometry_of(target)
        self._shift = target.storage_offset() - whole[0]

    def __call__(self, whole: Tensor, *operands: Tensor) -> Tensor:
        """Return what the memory holds then."""
        copy = whole.clone()
        _offset, size, stride, _dtype = self._geometry
        target = copy.as_strided(size, stride, copy.storage_offset() + self._shift)
        found = iter(operands)

        def replaced(old: Any) -> Any:
            if not isinstance(old, Tensor):
                return old
            new = next(found)
            same = memory_of(old) == self._memory and geometry_of(old) == self._geometry
            return target if same else new

        args, kwargs = _mapped(replaced, (self.args, self.kwargs))
        self.operation(*args, **kwargs)
        return copy


def geometry_of(tensor: Tensor) -> Geometry:
    """Where a tensor lies in its memory."""
    return int(tensor.storage_offset()), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype


def numbers_in(nest: object) -> tuple[float, ...]:
    """The numbers in a nest of arguments, in their order, true and false as 1 and 0."""
    found: list[float] = []

    def take(one: Any) -> None:
        if isinstance(one, int | float):
            found.append(float(one))

    _ = _mapped(take, nest)
    return tuple(found)


def _mapped(change: Callable[[Any], Any], nest: Any) -> Any:
    """Return a nest with each leaf changed; PyTorch's own way takes ten times as long."""
    if isinstance(nest, list | tuple):
        items = [_mapped(change, item) for item in cast("list[Any]", nest)]
        return tuple(items) if isinstance(nest, tuple) else items
    if isinstance(nest, dict):
        return {key: _mapped(change, one) for key, one in cast("dict[str, Any]", nest).items()}
    return change(nest)
