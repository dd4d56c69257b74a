"""Complex arrays and tensors as pairs of real ones, and back.

A gradient by a complex number is that by its real part plus i times that by its imaginary part:
PyTorch's convention, taken for losses in NumPy as well. So a pair of real arrays is checked, and
nothing about it is complex.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from autograd_ref.tree.leaf import as_array, is_tensor

REAL, IMAG = "real", "imag"


def is_complex(leaf: object) -> bool:
    """True for a complex number, and for an array or tensor of them."""
    if is_tensor(leaf):
        return bool(cast("Any", leaf).is_complex())
    if isinstance(leaf, np.ndarray):
        return cast("np.ndarray[Any, Any]", leaf).dtype.kind == "c"
    return isinstance(leaf, complex | np.complexfloating)


def parted(leaf: Any) -> dict[str, Any]:
    """The real and the imaginary part of a leaf; that of a real one is zero."""
    if is_tensor(leaf):
        if not leaf.is_complex():
            return {REAL: leaf, IMAG: leaf * 0}
        # the parts of a conjugate are views whose sign is not yet in their numbers
        return {REAL: leaf.real.clone(), IMAG: leaf.imag.resolve_neg().clone()}
    array = as_array(leaf)
    return {REAL: array.real.copy(), IMAG: array.imag.copy()}


def joined(parts: Mapping[str, Any]) -> Any:
    """The leaf with these parts."""
    real, imag = parts[REAL], parts[IMAG]
    if is_tensor(real):
        import torch  # loaded already, or there would be no tensor

        return torch.complex(real, imag)
    return real + 1j * imag
