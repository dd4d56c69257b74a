"""The arguments of a check, validated where they come in."""

import numpy as np

from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import leaves, name_of
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
    found = leaves(parameters)
    if not found:
        raise TypeError("parameters holds no array; it needs at least one")
    for path, leaf in found.items():
        array, name = as_array(leaf), name_of(path, root="parameters")
        if array.dtype.kind not in "iuf":
            raise TypeError(
                f"{name} is of type {type(leaf).__name__} and dtype {array.dtype}; it needs to be"
                " an array, tensor or number of a real dtype"
            )
        if not array.size:
            raise ValueError(f"{name} has shape {array.shape}; it needs at least one entry")
        if not np.isfinite(array).all():
            index = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            raise ValueError(f"{name}{index} is {array[tuple(index)]}; it needs to be finite")
    return Point(parameters, data)
