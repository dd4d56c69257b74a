"""A loss written in NumPy as a reference: its numerical derivative, as accurate as it can be."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.directional import typical
from autograd_ref.reference.numerical import slope
from autograd_ref.reference.protocol import Evaluation, Level, Loss, Reference, Tolerances
from autograd_ref.report.data import Note
from autograd_ref.rounding.arithmetic import ALLOWED_UNITS, FUNCTION_FACTOR, OF_ITSELF
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.point import Point, own_copy, widened
from autograd_ref.user_code import Raised, attempt, user_code

STEP = 0.1
"""The largest step tried, relative to the entry, or to what is typical of its block."""

BEND = 1e-4
"""The step for the curvature, likewise."""


KINK = Note(
    "kink",
    "The loss has a kink exactly there, where any slope between those of the two sides is right."
    " Check at another point as well.",
)


class _Slopes(NamedTuple):
    """Numerical derivatives by the entries of one block."""

    values: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    curvature: NDArray[np.float64]
    """Absolute second derivatives: how much the gradient moves with its own parameter."""
    sizes: NDArray[np.float64]
    """The absolute values of the parameters."""
    kinks: bool


def numpy_loss(loss: Loss) -> Reference:
    """A NumPy function of (parameters, *data) to one real number of NumPy's, or Python's."""

    def value(point: Point) -> float:
        with user_code():
            return float(_called(loss, widened(point.parameters), point))

    def evaluate(point: Point) -> Evaluation:
        found = _slopes(loss, point)
        at_point = value(point)
        unit = ALLOWED_UNITS * number_format.coarsest(point.parameters).unit

        def tolerances(_level: Level) -> Tolerances:
            blocks = {path: _tolerance(slopes, unit) for path, slopes in found.items()}
            return Tolerances(np.asarray(ALLOWED_UNITS * unit * abs(at_point)), blocks)

        gradients = {path: slopes.values for path, slopes in found.items()}
        notes = (KINK,) if any(slopes.kinks for slopes in found.values()) else ()
        return Evaluation(at_point, gradients, tolerances, notes)

    about = "a numerical derivative of the given NumPy loss"
    return Reference(about, evaluate, value, blind=True)


def _tolerance(slopes: _Slopes, unit: float) -> NDArray[np.float64]:
    """The derivative's own accuracy, and what the hand side may round.

    Of that side's formulas nothing is known. They are allowed units of the block's largest entry;
    and what the gradient moves when a parameter does by units of itself (something cancels).
    """
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = np.abs(slopes.values)
        rounding = np.minimum(unit * sizes.max(initial=0), OF_ITSELF * sizes)
        moved = FUNCTION_FACTOR * unit * slopes.curvature * slopes.sizes
        found = slopes.accuracy + rounding + moved
    return np.nan_to_num(found, nan=np.inf, posinf=np.inf)


def _slopes(loss: Loss, point: Point) -> dict[Path, _Slopes]:
    wide = np.longdouble if _keeps_longdouble(loss, point) else np.float64
    base = widened(point.parameters, wide)
    return {
        path: _of_block(loss, point, base, path, values) for path, values in leaves(base).items()
    }


def _of_block(loss: Loss, point: Point, base: object, path: Path, values: NDArray[Any]) -> _Slopes:
    sizes = np.abs(as_array(values)).astype(np.float64)
    whole = typical(sizes)
    found = np.empty((3, *values.shape))
    kinks = False
    for index in np.ndindex(values.shape):

        @cache  # one value serves several slopes
        def along(t: Any, index: tuple[int, ...] = index) -> Any:
            result = attempt(lambda: _called(loss, _moved(base, path, index, t), point))
            if isinstance(result, Raised):  # not defined there
                return float("nan")
            return result

        size = float(sizes[index])
        scales = {whole, size} if size > 0 else {whole}
        steps = [values.dtype.type(STEP * scale) for scale in scales]
        central, before, after = (slope(along, *steps, one_sided=side) for side in (0, -1, 1))
        value, accuracy = central
        margin = before.accuracy + after.accuracy
        if abs(after.value - before.value) > 2 * margin:
            kinks = True
            value = (before.value + after.value) / 2
            accuracy = abs(after.value - before.value) / 2 + margin
        found[:, *index] = value, accuracy, _bend(along, values.dtype.type(BEND * min(scales)))
    return _Slopes(found[0], found[1], found[2], sizes, kinks)


def _bend(along: Callable[[Any], Any], step: Any) -> float:
    with np.errstate(all="ignore"):
        return float(abs(along(step) - 2 * along(0 * step) + along(-step)) / step**2)


def _moved(base: object, path: Path, index: tuple[int, ...], by: Any) -> object:
    """The parameters with one entry moved; every array a new one, whatever the loss does to it."""

    def change(of: Path, leaf: NDArray[Any]) -> NDArray[Any]:
        moved = leaf.copy()
        if of == path:
            moved[index] += by
        return moved

    return rebuilt(base, change)


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
