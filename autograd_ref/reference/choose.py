"""The arguments of check_gradients, checked where they come in, and the reference they ask for."""

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_ref.assignment.autograd_reference import assignment
from autograd_ref.reference.numpy_loss import numpy_loss
from autograd_ref.reference.protocol import Evaluation, NotALoss, Point, Reference
from autograd_ref.reference.torch_loss import torch_loss
from autograd_ref.tree.nest import as_array, leaves

Loss = Callable[..., Any]

CHANGED = 1e-6
"""Relative to a loss, what rounding in another order cannot explain."""


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
        with warnings.catch_warnings():
            # what a loss in NumPy makes of tensors, PyTorch and NumPy warn of
            for message in ("Converting a tensor", "__array_wrap__"):
                warnings.filterwarnings("ignore", message=message)
            exact = by_torch.evaluate(point)
            again = by_torch.value(point)
    except Exception as torch_error:
        try:
            value = by_numpy.value(point)
        except Exception as numpy_error:
            raise _not_a_loss(loss, torch_error, numpy_error) from None
        _require_the_same(loss, value, by_numpy.value(point))
        with quiet():
            return by_numpy, by_numpy.evaluate(point)
    _require_the_same(loss, exact.loss, again)
    return by_torch, exact


@contextmanager
def quiet() -> Generator[None]:
    """What a function or a loss warns of at points that nobody asked for is not passed on."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _require_the_same(loss: Loss, one: float, two: float) -> None:
    """A loss that draws at random has no gradient that a second call could agree with."""
    if abs(one - two) > CHANGED * max(abs(one), abs(two)):
        raise ValueError(
            f"loss is {_name(loss)}, and returned {one:.6g} and then {two:.6g} for the same"
            " arguments; it needs to be the same function every time (is dropout left on, or"
            " something drawn at random?)"
        )


def _not_a_loss(loss: Loss, torch_error: Exception, numpy_error: Exception) -> Exception:
    """What the attempt says that the loss was written for."""
    # what a function of NumPy's says of tensors that require grad tells nobody anything
    error = numpy_error if "numpy()" in str(torch_error) else torch_error
    if not isinstance(error, NotALoss):
        if "Double" in str(error) and "Float" in str(error):
            error.add_note(
                "The reference evaluates the loss in float64: what the loss brings along itself"
                " (a module, buffers, other tensors) needs to be in float64 as well."
            )
        return error
    also = ""
    if error is torch_error and not isinstance(numpy_error, NotALoss):
        also = f"; with arrays, it raised {type(numpy_error).__name__}: {numpy_error}"
    return TypeError(
        f"loss is {_name(loss)}, and {error}{also}; it needs to return one real number: a torch"
        " tensor, still with its history, or computed by NumPy"
    )


def _name(loss: Loss) -> str:
    return str(getattr(loss, "__name__", type(loss).__name__))


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
