"""A loss written in NumPy as a reference: its numerical derivative, as accurate as it can be."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref import number_format
from autograd_ref.evaluation import (
    LOSS,
    Evaluation,
    Look,
    NotALoss,
    Point,
    Reference,
    Results,
    widened,
)
from autograd_ref.numerical import slope
from autograd_ref.structure import is_tensor, leaves, rebuilt
from autograd_ref.tolerance import ALLOWED_UNITS

STEP = 0.1
"""The largest step tried, relative to the entry or to what is typical of its block."""

Loss = Callable[..., Any]


def numpy_loss(loss: Loss) -> Reference:
    """A NumPy function of (parameters, *data) to one real number."""

    def value(point: Point) -> float:
        return as_number(loss(widened(point.parameters), *point.data))

    def evaluate(point: Point) -> Evaluation:
        slopes = _slopes(loss, point)
        gradients = {name: pairs[..., 0] for name, pairs in slopes.items()}
        accuracy = {name: pairs[..., 1] for name, pairs in slopes.items()}
        at_point = value(point)
        unit = ALLOWED_UNITS * number_format.coarsest(point.parameters).unit

        def tolerances(_look: Look) -> Results:
            """The derivative's own accuracy, and rounding relative to the block's largest."""
            rounding = {
                name: unit * np.abs(values).max(initial=0) for name, values in gradients.items()
            }
            blocks = {name: accuracy[name] + rounding[name] for name in gradients}
            return {LOSS: np.asarray(ALLOWED_UNITS * unit * abs(at_point)), **blocks}

        return Evaluation(at_point, gradients, tolerances)

    return Reference("a numerical derivative of the given NumPy loss", evaluate, value)


def as_number(value: Any) -> float:
    """What a NumPy loss returned.

    Raises:
        NotALoss: it is not one real number.
    """
    if not is_tensor(value) and np.size(value) == 1 and np.asarray(value).dtype.kind in "iuf":
        return float(np.asarray(value).reshape(()))
    shape = f" of shape {np.shape(value)}" if np.ndim(value) else ""
    raise NotALoss(f"it returned {type(value).__name__}{shape}, not one real number")


def _slopes(loss: Loss, point: Point) -> dict[str, NDArray[np.float64]]:
    """For every leaf an array with a last axis of two: the slope and its accuracy."""
    wide = np.longdouble if _keeps_longdouble(loss, point) else np.float64
    base = widened(point.parameters, wide)
    found: dict[str, NDArray[np.float64]] = {}
    blocks: dict[str, NDArray[Any]] = leaves(base)
    for name, values in blocks.items():
        typical = float(np.sqrt(np.mean(np.square(values))))
        found[name] = np.empty((*values.shape, 2))
        for index in np.ndindex(values.shape):

            def along(t: Any, name: str = name, index: tuple[int, ...] = index) -> Any:
                found = loss(_moved(base, name, index, t), *point.data)
                return np.asarray(found).reshape(())[()]  # also from an array that holds one number

            scale = max(abs(float(values[index])), typical) or 1.0
            found[name][index] = slope(along, wide(STEP * scale))
    return found


def _moved(base: object, name: str, index: tuple[int, ...], by: Any) -> object:
    """The parameters with one entry moved; every array a new one, whatever the loss does to it."""

    def change(leaf_name: str, leaf: NDArray[Any]) -> NDArray[Any]:
        moved = leaf.copy()
        if leaf_name == name:
            moved[index] += by
        return moved

    return rebuilt(base, change)


def _keeps_longdouble(loss: Loss, point: Point) -> bool:
    """Whether np.longdouble is wider than float64 here, and survives the loss."""
    if np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
        return False
    try:
        result = loss(widened(point.parameters, np.longdouble), *point.data)
    except Exception:  # a function that cannot take it is evaluated in float64
        return False
    return np.asarray(result).dtype == np.longdouble
