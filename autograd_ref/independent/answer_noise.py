"""Rounding noise of an answer, from its values along a line: no reference is asked for it.

What is smooth is a polynomial over a short line, and so is every mistake in a formula; what the
best polynomial leaves of the gradients under test is rounding.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.call import called
from autograd_ref.calls.trial import Trial
from autograd_ref.reference.differences.numerical import NOISE_PLACES, beyond_polynomials
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, is_numeric, is_real, like
from autograd_ref.tree.nest import Path, rebuilt
from autograd_ref.tree.point import Point, own_copy
from autograd_ref.user_code import Raised, attempt

NEAR = 512
"""The length of the short line, in units of roundoff of each argument: enough to round long sums
anew, and too little to round anew what was put through a format of half as many digits."""

FURTHER = 16.0
"""The length of the long one, in roots of the unit of roundoff: enough to round anew what is
rounded to units of one, as 1 - 1/(1 + exp(z)) is."""

PLACES = np.round(8 * NOISE_PLACES)
"""Whole numbers, and not evenly spaced."""

A = NDArray[np.float64]


class AnswerNoise:
    """The scatter of what the function under test returns, measured when it is asked for."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def scatter(self, path: Path | None) -> A | None:
        """The standard deviation of each entry's rounding.

        Args:
            path: of the block; None for the loss.

        Returns:
            None where the function returns nothing that could be compared on any of the lines.
        """
        found = [_scatter(answers, path) for answers in self._lines]
        known = [scatter for scatter in found if scatter is not None]
        return np.maximum.reduce(known) if known else None

    @cached_property
    def _lines(self) -> list[list[Answer]]:
        return [_answers(self.trial, further=further) for further in (False, True)]


def _answers(trial: Trial, *, further: bool) -> list[Answer]:
    """The answers along a line; empty where the function raises there."""

    def all_of_them(*, data: bool) -> list[Answer]:
        places = (_place(trial.point, float(t), further=further, data=data) for t in PLACES)
        return [called(trial.subject, place).answer for place in places]

    for data in (True, False):  # data may be refused: targets have to sum to one, say
        found = attempt(lambda data=data: all_of_them(data=data))
        if not isinstance(found, Raised):
            return found
    return []


def _place(point: Point, at: float, *, further: bool, data: bool) -> Point:
    """Every float nearer to zero by a whole number of its units in the last place.

    So the places lie on a line exactly, and no rounding of the arguments is taken for one of the
    answer.
    """
    random = np.random.default_rng(0)

    def move(_path: Path, leaf: object) -> object:
        array = as_array(leaf) if is_numeric(leaf) else None
        if array is None or array.dtype.kind != "f":
            return leaf
        number = number_format.of_leaf(leaf)
        most = FURTHER * number.unit**-0.5 if further else min(NEAR, number.unit**-0.5)
        shape: tuple[int, ...] = array.shape
        speed = np.ceil(most / PLACES[-1] * random.random(shape))
        # NumPy knows no bfloat16: its units are those of float32, times 65,536
        unit = np.spacing(np.abs(array)) * float(number.eps / np.finfo(array.dtype).eps)
        moved = array - np.sign(array) * speed * at * unit
        return like(leaf, np.asarray(moved).astype(array.dtype))

    copy = own_copy(point)
    parameters = rebuilt(copy.parameters, move)
    return Point(parameters, rebuilt(copy.data, move) if data else copy.data)


def _scatter(answers: list[Answer], path: Path | None) -> A | None:
    values = [a.loss if path is None else a.gradients.get(path) for a in answers]
    arrays = [value for value in values if value is not None and is_real(value)]
    if len(arrays) != len(PLACES) or len({array.shape for array in arrays}) > 1:
        return None
    stacked = np.stack([array.astype(np.float64) for array in arrays])
    scatter: A = np.sqrt(np.mean(beyond_polynomials(stacked, PLACES) ** 2, axis=0))
    return scatter if np.isfinite(scatter).all() else None
