"""A loss as its caller wrote it: what it returns, and what it takes out of tensors."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.reference.protocol import Loss, NotALoss
from autograd_ref.tree.leaf import as_array, is_numeric, is_tensor
from autograd_ref.tree.nest import leaves

CONVERSIONS = {
    "__float__": "float()",
    "__complex__": "complex()",
    "__format__": "format()",
    "item": ".item()",
    "tolist": ".tolist()",
    "tensor": "torch.tensor()",
    "as_tensor": "torch.as_tensor()",
    "new_tensor": ".new_tensor()",
}
"""Calls that give the value of a tensor without its history, as a user would type them.

math.exp(x[0]), and an array in whose entries tensors are stored, call `__float__`.
"""

OTHER_MEANING = {"var", "std", "repeat", "transpose", "nonzero"}
"""Methods of arrays and of tensors that have one name and mean two things."""


class Taken(TorchFunctionMode):
    """While it is active, it notes what a loss does with tensors.

    Attributes:
        numbers: how numbers were taken out of tensors that have a history, as a user would type it.
        ambiguous: methods that NumPy has as well, with another meaning.
    """

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[str] = []
        self.ambiguous: list[str] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        name = getattr(func, "__name__", "")
        if name in CONVERSIONS and any(map(_has_history, leaves(args[:2]).values())):
            self.numbers.append(CONVERSIONS[name])
        if name in OTHER_MEANING:
            self.ambiguous.append(name)
        return func(*args, **(kwargs or {}))


def _has_history(leaf: object) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad


def in_tensors(loss: Loss, remarks: set[str]) -> Loss:
    """The loss as one tensor: of (value, gradient) the first.

    Args:
        loss: as the caller wrote it. Called, it raises NotALoss where it returns something else.
        remarks: a place for what is to be said about the value.
    """

    def value(parameters: object, *data: object) -> Tensor:
        found = _value_in(loss(parameters, *data), parameters, remarks)
        real = isinstance(found, Tensor) and found.numel() == 1 and _is_real(found)
        if not isinstance(found, Tensor) or not real:
            raise NotALoss(f"it returned {described(found)}")
        return found

    return value


def in_arrays(loss: Loss, remarks: set[str], *, tensors: bool = True) -> Loss:
    """The loss as one real number of NumPy's, in the dtype that it has.

    Args:
        loss: as the caller wrote it. Called, it raises NotALoss where it returns something else.
        remarks: a place for what is to be said about the value.
        tensors: whether it may return a tensor, as code does that makes tensors of the arrays.
    """

    def value(parameters: object, *data: object) -> Any:
        found = _value_in(loss(parameters, *data), parameters, remarks)
        number = _as_real(found) if tensors or not is_tensor(found) else None
        if number is None:
            raise NotALoss(f"it returned {described(found)}")
        return number

    return value


def _value_in(result: object, parameters: object, remarks: set[str]) -> object:
    """The value among what a loss returned: the first of (value, gradient) and of (value, others).

    Two numbers may be residuals as well, unless the second is the gradient by one parameter.
    """
    if not isinstance(result, tuple | list) or len(cast("Sequence[object]", result)) < 2:
        return cast("object", result)
    first, *others = cast("Sequence[object]", result)
    alone = isinstance(result, tuple) and not any(map(_is_single, others))
    if not _is_single(first) or not (alone or _shapes(others[0]) == _shapes(parameters)):
        return cast("object", result)
    remarks.add(f"the first of the {1 + len(others)} items that it returns")
    return first


def described(result: object) -> str:
    """The result of a loss that is not one real number, in a few words."""
    if result is None:
        return "None (is a return missing?)"
    if isinstance(result, str):
        return f"the string {result[:40]!r}"
    kind = type(result).__name__.removeprefix("nd")
    named = f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"
    if isinstance(result, Mapping):
        names = [str(name) for name in cast("Mapping[object, object]", result)]
        return f"{named} with {', '.join(names[:8]) or 'nothing in it'}"
    if isinstance(result, list | tuple):
        items = [type(item).__name__ for item in cast("Sequence[object]", result)]
        shown = ", ".join(items[:4]) + (", ..." if items[4:] else "")
        return f"{named} of {shown or 'nothing'}"
    shape, dtype = tuple(getattr(result, "shape", ())), str(getattr(result, "dtype", kind))
    named += f" of shape {shape}" if shape else ""
    if "complex" in dtype:
        return f"{named} (complex: take .real, if that is the loss)"
    if "bool" in dtype:
        return f"{named} (true or false)"
    return f"{named} (is a sum or a mean missing?)" if shape else named


def _as_real(value: object) -> Any:
    """One real number of NumPy's; None where it is none, or masked."""
    if value is None or isinstance(value, str | Mapping):
        return None
    try:
        array = as_array(value)
    except (TypeError, ValueError):  # rows of different lengths, and strangers
        return None
    if array.size != 1 or array.dtype.kind not in "iuf" or np.ma.is_masked(value):
        return None
    number = array.reshape(())[()]
    return number if array.dtype.kind == "f" else float(number)  # unsigned differences wrap


def _is_real(tensor: Tensor) -> bool:
    return tensor.dtype != torch.bool and not tensor.is_complex()


def _is_single(item: object) -> bool:
    return is_numeric(item) and as_array(item).size == 1


def _shapes(nest: object) -> list[tuple[int, ...]] | None:
    """The shapes of all leaves in their order; None where one is no array."""
    found = leaves(nest).values()
    return [as_array(leaf).shape for leaf in found] if all(map(is_numeric, found)) else None
