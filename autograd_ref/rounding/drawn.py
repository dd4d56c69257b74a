"""Random numbers as PyTorch code draws them outside: a seed gives others in another dtype."""

from collections.abc import Iterator
from typing import Any, cast
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from autograd_ref.torch_internals import tensors_within, with_tensors_replaced, without_modes

DRAWS = frozenset(
    (
        *("rand", "randn", "normal", "rand_like", "randn_like", "bernoulli", "poisson"),
        *("uniform_", "normal_", "exponential_", "cauchy_", "log_normal_", "geometric_"),
        *("random_", "bernoulli_", "trunc_normal_", "kaiming_uniform_", "kaiming_normal_"),
        *("xavier_uniform_", "xavier_normal_"),
    )
)
"""Functions of PyTorch, and of its initialisations, that draw. What dropout drops is the same in
every dtype, and what draws integers draws the same ones."""

DTYPE_CHOSEN = frozenset(("to", "double", "type", "type_as"))
"""Methods whose result has the dtype that was asked for."""


class Formats:
    """The dtypes that tensors in float64 have outside, as far as these are others."""

    def __init__(self) -> None:
        self._tensors: WeakValueDictionary[int, Tensor] = WeakValueDictionary()
        self._dtypes: dict[int, torch.dtype] = {}

    def put(self, tensor: Tensor, dtype: torch.dtype) -> None:
        """Note the dtype of a tensor outside."""
        if dtype != tensor.dtype:
            self._tensors[id(tensor)] = tensor
            self._dtypes[id(tensor)] = dtype

    def of(self, tensor: Tensor) -> torch.dtype:
        """The dtype of a tensor outside."""
        dtype = self._dtypes.get(id(tensor))
        if dtype is None or self._tensors.get(id(tensor)) is not tensor:
            return tensor.dtype
        return dtype

    def narrowed(self, tensor: Tensor) -> Tensor:
        """The values of a tensor in the dtype that it has outside."""
        return tensor.detach().to(self.of(tensor))

    def follow(self, result: Tensor, name: str, args: Any, kwargs: Any) -> None:
        """Note the dtype that a result has outside, which follows from those of the arguments."""
        in_place = name.endswith("_") and not name.endswith("__")  # the dtype stays
        if not self._tensors or in_place:
            return
        if name in DTYPE_CHOSEN:
            _ = self._dtypes.pop(id(result), None)  # it may be the argument itself
            return
        dtype: torch.dtype | None = None
        for tensor in _given(args, kwargs):
            other = self.of(tensor)
            if other == torch.float64:
                return
            if other.is_floating_point:
                dtype = other if dtype is None else torch.promote_types(dtype, other)
        if dtype is not None and result.is_floating_point():
            self.put(result, dtype)


def _given(args: Any, kwargs: Any) -> Iterator[Tensor]:
    """The tensors among the arguments of a function, and in lists of them."""
    for given in (*args, *kwargs.values()):
        if isinstance(given, Tensor):
            yield given
        elif isinstance(given, tuple | list):
            yield from (item for item in cast("list[object]", given) if isinstance(item, Tensor))


def drawn(func: Any, args: Any, kwargs: Any, formats: Formats) -> object:
    """The numbers that a function draws outside, in float64.

    Args:
        func: one of `DRAWS`.
        args: what it is called with.
        kwargs: likewise.
        formats: the dtypes of tensors outside.
    """
    if kwargs.get("dtype") is not None or kwargs.get("out") is not None:
        return func(*args, **kwargs)
    if func.__name__.endswith("_"):
        return _in_place(func, args, kwargs, formats)
    args, kwargs = with_tensors_replaced(formats.narrowed, (args, kwargs))
    with without_modes():  # what is drawn is exact: no rounding moves it
        found = cast("Tensor", func(*args, **kwargs))
    if not found.is_floating_point():
        return found
    wide = found.detach().double().requires_grad_(found.requires_grad)
    formats.put(wide, found.dtype)
    return wide


def _in_place(func: Any, args: Any, kwargs: Any, formats: Formats) -> object:
    """Draw into a tensor of the dtype outside, and copy that."""
    target = tensors_within((args, kwargs))[0]
    if formats.of(target) == target.dtype:
        return func(*args, **kwargs)
    narrow = formats.narrowed(target)
    args, kwargs = with_tensors_replaced(
        lambda tensor: narrow if tensor is target else formats.narrowed(tensor), (args, kwargs)
    )
    with without_modes():
        _ = func(*args, **kwargs)
    with torch.no_grad():
        return target.copy_(narrow)
