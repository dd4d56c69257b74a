"""A loss written in NumPy as a reference: its numerical derivative, as accurate as it can be."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.differences.entries import gradient_of
from autograd_ref.reference.differences.nearby import nearby
from autograd_ref.reference.model import UnknownModel
from autograd_ref.reference.numerical_gradient import NumericalGradient, allowed, large_blocks
from autograd_ref.reference.protocol import Evaluation, Loss, Reference
from autograd_ref.rounding.arithmetic import ALLOWED_UNITS
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results, own_copy, widened
from autograd_ref.user_code import Raised, attempt, user_code


class OnlyValues(UnknownModel):
    """A loss of which nothing but values is seen."""

    def not_followed(self, _point: Point, _right: Results, /) -> str:
        """Return what would help."""
        return (
            "of this loss only values are seen; if it is given in PyTorch, the line of it can be"
            " named where the derivation went wrong"
        )


def numpy_loss(loss: Loss, *, thorough: bool = False) -> Reference:
    """A NumPy function of (parameters, *data) to one real number of NumPy's, or Python's.

    Args:
        loss: the function.
        thorough: take the derivative by every entry, however many there are.
    """

    def value(point: Point) -> float:
        with user_code():
            return float(_called(loss, widened(point.parameters), point))

    def evaluate(point: Point) -> Evaluation:
        unit = ALLOWED_UNITS * number_format.coarsest(point.parameters).unit

        def value_at(parameters: Any) -> Any:
            result = attempt(lambda: _called(loss, parameters, point))
            return float("nan") if isinstance(result, Raised) else result

        wide = np.longdouble if _keeps_longdouble(loss, point) else np.float64
        base = widened(point.parameters, wide)
        gradient = gradient_of(value_at, base, partial(allowed, unit=unit))
        large = () if thorough else large_blocks(base)
        found = gradient.by_entries(but=large)
        return NumericalGradient(value(point), gradient, unit, found, large).evaluation()

    def around(point: Point, by: Results, _side: int) -> Callable[[Path], NDArray[np.float64]]:
        return nearby(value, point, by)

    about = "a numerical derivative of the given NumPy loss"
    return Reference(about, evaluate, value, around, blind=True, model=OnlyValues())


def _keeps_longdouble(loss: Loss, point: Point) -> bool:
    """True where np.longdouble is wider than float64, and survives the loss."""
    if np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
        return False
    wide = widened(point.parameters, np.longdouble)
    result = attempt(lambda: _called(loss, wide, point))
    # a function that cannot take it is evaluated in float64
    return not isinstance(result, Raised) and np.asarray(result).dtype == np.longdouble


def _called(loss: Loss, parameters: object, point: Point) -> Any:
    """The loss of these parameters and of a copy of the data."""
    data = own_copy(point).data
    with user_code():
        return loss(parameters, *data)
