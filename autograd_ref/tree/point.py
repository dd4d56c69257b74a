"""The point at which a gradient is checked, copies of it, and other points like it."""

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import as_array, copied, in_class_of, is_tensor, like
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.sets import sets_of

Results = dict[Path, NDArray[np.float64]]
"""One array for every leaf of the parameters."""

SHRINK = (0.75, 0.95)
"""The range of the factor, drawn for each block, by which other parameters are smaller: far beyond
any tolerance, and still where a logarithm, a root or a probability may need them; a block that is
symmetric, triangular or sparse remains so. Chosen."""

SMALL = 0.25
"""The largest size of the random numbers in the place of a block of zeros. Chosen."""


MADE = frozenset(
    {"orthonormal", "diagonal", "lower triangular", "upper triangular", "skew-symmetric"}
)
"""The sets whose square members are no batch of rows."""


class Point(NamedTuple):
    """A nest of parameters as the user has it, and the data."""

    parameters: Any
    data: tuple[Any, ...]


def own_copy(point: Point) -> Point:
    """Equal containers and values, with memory of their own."""

    def copy(_path: Path, leaf: object) -> object:
        return copied(leaf)

    return Point(rebuilt(point.parameters, copy), tuple(rebuilt(d, copy) for d in point.data))


def widened(parameters: object, dtype: Any = np.float64) -> Any:
    """Equal values in another float dtype; tensors as arrays."""

    def widen(_path: Path, leaf: object) -> object:
        return in_class_of(leaf, np.array(as_array(leaf), dtype=dtype))

    return rebuilt(parameters, widen)


def in_float64(point: Point) -> Point:
    """Equal values, with all floats in float64."""
    return with_floats_in(point, np.float64)


def with_floats_in(point: Point, dtype: type[np.floating]) -> Point:
    """Equal values, with the floats of arrays in another format; those of tensors in float64."""

    def widen(_path: Path, leaf: object) -> object:
        if not is_array(leaf) or as_array(leaf).dtype.kind != "f":
            return copied(leaf)
        if not is_tensor(leaf):
            return in_class_of(leaf, as_array(leaf).astype(dtype))
        tensor = cast("Any", leaf)
        return tensor.detach().double().requires_grad_(tensor.requires_grad)

    return Point(*rebuilt(tuple(point), widen))


def sample_count(point: Point) -> int:
    """The length of the first array in the data; 0 without one."""
    for item in point.data:
        for leaf in leaves(item).values():
            if is_array(leaf) and as_array(leaf).ndim:
                return int(as_array(leaf).shape[0])
    return 0


def with_samples(point: Point, order: NDArray[np.intp]) -> Point:
    """Equal parameters; these samples, in every array that is as long as the first."""
    samples = sample_count(point)

    def rearrange(_path: Path, leaf: object) -> object:
        array = as_array(leaf) if is_array(leaf) else None
        if array is None or array.shape[:1] != (samples,):
            return copied(leaf)
        if len(order) == samples and _is_made(array):
            return copied(leaf)
        remains_gram = len(order) == samples and _is_gram(array)
        index = np.ix_(order, order) if remains_gram else order
        if isinstance(leaf, np.ndarray):  # whose class may have more to it: a mask, a product
            return cast("NDArray[Any]", leaf)[index]
        return like(leaf, array[index])

    data = tuple(rebuilt(item, rearrange) for item in point.data)
    return Point(own_copy(point).parameters, data)


def _is_gram(array: NDArray[Any]) -> bool:
    """True for a symmetric matrix whose rows are not target rows, which sum to one."""
    return array.ndim == 2 and np.array_equal(array, array.T) and not _has_target_rows(array)


def _is_made(array: NDArray[Any]) -> bool:
    """True for a square matrix that is no batch: rearranged, it is not what it is made to be.

    Formulas may rest on that: the inverse of a rotation is its transpose.
    """
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.dtype.kind != "f":
        return False
    found = {one.said for one in sets_of(array, np.finfo(array.dtype).eps / 2)}
    return not found.isdisjoint(MADE) and not _has_target_rows(array)


def _has_target_rows(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "iuf" and bool(np.allclose(array.sum(axis=1), 1))


def with_other_data(point: Point) -> Point | None:
    """Equal parameters, other samples in a batch of the same size; None for fewer than two.

    The order of the samples is reversed and one of them replaced by its neighbour, in every array
    that is as long as the first. Square matrices that are no batch stay as they are.
    """
    samples = sample_count(point)
    if samples < 2:
        return None
    order = np.arange(samples)[::-1].copy()
    order[-1] = order[-2]
    return with_samples(point, order)


def with_other_parameters(point: Point, seed: int) -> Point:
    """Equal data; every block smaller, and random where it is zero."""
    random = np.random.default_rng(seed)

    def move(_path: Path, leaf: object) -> object:
        return like(leaf, _moved(as_array(leaf), random))

    return Point(rebuilt(point.parameters, move), own_copy(point).data)


def is_array(leaf: object) -> bool:
    """True for NumPy arrays and tensors."""
    return isinstance(leaf, np.ndarray) or is_tensor(leaf)


def _moved(values: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """All of a block by one factor; a block of zeros by small random numbers.

    Of a square matrix of zeros only the diagonal: it may be symmetric, or triangular.
    """
    factor = random.uniform(*SHRINK)
    if values.dtype.kind != "f":
        return values.copy()
    if values.any():
        return np.asarray(values * factor).astype(values.dtype)
    moved: NDArray[np.float64] = random.uniform(-SMALL, SMALL, values.shape)
    square = values.ndim == 2 and values.shape[0] == values.shape[1]
    return np.asarray(moved * np.eye(len(moved)) if square else moved).astype(values.dtype)
