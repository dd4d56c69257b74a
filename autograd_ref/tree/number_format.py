"""Number formats by name, NumPy's and PyTorch's alike, and what rounding is in each."""

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import DTypeLike

from autograd_ref.tree.leaf import as_array, is_tensor
from autograd_ref.tree.nest import leaves


class NumberFormat(NamedTuple):
    """The figures that rounding depends on."""

    name: str
    """float64, float32, float16, bfloat16, tf32."""
    eps: float
    """From 1 to the next larger number."""
    smallest_normal: float
    factors: float = 0.0
    """The relative error of a product of matrices whose factors are rounded to fewer digits than
    this; 0 where they are not."""

    @property
    def unit(self) -> float:
        """The unit roundoff: the largest relative error of rounding to nearest."""
        return self.eps / 2

    @property
    def smallest(self) -> float:
        """The spacing of the smallest numbers: what may be lost where a product underflows."""
        return self.eps * self.smallest_normal


BFLOAT16 = NumberFormat("bfloat16", 2.0**-7, 2.0**-126)
"""The one that NumPy does not know: float32 without the last 16 bits."""

TF32 = NumberFormat("tf32", 2.0**-23, 2.0**-126, factors=2.0**-9)
"""float32, but in products of matrices, whose two factors a GPU may cut off after ten bits each.
The sums are in float32, and so is all else."""


def rank(number: NumberFormat) -> tuple[float, float]:
    """A number that orders formats, the coarsest last."""
    return number.eps, number.factors


def of_dtype(dtype: DTypeLike) -> NumberFormat:
    """The number format of a dtype; float64 for what is no float, and for what is wider."""
    for found in (BFLOAT16, TF32):
        if dtype == found.name:
            return found
    kind = np.dtype(dtype)
    narrow = kind.kind == "f" and kind.itemsize <= np.dtype(np.float64).itemsize
    info: np.finfo[Any] = np.finfo(kind if narrow else np.dtype(np.float64))
    return NumberFormat(info.dtype.name, float(info.eps), float(info.smallest_normal))


def of_leaf(leaf: object) -> NumberFormat:
    """The number format of an array, a tensor or a number."""
    return of_dtype(dtype_name(leaf))


def coarsest(nest: object) -> NumberFormat:
    """The one with the largest unit among the float leaves; float64 where there is none."""
    formats = [of_leaf(leaf) for leaf in leaves(nest).values() if as_array(leaf).dtype.kind == "f"]
    return max(formats, key=lambda number: number.eps, default=of_dtype(np.float64))


def dtype_name(leaf: object) -> str:
    """Its dtype, by the name that NumPy and PyTorch share."""
    if is_tensor(leaf):
        return str(cast("Any", leaf).dtype).removeprefix("torch.")
    return as_array(leaf).dtype.name  # without the order of its bytes
