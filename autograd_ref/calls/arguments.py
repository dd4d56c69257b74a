"""The arguments of a check, validated where they come in."""

from typing import Any

import numpy as np

from autograd_ref.tree.leaf import as_array, is_sparse, is_tensor
from autograd_ref.tree.nest import leaves, name_of, require_end
from autograd_ref.tree.point import Point


def checked_point(
    gradients: object, parameters: object, data: tuple[object, ...], loss: object
) -> Point:
    """The point at which to check.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
    """
    for name, function in (("gradients", gradients), ("loss", loss)):
        if not callable(function) and not (name == "loss" and function is None):
            raise TypeError(
                f"{name} is of type {type(function).__name__}; it needs to be a function"
                " of (parameters, *data)"
            )
    require_end({"parameters": parameters, **{f"data[{i}]": one for i, one in enumerate(data)}})
    found = leaves(parameters)
    if not found:
        raise TypeError("parameters holds no array; it needs at least one")
    for path, leaf in found.items():
        name = name_of(path, root="parameters")
        foreign = _foreign(leaf)
        if foreign:
            raise TypeError(f"{name} is {foreign}")
        array = as_array(leaf)
        if array.dtype.kind not in "iuf":
            raise TypeError(
                f"{name} is of type {type(leaf).__name__} and dtype {array.dtype}; it needs to be"
                " an array, tensor or number of a real dtype"
            )
        if not np.isfinite(array).all():
            index = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            raise ValueError(f"{name}{index} is {array[tuple(index)]}; it needs to be finite")
    return Point(parameters, data)


def require_bool(**given: object) -> None:
    """Refuse a wish that is neither True nor False, by its name.

    Raises:
        TypeError: there is one.
    """
    for name, value in given.items():
        if not isinstance(value, bool):
            raise TypeError(
                f"{name} is of type {type(value).__name__}; it needs to be True or False"
            )


def _foreign(leaf: Any) -> str:
    """The reason why no gradient can have the form of a parameter, and what to pass; else empty."""
    kind = type(leaf).__name__
    if is_sparse(leaf):
        return (
            f"a sparse {kind}; it needs to be an array: pass its entries, .data, as the parameter,"
            " or all of them, .toarray()"
        )
    if isinstance(leaf, np.ma.MaskedArray):
        return (
            "a masked array, and there is no gradient by what is masked; it needs to be an array:"
            " pass .compressed(), or .filled(0)"
        )
    if is_tensor(leaf):
        return "a tensor without values, on the device meta" * (str(leaf.device) == "meta")
    if isinstance(leaf, np.ndarray | np.generic | complex | int | float) or not _converts(leaf):
        return ""
    return f"of type {kind}; it needs to be an array, tensor or number: pass np.asarray of it"


def _converts(leaf: object) -> bool:
    """True for a series, a range, a queue: NumPy makes an array of it, and not the other way."""
    return as_array(leaf).dtype.kind in "iuf"
