"""The arguments of check_gradients, checked where they come in, and the reference they ask for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_ref.assignment import assignment
from autograd_ref.evaluation import Point, Reference
from autograd_ref.numpy_loss import numpy_loss
from autograd_ref.reference import NotALoss, torch_loss
from autograd_ref.structure import as_array, leaves

Loss = Callable[..., Any]


def chosen_reference(loss: Loss | None, point: Point, seed: int) -> Reference:
    """The reference for this loss: by PyTorch where it can differentiate it, else by NumPy."""
    if loss is None:
        return assignment()
    by_torch, by_numpy = torch_loss(loss, seed), numpy_loss(loss)
    try:
        _ = by_torch.value(point)
    except Exception as torch_error:
        try:
            _ = by_numpy.value(point)
        except Exception:
            raise _not_a_loss(loss, torch_error) from torch_error
        return by_numpy
    return by_torch


def _not_a_loss(loss: Loss, error: Exception) -> Exception:
    """What PyTorch's attempt says: that of NumPy is mostly about tensors that are no arrays."""
    if not isinstance(error, NotALoss):
        return error
    name = getattr(loss, "__name__", type(loss).__name__)
    return TypeError(
        f"loss is {name}, and {error}; it needs to return one real number, as a torch tensor or"
        " computed by NumPy"
    )


def checked_point(
    gradients: object, parameters: object, data: tuple[object, ...], loss: object
) -> Point:
    """Where to check, with arguments that can be used.

    Raises:
        TypeError, ValueError: they cannot, by name.
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
    for name, leaf in found.items():
        array = as_array(leaf)
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
