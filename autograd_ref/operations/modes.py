"""The modes in which an operation or its reference runs: what they watch, and what they change.

Random numbers differ from format to format. Where both sides draw from the same seed, the reference
draws in the format in which the function does, and widens what it drew. Tensors that the reference
has from elsewhere than its arguments are widened where they meet those in float64. What it casts to
have more digits than its inputs, as in `x.float()` for x in bfloat16, stays in float64.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.rounding.tf32 import factors_format
from autograd_ref.torch_internals import (
    EveryOperation,
    name_of,
    tensors_within,
    with_tensors_replaced,
    works_in_place,
)
from autograd_ref.tree import number_format

DRAWN_LIKE = frozenset(("rand_like", "randn_like", "bernoulli", "normal", "poisson"))
"""Functions that draw numbers in the format of a tensor."""

FLOATS = frozenset((torch.float64, torch.float32, torch.float16, torch.bfloat16))

IN_PLACE = frozenset(("__setitem__", "__set__", "__get__", "copy_", "set_"))
"""Functions whose first argument has to stay the tensor that it is; and all that end in _."""


CASTS = {"float": torch.float32, "half": torch.float16, "bfloat16": torch.bfloat16}
"""Methods that cast a tensor to a format of their own."""


class Widened(TorchFunctionMode):
    """While it is active, narrow tensors become wide where they meet wide ones.

    Args:
        draws: the format in which numbers like those of a wide tensor are drawn; None for its own.
        eps: from 1 to the next number in the coarsest format of the inputs: a cast to another one
            that is at least as fine keeps the digits, and leaves float64 as it is.
    """

    def __init__(self, draws: torch.dtype | None, eps: float) -> None:
        super().__init__()
        self.draws, self.eps = draws, eps

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if self.draws is not None and name in DRAWN_LIKE:
            args, kwargs = with_tensors_replaced(self._narrow, (args, kwargs))
            return with_tensors_replaced(_widened, func(*args, **kwargs))
        if name in IN_PLACE or (name.endswith("_") and not name.endswith("__")):
            return func(*args, **kwargs)
        if name in CASTS and self._keeps_digits(CASTS[name]):
            func, args, kwargs = Tensor.to, (args[0], CASTS[name]), {}
        floats = [t for t in tensors_within((args, kwargs)) if t.is_floating_point()]
        if any(t.dtype == torch.float64 for t in floats):
            args = tuple(self._as_wide(value) for value in args)
            kwargs = {key: self._as_wide(value) for key, value in kwargs.items()}
        if len({t.dtype for t in floats}) > 1 and any(t.dtype == torch.float64 for t in floats):
            args, kwargs = with_tensors_replaced(_widened, (args, kwargs))
        return func(*args, **kwargs)

    def _as_wide(self, value: object) -> object:
        """Return float64 for a dtype that is to keep the digits; any other argument as it is."""
        keeps = isinstance(value, torch.dtype) and self._keeps_digits(value)
        return torch.float64 if keeps else value

    def _keeps_digits(self, dtype: torch.dtype) -> bool:
        return dtype in FLOATS and torch.finfo(dtype).eps <= self.eps

    def _narrow(self, tensor: Tensor) -> Tensor:
        is_wide = tensor.dtype == torch.float64
        return tensor.detach().to(self.draws) if is_wide else tensor


class Draws(EveryOperation):
    """While it is active, what would be drawn in float64 is drawn in another format and widened.

    Args:
        dtype: the format in which the function under test draws.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        return self._drawn(func, args, kwargs)

    def _drawn(self, func: Any, args: Any, kwargs: Any) -> object:
        narrow_args, narrow = with_tensors_replaced(self._narrow, (args, kwargs))
        if narrow.get("dtype") == torch.float64:
            narrow["dtype"] = self.dtype
        found: Any = func(*narrow_args, **narrow)
        if name_of(func) == "native_dropout":
            return _dropped(args[0], args[1], found[1])
        if works_in_place(func):
            return args[0].copy_(narrow_args[0])
        return with_tensors_replaced(self._wide, found)

    def _narrow(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.dtype) if tensor.dtype == torch.float64 else tensor

    def _wide(self, tensor: Tensor) -> Tensor:
        return tensor.double() if tensor.dtype == self.dtype else tensor


class SeesDraws(EveryOperation):
    """While it is active, it takes note of random numbers.

    Attributes:
        drawn: whether there were any.
    """

    def __init__(self) -> None:
        super().__init__()
        self.drawn = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        self.drawn |= torch.Tag.nondeterministic_seeded in func.tags
        return func(*args, **(kwargs or {}))


class SeesFormats(EveryOperation):
    """While it is active, it takes note of the formats in which results are used again.

    Attributes:
        used: the names of these formats, and of what a GPU rounds the factors of products to.
        opaque: whether memory was asked for that something unseen may have filled.
    """

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()
        self.opaque = False
        self._results: list[Tensor] = []  # kept, so that no memory is used twice
        self._places: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        result: object = func(*args, **(kwargs or {}))
        self.opaque |= "empty" in name_of(func) or func.namespace not in ("aten", "prims")
        self.used |= factors_format(name_of(func), tensors_within((args, kwargs)))
        if not func.is_view:
            for tensor in tensors_within((args, kwargs)):
                if tensor.is_floating_point() and _place(tensor) in self._places:
                    self.used.add(number_format.dtype_name(tensor))
            self._results += tensors_within(result)
            self._places |= {_place(tensor) for tensor in tensors_within(result)}
        return result

    def sees_through(self, results: Iterable[Tensor]) -> bool:
        """True where nothing but operations that were seen can have made these results."""
        return not self.opaque and {_place(tensor) for tensor in results} <= self._places


class SeesAutocast(TorchFunctionMode):
    """While it is active, it takes note of autocast.

    Attributes:
        dtype: the format that autocast was set to, where it was on.
    """

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device
        self.dtype: torch.dtype | None = None

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        if torch.is_autocast_enabled(self.device):
            self.dtype = torch.get_autocast_dtype(self.device)
        return func(*args, **(kwargs or {}))


def _widened(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor


def _dropped(value: Tensor, p: float, kept: Tensor) -> tuple[Tensor, Tensor]:
    """The result of dropout: what is kept is enlarged in float64."""
    scale = 0.0 if p == 1 else 1 / (1 - p)
    return value * kept * scale, kept


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
