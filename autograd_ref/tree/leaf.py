"""One leaf of a nest: a number, an array or a tensor, and its values as an array."""

from functools import cache
from typing import Any, cast

import numpy as np

from autograd_ref.tree.layout import copied_array, copied_tensor


def is_tensor(value: object) -> bool:
    """True for a torch tensor, found out without loading torch."""
    return _is_tensor(type(value))


@cache
def _is_tensor(kind: type) -> bool:
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in kind.__mro__)


def is_numeric(value: object) -> bool:
    """True for a number, and an array or a tensor of numbers."""
    if isinstance(value, np.ndarray):
        return cast("np.ndarray[Any, Any]", value).dtype.kind in "biuf"
    return is_tensor(value) or isinstance(value, int | float | np.number)


def is_real(array: np.ndarray[Any, Any]) -> bool:
    """True where its entries are real numbers that can be subtracted."""
    return array.dtype.kind in "iuf"


def largest(values: np.ndarray[Any, Any]) -> float:
    """The largest absolute value; 0 where there is no entry."""
    return float(np.abs(values).max(initial=0.0))


def is_array_like(value: object) -> bool:
    """True for what stands for an array: arrays, tensors, numbers, and those of other libraries."""
    return is_tensor(value) or isinstance(value, complex | int | float) or is_foreign(value)


def is_foreign(value: object) -> bool:
    """True for an array that is not NumPy's own class: a sparse matrix, a series, a masked one."""
    # the class np.float32 has the method of its numbers
    return not isinstance(value, type) and (hasattr(value, "__array__") or is_sparse(value))


def is_of_numbers(value: object) -> bool:
    """True for what is numeric, and an array of real numbers of another library."""
    return is_numeric(value) or (is_foreign(value) and is_real(as_array(value)))


def is_sparse(value: object) -> bool:
    """True for a sparse array of SciPy's, found out without loading it."""
    return hasattr(value, "toarray") and hasattr(value, "nnz")


def as_array(value: object) -> np.ndarray[Any, Any]:
    """A leaf as an array; a tensor's values leave its device and its history.

    What is masked is not a number.
    """
    if is_tensor(value):
        tensor = cast("Any", value).detach().cpu()
        tensor = tensor if str(tensor.layout) == "torch.strided" else tensor.to_dense()
        tensor = tensor.resolve_conj().resolve_neg()
        # NumPy has no bfloat16; float32 holds all of its numbers
        return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
    if is_sparse(value):
        return np.asarray(cast("Any", value).toarray())
    masked = cast("Any", value)
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(masked):
        return np.asarray(masked.astype(np.result_type(masked.dtype, np.float16)).filled(np.nan))
    return np.asarray(value)


def as_numbers(value: Any) -> Any:
    """Lists of numbers, or of rows of them, as an array; anything else as it is."""
    if not isinstance(value, list | tuple):
        return value
    try:
        found = np.array(cast("object", value))
    except ValueError:  # rows of different lengths
        return cast("Any", value)
    return found if found.dtype.kind in "iuf" else cast("Any", value)


def copied(value: object) -> object:
    """A leaf with memory of its own, of the same type and strides; numbers and strangers as is."""
    if isinstance(value, np.ndarray):
        return copied_array(cast("np.ndarray[Any, Any]", value))
    if is_tensor(value):
        return copied_tensor(value).requires_grad_(cast("Any", value).requires_grad)
    if is_foreign(value) and hasattr(value, "copy"):
        return cast("Any", value).copy()
    return value


def in_float64(leaf: object, values: np.ndarray[Any, Any]) -> object:
    """float64 values as a tensor, on the same device, where the leaf is one; else as an array."""
    if not is_tensor(leaf):
        return in_class_of(leaf, values)
    import torch  # loaded already, or there would be no tensor

    return torch.from_numpy(np.array(values, order="C")).to(cast("torch.Tensor", leaf).device)


def like(leaf: object, values: np.ndarray[Any, Any]) -> object:
    """Values as the same kind of leaf: tensor, array, NumPy scalar or Python number."""
    if is_tensor(leaf):
        import torch  # loaded already, or there would be no tensor

        tensor = cast("torch.Tensor", leaf)
        dense = torch.from_numpy(values).to(tensor)
        strided = tensor.layout is torch.strided
        found = dense if strided else dense.to_sparse(layout=tensor.layout)
        return found.requires_grad_(tensor.requires_grad)
    if isinstance(leaf, np.ndarray):
        return in_class_of(cast("object", leaf), values)
    return values.dtype.type(values) if isinstance(leaf, np.generic) else values.item()


def in_class_of(leaf: object, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Values as an np.matrix where the leaf is one: its * is another product; else as they are."""
    return values.view(np.matrix) if isinstance(leaf, np.matrix) else values


def typical(*leaves: object) -> float:
    """The root mean square of all entries together; 1 where they are all zero."""
    sizes = np.concatenate([np.abs(as_array(leaf), dtype=np.float64).ravel() for leaf in leaves])
    largest = float(sizes.max(initial=0.0))
    if largest == 0:
        return 1.0
    return largest * float(np.sqrt(np.mean((sizes / largest) ** 2)))  # so that no square overflows
