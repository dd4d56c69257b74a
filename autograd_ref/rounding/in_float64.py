"""PyTorch code in float64 whatever the default dtype is, which stays as it is for everybody.

The default dtype belongs to the process; a mode belongs to the thread. What code makes without
naming a dtype (constants, quotients of integers) is made in float64. Random numbers are another
matter: a seed gives others in another dtype, so they are drawn in the one in which the code draws
them outside, and widened.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.rounding.drawn import DRAWS, Formats, drawn
from autograd_ref.torch_internals import (
    tensors_within,
    with_floats_replaced,
    with_tensors_replaced,
)
from autograd_ref.tree.nest import leaves

DTYPE_IN_THE_NAME = frozenset(("float", "half", "bfloat16", "cfloat", "chalf", "type", "type_as"))
"""Methods that ask for a dtype otherwise than by a torch.dtype."""

ANOTHERS_MEMORY = frozenset(("from_numpy", "frombuffer", "from_dlpack"))
"""Functions that return memory which others go on using, in its own dtype."""

COLLECT = frozenset(("tensor", "as_tensor", "new_tensor"))
"""Functions that take a number out of every tensor in a list."""

BETWEEN = frozenset(("__torch_function__", "handle_torch_function"))
"""Functions that stand between a call and this module."""

OF_SIZE = {2: torch.float16, 4: torch.float32}
"""Narrow dtypes by the bytes of a number."""

COMPREHENSIONS = frozenset(("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>"))
"""Functions of their own, until Python 3.12, inside the one that contains them."""


class InFloat64(TorchFunctionMode):
    """While it is active, what would be of the default dtype is of float64.

    It does not see torch.Tensor(...), which stays in the default dtype, and compiled code.
    """

    def __init__(self) -> None:
        super().__init__()
        self.default = torch.get_default_dtype()
        self.formats = Formats()

    def stands_for(self, outside: object, inside: object) -> None:
        """Note the dtypes that the tensors of a nest have in another, which is equal to it."""
        found = leaves(inside)
        for path, leaf in leaves(outside).items():
            tensor, size = found.get(path), getattr(leaf, "itemsize", 8)
            if isinstance(tensor, Tensor) and tensor.is_floating_point():
                dtype = leaf.dtype if isinstance(leaf, Tensor) else OF_SIZE.get(size, torch.float64)
                self.formats.put(tensor, dtype)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = kwargs or {}
        name: str = getattr(func, "__name__", "")
        if name == "__get__":  # a property: most calls are
            return func(*args, **kwargs)
        if name in DRAWS:
            return drawn(func, args, kwargs, self.formats)
        # of a number that is taken out of a tensor with a history PyTorch warns
        lists = name in COLLECT and any(isinstance(given, list | tuple) for given in args)
        with torch.no_grad() if name == "__float__" or lists else nullcontext():
            result: object = func(*args, **kwargs)
        if not isinstance(result, Tensor):
            return result
        if self._is_default(result.dtype) and self._is_for_want_of_another(name, args, kwargs):
            result = self._widened(func, args, kwargs, result)
            self.formats.put(result, self.default)
        else:
            self.formats.follow(result, name, args, kwargs)
        return result

    def _is_default(self, dtype: torch.dtype) -> bool:
        """True for the default dtype, and for its complex numbers; not where these are float64."""
        if self.default == torch.float64:
            return False
        return dtype == self.default or (dtype.is_complex and dtype == self.default.to_complex())

    def _is_for_want_of_another(self, name: str, args: Any, kwargs: Any) -> bool:
        """True where neither a dtype nor the argument's is the reason of a result's dtype."""
        if name in DTYPE_IN_THE_NAME or name in ANOTHERS_MEMORY:
            return False
        if any(self._is_default(tensor.dtype) for tensor in tensors_within((args, kwargs))):
            return False
        named = [given for given in (*args, *kwargs.values()) if isinstance(given, torch.dtype)]
        return not named or _asks_for_the_default()

    def _widened(self, func: Any, args: Any, kwargs: Any, result: Tensor) -> Tensor:
        """The result computed in float64; where that cannot be, as it is."""
        dtype = torch.complex128 if result.is_complex() else torch.float64
        for call in _in_other_ways(func, args, kwargs, dtype):
            try:
                found = call()
            except (RuntimeError, TypeError):  # it does not take that
                continue
            if isinstance(found, Tensor) and found.dtype == dtype:
                return found
        return result.to(dtype)


def _in_other_ways(
    func: Any, args: Any, kwargs: Any, dtype: torch.dtype
) -> Iterator[Callable[[], object]]:
    """Calls of a function that may give float64: asked for it, or given nothing narrower."""
    named = [isinstance(given, torch.dtype) for given in args]
    args = tuple(dtype if is_named else given for given, is_named in zip(args, named, strict=True))
    asked = kwargs if any(named) else {**kwargs, "dtype": dtype}
    yield lambda: func(*args, **asked)
    for replaced in (_without_integers, _without_booleans):
        given, others = with_tensors_replaced(replaced, (args, kwargs))
        yield lambda given=given, others=others: func(*given, **others)
    # as in torch.where(mask, 0.1, 0.2)
    given, others = with_floats_replaced(_as_tensor, (args, kwargs))
    yield lambda: func(*given, **others)


def _without_integers(tensor: Tensor) -> Tensor:
    whole = not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool)
    return tensor.double() if whole else tensor


def _without_booleans(tensor: Tensor) -> Tensor:
    return tensor if tensor.is_floating_point() or tensor.is_complex() else tensor.double()


def _as_tensor(number: float) -> Tensor:
    return torch.tensor(number, dtype=torch.float64)


def _asks_for_the_default() -> bool:
    """True where the code that names a dtype has it from torch.get_default_dtype."""
    asked, frame = False, inspect.currentframe()
    while frame is not None and not asked:
        code = frame.f_code
        asked = "get_default_dtype" in code.co_names
        on = frame.f_globals["__name__"] == __name__ or code.co_name in BETWEEN | COMPREHENSIONS
        frame = frame.f_back if on else None
    return asked
