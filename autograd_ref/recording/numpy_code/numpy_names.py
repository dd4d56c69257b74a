"""Functions of tensors under the names of those of NumPy, `scipy.special` and `math`."""

import math
import types
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch.nn.functional import logsigmoid

from autograd_ref.torch_internals import array_of, numpy_in_torch, tensor_in

OF_MATH = {name: f"arc{name[1:]}" for name in ("acos", "asin", "atan", "acosh", "asinh", "atanh")}
OF_MATH |= {"atan2": "arctan2", "pow": "power"}
"""NumPy's names of functions of `math`, where they differ."""

OF_NUMPY: dict[str, Callable[..., Any]] = {
    "cross": torch.linalg.cross,
    "trapezoid": torch.trapezoid,
    "trapz": torch.trapezoid,
    "nansum": torch.nansum,
}
"""PyTorch's own functions for what its version of NumPy has not, or writes into its arguments."""

OF_SCIPY: dict[str, Callable[..., Any]] = {
    "expit": torch.sigmoid,
    "log_expit": logsigmoid,
    "logit": torch.logit,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "gammaln": torch.lgamma,
    "digamma": torch.digamma,
    "psi": torch.digamma,
    "xlogy": torch.xlogy,
    "xlog1py": torch.special.xlog1py,
    "entr": torch.special.entr,
    "ndtr": torch.special.ndtr,
    "log_ndtr": torch.special.log_ndtr,
    "expm1": torch.expm1,
    "log1p": torch.log1p,
}
"""PyTorch's functions by their names in `scipy.special`."""

ALONG_AN_AXIS: dict[str, Callable[..., Any]] = {
    "logsumexp": torch.logsumexp,
    "softmax": torch.softmax,
    "log_softmax": torch.log_softmax,
}
"""PyTorch's functions along an axis; of all entries, where no axis is given."""


def stand_in(value: Any) -> Any:
    """The module, function or type of tensors for one of arrays; anything else as it is."""
    if isinstance(value, types.ModuleType):
        return _module(value)
    home, name = str(getattr(value, "__module__", "")), str(getattr(value, "__name__", ""))
    if home.startswith("scipy.special") or (isinstance(value, np.ufunc) and name in OF_SCIPY):
        return getattr(SPECIAL, name, value)
    if home == "numpy.linalg":
        return getattr(numpy_in_torch().linalg, name, value)
    if home.startswith("numpy") or isinstance(value, np.ufunc):
        return getattr(NUMPY, name, value)
    return getattr(MATH, name, value) if home == "math" else value


def _module(module: types.ModuleType) -> Any:
    above, _dot, name = module.__name__.rpartition(".")
    if above == "numpy":
        return getattr(numpy_in_torch(), name, module)
    ours = {"numpy": NUMPY, "math": MATH, "scipy.special": SPECIAL, "scipy": SCIPY}
    return ours.get(module.__name__, module)


class _Numpy:
    """NumPy's functions on tensors, and arrays of lists of them."""

    errstate = np.errstate

    def __getattr__(self, name: str) -> Any:
        if name in OF_NUMPY:
            return _of_tensors(OF_NUMPY[name])
        return getattr(numpy_in_torch(), name)

    class add:
        """The sum of two arrays, or into places of an array of which some may be the same."""

        def __new__(cls, *given: Any, **options: Any) -> Any:
            return numpy_in_torch().add(*given, **options)

        @staticmethod
        def at(array: Any, index: Any, values: Any) -> None:
            """Add to what an array has at an index, as often as that has a place."""
            each = cast("tuple[Any, ...]", index if isinstance(index, tuple) else (index,))
            places = tuple(torch.as_tensor(tensor_in(one)) for one in each)
            target = tensor_in(array)
            added = torch.as_tensor(tensor_in(values)).to(target)
            _ = target.index_put_(places, added, accumulate=True)

    def array(self, values: Any, *arguments: Any, **options: Any) -> Any:
        """An array of numbers through which gradients go."""
        return numpy_in_torch().array(_joined(values), *arguments, **options)

    def asarray(self, values: Any, *arguments: Any, **options: Any) -> Any:
        """An array, which is no copy where it is one already."""
        return numpy_in_torch().asarray(_joined(values), *arguments, **options)


class _Math:
    """The functions of `math` on tensors of one number."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(math, name)
        return (
            getattr(numpy_in_torch(), OF_MATH.get(name, name), value) if callable(value) else value
        )


class _Special:
    """The functions of `scipy.special` that PyTorch has as well."""

    def __getattr__(self, name: str) -> Any:
        if name in ALONG_AN_AXIS:
            return _along(ALONG_AN_AXIS[name])
        if name not in OF_SCIPY:
            raise AttributeError(name)
        return _of_tensors(OF_SCIPY[name])


NUMPY, MATH, SPECIAL = _Numpy(), _Math(), _Special()
SCIPY = types.SimpleNamespace(special=SPECIAL)


def _of_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    def of_arrays(*given: Any, **options: Any) -> Any:
        return array_of(function(*(torch.as_tensor(tensor_in(x)) for x in given), **options))

    return of_arrays


def _along(function: Callable[..., Any]) -> Callable[..., Any]:
    def of_array(values: Any, axis: int | None = None, **options: Any) -> Any:
        tensor = tensor_in(values)
        if axis is not None:
            return array_of(function(tensor, axis, **options))
        found = function(tensor.flatten(), 0, **options)
        return array_of(found.reshape(tensor.shape) if found.numel() == tensor.numel() else found)

    return of_array


def _joined(values: Any) -> Any:
    """Lists of numbers as an array, where some of the numbers are tensors."""
    if not isinstance(values, list | tuple):
        return values
    items = [tensor_in(_joined(one)) for one in cast("list[Any]", values)]
    if not any(isinstance(one, torch.Tensor) for one in items):
        return cast("list[Any]", values)
    tensors = [torch.as_tensor(one) for one in items]
    dtype = max((one.dtype for one in tensors), key=lambda dtype: dtype.is_floating_point)
    return array_of(torch.stack([one.to(dtype) for one in tensors]))
