"""A loss in NumPy as one of tensors, so that its steps can be followed: for causes alone.

Its code runs as it stands, with PyTorch's versions of NumPy's functions under NumPy's names.
Nothing is believed of it before it gives the numerical gradient of the loss.
"""

import operator
import sys
import types
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.recording.frames import is_foreign
from autograd_ref.recording.numpy_code.numpy_names import stand_in
from autograd_ref.torch_internals import array_of, tensor_in
from autograd_ref.tree.leaf import is_tensor
from autograd_ref.tree.nest import rebuilt

Function = Callable[..., Any]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "subtract": operator.sub,
    "mul": operator.mul,
    "multiply": operator.mul,
    "div": operator.truediv,
    "divide": operator.truediv,
    "true_divide": operator.truediv,
    "pow": operator.pow,
}
"""Python's operators by the names of PyTorch's functions."""

NUMBERS = np.ndarray, np.generic
OTHERS = sys.stdlib_module_names | {"scipy"}
"""Packages whose functions run as they are."""


def of_numpy(function: Function) -> Function:
    """The function of tensors whose code is that of a function of arrays.

    Args:
        function: in Python; the caller's functions that it calls go with it.
    """
    made: list[Function] = []

    def of_tensors(*arguments: Any) -> object:
        if not made:
            made.append(_Translation().of(function))
        with _AsWritten():
            result: object = made[0](*(rebuilt(one, _as_array) for one in arguments))
        return rebuilt(result, lambda _path, leaf: tensor_in(leaf))

    of_tensors.__name__ = str(getattr(function, "__name__", type(function).__name__))
    return of_tensors


def _as_array(_path: object, leaf: Any) -> Any:
    if isinstance(leaf, np.generic):
        return cast("np.generic[Any]", leaf).item()
    return array_of(leaf) if is_tensor(leaf) or isinstance(leaf, np.ndarray) else leaf


class _AsWritten(TorchFunctionMode):
    """While it is active, numbers of the code stay numbers, and tensors with a gradient tensors."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        name = str(getattr(func, "__name__", ""))
        if (
            name in ("__float__", "item", "tolist")
            and isinstance(args[0], Tensor)
            and args[0].requires_grad
        ):
            raise TypeError("a number is taken out of an array: no gradient goes through it")
        if name in OPERATORS and len(args) == 2 and sum(map(_is_number, args)) == 1 and not kwargs:
            left, right = (one.item() if _is_number(one) else one for one in args)
            return OPERATORS[name](left, right)
        return func(*args, **(kwargs or {}))


def _is_number(value: Any) -> bool:
    """True for a number that PyTorch's version of NumPy has made a tensor of."""
    return isinstance(value, Tensor) and value.ndim == 0 and not value.requires_grad


class _Translation:
    """Values of the caller's program for tensors; each is translated once."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._kept: list[Any] = []  # another value would get the identity of one that is gone

    def of(self, value: Any) -> Any:
        """The value that stands in the place of one of the program."""
        if id(value) not in self._made:
            self._kept.append(value)
            self._made[id(value)] = value  # where it refers to itself before it is made
            self._made[id(value)] = self._new(value)
        return self._made[id(value)]

    def _new(self, value: Any) -> Any:
        if isinstance(value, NUMBERS):
            return _as_array((), value)
        found = stand_in(value)
        if found is not value:
            return found
        if isinstance(value, types.FunctionType):
            return self._function(value) if _is_callers(value) else value
        if isinstance(value, types.MethodType):
            return types.MethodType(self.of(value.__func__), self.of(value.__self__))
        if isinstance(value, partial):
            found = cast("partial[Any]", value)
            keywords = {name: self.of(one) for name, one in found.keywords.items()}
            return partial(self.of(found.func), *map(self.of, found.args), **keywords)
        return self._object(value)

    def _object(self, value: Any) -> Any:
        """An object of a class of the caller's, with other values in it and in its methods."""
        kind = cast("type[Any]", value.__class__)
        if not any(_is_callers(one) for _name, one in _members(kind)):
            return value
        inside = {
            name: self.of(one)
            for name, one in _members(kind)
            if _is_callers(one) or isinstance(one, NUMBERS)
        }
        made: Any = object.__new__(type(kind.__name__, (kind,), inside))
        self._made[id(value)] = made
        made.__dict__.update({name: self.of(one) for name, one in value.__dict__.items()})
        return made

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        """A function of the same code, with other values under the names that it reads."""
        cells = function.__closure__ or ()
        inside = dict(function.__globals__)
        defaults = function.__defaults__ and tuple(map(self.of, function.__defaults__))
        closure = tuple(types.CellType() for _ in cells)
        made = types.FunctionType(
            function.__code__, inside, function.__name__, defaults, closure or None
        )
        made.__kwdefaults__ = function.__kwdefaults__
        self._made[id(function)] = made
        inside.update({name: self.of(inside[name]) for name in _names(made.__code__, inside)})
        for cell, before in zip(closure, cells, strict=True):
            cell.cell_contents = self.of(before.cell_contents)
        return made


def _members(kind: type) -> list[tuple[str, Any]]:
    """The members of a class and of those above it, by their names."""
    return [item for one in reversed(kind.__mro__) for item in vars(one).items()]


def _is_callers(function: object) -> bool:
    """True for a function in Python that is the caller's."""
    if not isinstance(function, types.FunctionType):
        return False
    home = str(function.__module__).partition(".")[0]
    return not is_foreign(function.__code__) and home not in OTHERS


def _names(code: types.CodeType, inside: dict[str, Any]) -> Iterator[str]:
    """The global names that code reads, and the functions in it."""
    yield from (name for name in code.co_names if name in inside)
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _names(one, inside)
