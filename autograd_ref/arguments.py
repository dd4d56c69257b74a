"""The arguments of check_gradients, checked where they come in, and the reference they ask for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_ref.assignment import assignment
from autograd_ref.evaluation import Evaluation, Point, Reference
from autograd_ref.numpy_loss import numpy_loss
from autograd_ref.reference import NotALoss, torch_loss
from autograd_ref.structure import as_array, leaves

Loss = Callable[..., Any]


def chosen_reference(loss: Loss | None, point: Point, seed: int) -> tuple[Reference, Evaluation]:
    """The reference for this loss, by PyTorch where it can differentiate it, else by NumPy.

    Returns:
        The reference, and what it says at the point.
    """
    if loss is None:
        reference = assignment()
        return reference, reference.evaluate(point)
    by_torch, by_numpy = torch_loss(loss, seed), numpy_loss(loss)
    try:
        return by_torch, by_torch.evaluate(point)
    except Exception as torch_error:
        try:
            _ = by_numpy.value(point)
        except Exception as numpy_error:
            raise _not_a_loss(loss, torch_error, numpy_error) from None
    return by_numpy, by_numpy.evaluate(point)


def _not_a_loss(loss: Loss, torch_error: Exception, numpy_error: Exception) -> Exception:
    """What the attempt says that the loss was written for."""
    if isinstance(torch_error, NotALoss):
        name = getattr(loss, "__name__", type(loss).__name__)
        return TypeError(
            f"loss is {name}, and {torch_error}; it needs to return one real number, as a torch"
            " tensor or computed by NumPy"
        )
    # what a function of NumPy's says of tensors that require grad tells nobody anything
    return numpy_error if "numpy()" in str(torch_error) else torch_error


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
