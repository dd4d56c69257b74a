"""Rounding noise of an error: a mistake is systematic, rounding is not.

The function under test and the reference are evaluated again at points a few units of roundoff
away. A mistake is the same at all of them; what rounding did at one, it does not do at the next.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.call import called
from autograd_ref.calls.trial import Trial
from autograd_ref.reference.protocol import Evaluation
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, is_numeric, largest, like
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.point import Point, in_float64, own_copy
from autograd_ref.tree.sets import sets_of
from autograd_ref.user_code import Raised, UserCodeRaised, attempt

REPETITIONS = 15
"""Points at which an error is evaluated. Chosen."""

FIRST_REPETITIONS, CLEARLY = 3, 1_000.0
"""After so few of them, an error so many times as large as its scatter is a mistake. Chosen."""

SMOOTH = 10.0
"""The smallest gradient, in units of its own scatter over these points, whose errors tell
anything. Chosen."""

ANEW, FEW_REPETITIONS, STAYS = 8.0, 8, 4.0
"""For a call in float64: how far to move, in units of roundoff of the format of the trial, at how
many points, and how many of its standard deviations the mean error is at least, if it is a mistake.
Operations that round to 16 bits inside, whatever they are called in, have 0.2 to 1.2; mistakes of a
few per cent 13 and more, as formulas in float64 are smooth (measured over ten kernels)."""

STEADY = 2.5
"""An error whose mean is beyond so many of its standard deviations stays what it is from point to
point: a mistake. Long sums drift, so that rounding may have a mean as well, of up to one or two."""

NUDGE = 512
"""The largest relative move of an argument, in units of roundoff: enough to round long sums anew,
and too little to round anew what was put through a format of half as many digits."""

MOVED = 16.0
"""How many times its error a gradient has to move by from point to point: where it moves by less,
all points may round alike, to the same multiple of what a large number rounds to. Chosen."""

WIDEST = 2.0**-5
"""The largest relative move for the sake of that, in roots of the unit of roundoff: few numbers are
rounded anew by it in a format of half as many digits."""

ALIKE = 256.0
"""Where a gradient moves by so many times less than that even then, it is not tried. Chosen."""

MADE = frozenset(
    {
        "orthonormal",
        "of length one",
        "rows of length one",
        "rows that sum to one",
        "columns that sum to one",
        "a distribution, which sums to one",
    }
)
"""The sets whose members, among the data, are not moved: formulas may rest on them, and off them
are wrong by another amount at every point, which would look like rounding."""

DATA = 1
"""The place of the data in a point, beside the parameters."""


A = NDArray[np.float64]


class Neighbour(NamedTuple):
    """Both sides at a point nearby."""

    answer: Answer
    exact: Evaluation


class Neighbours:
    """Both sides at points nearby, evaluated when they are asked for and kept.

    Args:
        trial: what is called, and where.
        wide: True for calls in float64, at values of the format of the trial.
    """

    def __init__(self, trial: Trial, *, wide: bool = False) -> None:
        self.trial, self.wide = trial, wide
        self._unit = number_format.coarsest(trial.point.parameters).unit
        self._found: dict[float, list[Neighbour | Raised]] = {}

    def first(self, count: int, distance: float) -> list[Neighbour] | None:
        """The first few neighbours at a distance; None where one of them is not defined.

        Args:
            count: how many.
            distance: in units of roundoff.
        """
        found = self._found.setdefault(distance, [])
        while len(found) < count and not any(isinstance(one, Raised) for one in found):
            near = partial(_neighbour, self.trial, len(found), distance, wide=self.wide)
            found.append(attempt(near))
        defined = [one for one in found[:count] if isinstance(one, Neighbour)]
        return defined if len(defined) == count else None

    def scatter(self, path: Path | None, error: A, off: NDArray[np.bool_]) -> A | None:
        """The standard deviation of each entry's error, where the mean error is only noise.

        Args:
            path: of the block; None for the loss.
            error: at the point itself.
            off: the entries that are beyond their tolerance.

        Returns:
            None where the error is systematic, or nothing can be said.
        """
        distance = self._distance(path, np.abs(error), off)
        few = _pairs(self.first(FIRST_REPETITIONS - 1, distance), path)
        if few is None or not _is_noise(np.concatenate([error[None], few[0]]), CLEARLY):
            return None
        return self._scatter(path, distance)

    def is_systematic(self, path: Path | None, error: A, off: NDArray[np.bool_]) -> bool:
        """True where the error is the same nearby: a mistake, or formulas that round alike.

        Args:
            path: of the block; None for the loss.
            error: at the point itself, which is one of the points.
            off: the entries that are beyond their tolerance.
        """
        distance = self._distance(path, np.abs(error), off)
        for count, most in ((FIRST_REPETITIONS, CLEARLY), (REPETITIONS, STEADY)):
            pairs = _pairs(self.first(count - 1, distance), path)
            if pairs is None or not np.isfinite(pairs[0]).all():
                return False
            if not _is_noise(np.concatenate([error[None], pairs[0]]), most):
                return True
        return False

    def stays(self, path: Path) -> bool:
        """True where rounding anew every value of the format of the trial leaves the error."""
        pairs = _pairs(self.first(FEW_REPETITIONS, ANEW), path)
        return pairs is not None and not _is_noise(pairs[0], STAYS)

    def _distance(self, path: Path | None, error: A, off: NDArray[np.bool_]) -> float:
        """The distance over which the reference moves by many times the error, if that is near."""
        near, widest = self._nearest, WIDEST * self._unit**-0.5
        pairs = _pairs(self.first(1, near), path)
        if pairs is None or widest <= near:
            return near
        exact = self.trial.exact
        here = np.asarray(exact.loss) if path is None else exact.gradients[path]
        moved = np.abs(pairs[1][0] - here)[off]
        if not moved.all():
            return near
        wanted = near * MOVED * float((error[off] / moved).max())
        if not near < wanted <= ALIKE * widest:
            return near
        # a power of four, so that blocks share their points
        return min(near * 4.0 ** math.ceil(math.log(wanted / near, 4)), widest)

    @property
    def _nearest(self) -> float:
        return min(float(NUDGE), self._unit**-0.5)

    def _scatter(self, path: Path | None, distance: float) -> A | None:
        pairs = _pairs(self.first(REPETITIONS, distance), path)
        if pairs is None:
            return None
        errors, values = pairs
        wide = distance > self._nearest
        if not _is_noise(errors, STEADY) or (wide and _is_noise(values, SMOOTH)):
            return None
        return np.std(errors, axis=0, ddof=1)


def _pairs(neighbours: list[Neighbour] | None, path: Path | None) -> tuple[A, A] | None:
    """The errors of one quantity at all neighbours, and the reference there."""
    if neighbours is None:
        return None
    errors: list[A] = []
    values: list[A] = []
    for answer, exact in neighbours:
        hand = answer.loss if path is None else answer.gradients.get(path)
        reference = np.asarray(exact.loss) if path is None else exact.gradients[path]
        if hand is None or hand.shape != reference.shape:
            return None
        errors.append(hand.astype(np.float64) - reference)
        values.append(reference)
    return np.stack(errors), np.stack(values)


def is_part_of(one: A, error: A) -> bool:
    """True where an error has another in it, half of it at least: the rest is rounding."""
    known = np.isfinite(one) & np.isfinite(error)
    one, error = one[known], error[known]
    size = largest(one) or 1.0  # squares of large ones would overflow
    one, error = one / size, error / size
    return float(one @ error) >= float(one @ one) / 2


def _is_noise(errors: A, most: float) -> bool:
    """True where their mean is at most so many times their scatter, in Euclidean norms."""
    if not np.isfinite(errors).all():
        return False
    errors = errors / (largest(errors) or 1.0)  # squares of large ones would overflow
    mean, deviation = errors.mean(axis=0), errors.std(axis=0, ddof=1)
    return float(np.linalg.norm(mean)) <= most * float(np.linalg.norm(deviation))


def _neighbour(trial: Trial, seed: int, distance: float, *, wide: bool) -> Neighbour:
    """Both sides with parameters and data moved a little; or the parameters alone."""
    copy = own_copy(trial.point)
    near = _nudged(copy, np.random.default_rng(seed), distance)
    copy, near = (in_float64(point) if wide else point for point in (copy, near))
    try:
        exact = trial.reference.evaluate(near)
    except (ValueError, UserCodeRaised):  # data that are refused: targets have to sum to one, say
        near = near._replace(data=copy.data)
        exact = trial.reference.evaluate(near)
    return Neighbour(called(trial.subject, near).answer, exact)


def _nudged(point: Point, random: np.random.Generator, distance: float) -> Point:
    """Every float moved by some units of roundoff of its own format, by half of its digits at most.

    What is equal stays so, wherever it stands, and so does the opposite: a loss may count ties.
    Data that are whole numbers, such as labels, counts and masks, stay what they are, and so do
    rotations, directions and probabilities.
    """
    floats = [as_array(leaf) for leaf in leaves(tuple(point)).values() if _is_float(leaf)]
    sizes = np.unique(np.concatenate([np.abs(a).ravel().astype(np.float64) for a in floats]))
    parts = 2 * random.random(sizes.shape) - 1

    def nudge(path: Path, leaf: Any) -> object:
        array = as_array(leaf) if _is_float(leaf) else None
        unit = number_format.of_leaf(leaf).unit if array is not None else 0.0
        if array is None or (path[0] == DATA and _is_made(array, unit)):
            return leaf
        most = min(distance * unit, unit**0.5)
        by = most * parts[np.searchsorted(sizes, np.abs(array).astype(np.float64))]
        return like(leaf, np.asarray(array * (1 + by)).astype(array.dtype))

    return Point(*rebuilt(tuple(point), nudge))


def _is_made(array: NDArray[Any], unit: float) -> bool:
    """True for data that would not be what they are made to be, if every entry moved by itself."""
    whole = bool((array == np.rint(array)).all())
    return whole or any(one.said in MADE for one in sets_of(array, unit))


def _is_float(leaf: object) -> bool:
    return is_numeric(leaf) and as_array(leaf).dtype.kind == "f"
