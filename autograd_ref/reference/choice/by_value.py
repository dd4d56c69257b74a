"""Which library a loss is written for, decided by value.

Tensors pass through many a loss that is written for arrays: but methods of one name mean two
things, and a number that is taken out of a tensor has lost its history.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from autograd_ref.reference.choice.callers_loss import Taken
from autograd_ref.reference.differences.numerical import slope
from autograd_ref.reference.directional import along, moved, typical
from autograd_ref.reference.protocol import Evaluation, Reference
from autograd_ref.report.data import listed
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

CHANGED = 1e-6
"""A change of a loss, relative to it, that rounding in another order cannot explain. Chosen."""

ROUNDED = 64 * float(np.finfo(np.float64).eps)
"""A difference between PyTorch's and NumPy's value of one loss, relative to it, that rounding in
another order often explains. Chosen."""

STEADY = 0.1
"""How little the difference of two values may change over a hair, relative to itself, for it to be
systematic: rounding draws it anew. Chosen."""

FAR, NEAR, HAIR = 0.05, 1e-3, 1e-9
"""Distances to points nearby, relative to each entry: two where values that agree at one point by
accident do not, and one over which hardly more changes than the rounding. Chosen."""

HAIRS = 4
"""How many points at that distance are asked. Chosen."""

LARGEST_STEP = 0.1
"""The largest step of a derivative of the loss, relative to each entry. Chosen."""


Floats = np.ndarray[Any, Any]


class Both(NamedTuple):
    """One loss, differentiated by PyTorch and by NumPy."""

    by_torch: Reference
    by_numpy: Reference
    in_numpy: Reference
    """Like by_numpy, and not defined where the loss returns a tensor: that is no other value."""
    arrays: bool
    """True where the parameters are arrays or numbers, as the caller has them."""


def why_numpy(both: Both, point: Point, exact: Evaluation, taken: Taken) -> str:
    """The reason why NumPy's derivative of a loss is the right one; empty where PyTorch's is.

    Tensors as parameters say that PyTorch is meant, and .item() of them that it is a constant.
    """
    numbers = [how for how in taken.numbers if both.arrays or how != ".item()"]
    lost = bool(numbers) or not any(gradient.any() for gradient in exact.gradients.values())
    if not both.arrays and not lost:
        return ""
    # rounding is no difference
    wide = _with_floats(point, lambda array: array.astype(np.float64))
    by_arrays = attempt(lambda: both.by_numpy.value(wide))
    if isinstance(by_arrays, Raised):
        return ""
    if both.arrays and _differ(both, wide):
        return _other_value(by_arrays, exact.loss, taken)
    if lost and not _is_complete(both.by_torch, wide):
        how = f" by {numbers[0]}" if numbers else ""
        return f"it takes numbers out of tensors{how}, of which PyTorch's gradient knows nothing"
    return ""


def _differ(both: Both, point: Point) -> bool:
    """True where PyTorch's and NumPy's value of the loss differ by more than rounding."""
    random = np.random.default_rng(0)
    way = _direction(point, random)
    places = [point, *(moved(point, way, distance) for distance in (FAR, NEAR))]
    pairs = np.array([_values(both, place) for place in places])
    if np.isfinite(pairs[0]).tolist() == [False, True]:  # the variance of one number
        return True
    pairs[~np.isfinite(pairs).all(axis=1)] = 0  # nothing to compare there
    differences = np.abs(pairs[:, 0] - pairs[:, 1])
    worst = int(differences.argmax())
    if differences[worst] <= ROUNDED * np.abs(pairs).max():
        return False
    near = np.array([_values(both, _a_hair_off(places[worst], random)) for _ in range(HAIRS)])
    drawn = (near[:, 0] - near[:, 1])[np.isfinite(near).all(axis=1)]
    return not drawn.size or bool(np.ptp(drawn) <= STEADY * abs(drawn.mean()))


def _a_hair_off(point: Point, random: np.random.Generator) -> Point:
    """Parameters and data so near that nothing changes but the rounding, of either.

    Data move away from zero, so that whole numbers stay above themselves.
    """

    def further(array: Floats) -> Floats:
        factors = 1 + HAIR * random.uniform(0.5, 1, np.shape(array))
        return np.multiply(array, factors)  # for a matrix, * is another product

    return _with_floats(moved(point, _direction(point, random), HAIR), further)


def _with_floats(point: Point, change: Callable[[Floats], Floats]) -> Point:
    """The point with other arrays of floats in its data, each of its own class."""

    def changed(_path: Path, leaf: object) -> object:
        if not isinstance(leaf, np.ndarray):
            return leaf
        array = cast("Floats", leaf)
        return change(array) if array.dtype.kind == "f" else array

    return point._replace(data=tuple(rebuilt(item, changed) for item in point.data))


def _values(both: Both, place: Point) -> tuple[float, float]:
    """PyTorch's value of the loss and NumPy's; not a number where it raises."""
    one, other = (
        _or_nan(lambda way=way: way.value(place)) for way in (both.by_torch, both.in_numpy)
    )
    return one, other


def _is_complete(reference: Reference, point: Point) -> bool:
    """True where a gradient is confirmed by differences of its own loss, here and nearby."""
    random = np.random.default_rng(0)
    for place in (point, moved(point, _direction(point, random), FAR)):
        found = attempt(lambda place=place: reference.evaluate(place).gradients)
        if isinstance(found, Raised):  # it is defined at the point, where it was evaluated
            continue
        way = _direction(place, random)
        claimed = sum(float((found[path] * by).sum()) for path, by in way.items())
        value = along(reference.value, place, way)
        measured = slope(lambda t, value=value: _or_nan(lambda: value(t)), LARGEST_STEP)
        if not abs(measured.value - claimed) <= measured.accuracy:
            return False
    return True


def _or_nan(compute: Callable[[], float]) -> float:
    found = attempt(compute)
    return float("nan") if isinstance(found, Raised) else found


def _direction(point: Point, random: np.random.Generator) -> Results:
    """Every entry by at least half of its own size, up or down; zeros by what is typical.

    Nothing holds along it by accident: not a symmetry, nor a product of two entries.
    """
    found: Results = {}
    for path, leaf in leaves(point.parameters).items():
        values = np.abs(as_array(leaf).astype(np.float64))
        sizes = np.where(values > 0, values, typical(values))
        signs = random.choice([-1.0, 1.0], sizes.shape)
        found[path] = sizes * random.uniform(0.5, 1, sizes.shape) * signs
    return found


def _other_value(by_arrays: float, by_torch: float, taken: Taken) -> str:
    visible = not abs(by_arrays - by_torch) <= CHANGED * max(abs(by_arrays), abs(by_torch))
    figures = f"{by_torch:.6g} instead of {by_arrays:.6g}" if visible else "slightly different"
    if not taken.ambiguous:
        return f"with tensors its value is {figures}"
    names = list(dict.fromkeys(taken.ambiguous))
    means = "mean" if names[1:] else "means"
    return f"with tensors its value is {figures}, where {listed(names)} {means} something else"
