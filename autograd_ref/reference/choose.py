"""The reference for a loss: by PyTorch where it can differentiate it, else by NumPy."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np

from autograd_ref.reference.numpy_loss import numpy_loss
from autograd_ref.reference.protocol import Evaluation, Loss, NotALoss, Reference
from autograd_ref.reference.torch_loss import torch_loss
from autograd_ref.tree.point import Point
from autograd_ref.user_code import Raised, attempt

CHANGED = 1e-6
"""A change of a loss, relative to it, that rounding in another order cannot explain. Chosen."""


def reference_for(loss: Loss, point: Point, seed: int) -> tuple[Reference, Evaluation]:
    """The reference for a loss, and its evaluation at the point.

    Raises:
        TypeError: loss does not return one real number.
        ValueError: two evaluations of loss differ.
        Exception: whatever it raises.
    """
    by_torch, by_numpy = torch_loss(loss, seed), numpy_loss(loss)

    def evaluated() -> tuple[Evaluation, float]:
        with warnings.catch_warnings():
            # what a loss in NumPy makes of tensors, PyTorch and NumPy warn of
            for message in ("Converting a tensor", "__array_wrap__"):
                warnings.filterwarnings("ignore", message=message)
            return by_torch.evaluate(point), by_torch.value(point)

    found = attempt(evaluated)
    if not isinstance(found, Raised):
        exact, again = found
        _require_the_same(loss, exact.loss, again)
        return by_torch, exact
    value = attempt(lambda: by_numpy.value(point))
    if isinstance(value, Raised):
        raise _not_a_loss(loss, found.error, value.error)
    _require_the_same(loss, value, by_numpy.value(point))
    with quiet():
        return by_numpy, by_numpy.evaluate(point)


@contextmanager
def quiet() -> Generator[None]:
    """Suppress warnings of a function or a loss at points that the caller did not ask for."""
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
    """The error of the library that the loss was written for."""
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
