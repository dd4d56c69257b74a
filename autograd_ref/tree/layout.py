"""Copies that lie in memory as the original does: transposed, sliced, reversed, expanded.

Code that reads memory as if it were contiguous is right for contiguous arguments only; it has to
get what its caller has.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

ALWAYS, TIMES = 2**20, 4
"""Gaps are copied up to so many bytes, and beyond up to so many times the entries: a column of a
large matrix must not cost as much memory as the matrix. Chosen."""


def copied_array(array: NDArray[Any]) -> NDArray[Any]:
    """An equal array in memory of its own, with the strides of the original.

    What lies between its entries is zero; where strides are zero, it is read-only, as the result of
    `np.broadcast_to` is.
    """
    if type(array) is not np.ndarray or array.dtype.hasobject or not array.size:
        return array.copy(order="K")
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return array.copy(order="K")
    steps = zip(array.shape, array.strides, strict=True)
    spans = [(count - 1) * stride for count, stride in steps]
    before = -sum(span for span in spans if span < 0)
    after = sum(span for span in spans if span > 0) + array.itemsize
    if not _affordable(before + after, array.nbytes):
        return array.copy(order="K")
    memory = np.zeros(before + after, dtype=np.uint8)
    found = np.ndarray(array.shape, array.dtype, memory, before, array.strides)
    found[...] = array
    if 0 in array.strides:
        found.flags.writeable = False
    return found


def copied_tensor(tensor: Any, device: str | None = None) -> Any:
    """Likewise, without its history; on another device, if one is given."""
    import torch  # loaded already, or there would be no tensor

    given = cast("torch.Tensor", tensor).detach()
    where = device or given.device
    plain = given.layout == torch.strided and type(tensor) in (torch.Tensor, torch.nn.Parameter)
    if not plain or not given.numel() or given.is_contiguous():
        return given.to(where, copy=True)
    steps = zip(given.shape, given.stride(), strict=True)
    span = 1 + sum((count - 1) * stride for count, stride in steps)
    if not _affordable(span * given.itemsize, given.numel() * given.itemsize):
        return given.to(where, copy=True)
    memory = torch.zeros(span, dtype=given.dtype, device=where)
    found = memory.as_strided(given.shape, given.stride())
    first = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in given.stride())
    found[first].copy_(given[first])
    return found


def _affordable(span: int, size: int) -> bool:
    """True where so many bytes may be set aside for so many bytes of entries."""
    return span <= max(ALWAYS, TIMES * size)
