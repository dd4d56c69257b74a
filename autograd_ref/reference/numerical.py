"""The numerical derivative of a function of one number, with an honest accuracy.

Differences over a falling sequence of steps, extrapolated to step zero (Richardson; the table and
its error estimate are those of Ridders, Adv. Eng. Softw. 4(2), 1982, 75-76), and what the
function's own noise does to every difference. Where the function keeps `np.longdouble`, and that is
wider than float64, the derivative does as well.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.data import Slope

STEPS = 14
RATIO = 2.5
SPAN = RATIO ** (STEPS - 1)
"""From one step to the next, and from the first to the last: they reach from h to h / 150,000."""

CAUTION = 4.0
"""The estimated error may itself be too small; no accuracy is claimed beyond this many of it."""

NOISE_PLACES = np.arange(12) + (np.arange(12) * 0.6180339887) % 1
"""In units of the smallest step. Not evenly spaced: values with few digits would be, as well."""

NOISE_DEGREE = 5
"""Over so little, anything smooth is a polynomial of this degree; what is left over is noise."""

CLEARLY, CALMER = 64.0, 10.0
"""Scatter of so many units of roundoff is no rounding; so many times less of it, over a smaller
distance, and it was no noise."""

Function = Callable[[Any], Any]
Number = float | np.longdouble

NOTHING = Slope(float("nan"), float("inf"))


def slope(function: Function, *steps: Number, one_sided: int = 0) -> Slope:
    """The derivative at 0.

    Args:
        function: of one number (a float, or np.longdouble where the steps are), to one number.
        steps: the largest steps to try, each a scale on which the function may be smooth. What a
            larger one says is believed only where a smaller one does not contradict it.
        one_sided: 0 for central differences, 1 or -1 for the derivative from that side.

    Returns:
        The value, and the distance within which the derivative lies; infinite where the function
        gives no finite values nearby.
    """
    with np.errstate(all="ignore"):
        found = [_slope(function, step, one_sided) for step in _with_a_finer(function, steps)]
    best = found[0]
    for larger in found[1:]:
        agrees = abs(larger.value - best.value) <= larger.accuracy + best.accuracy
        if larger.accuracy < best.accuracy and (agrees or not np.isfinite(best.accuracy)):
            best = larger
    return best


def _with_a_finer(function: Function, steps: tuple[Any, ...]) -> list[Any]:
    """Rising; and one below the others, where what looks like noise at the last of them is none.

    Noise is the same on every scale; what oscillates or turns over a small distance is smooth over
    a still smaller one.
    """
    scales = sorted(steps)
    last = scales[0] / SPAN
    here, there = _values(function, last), _values(function, last / SPAN)
    clearly = CLEARLY * _unit(here) * np.abs(here).max()
    calmer = _scatter(there) < _scatter(here) / CALMER and np.ptp(there) > 0
    return [last, *scales] if _scatter(here) > clearly and calmer else scales


def _slope(function: Function, step: Any, one_sided: int) -> Slope:
    steps: list[Any] = [step / RATIO**i for i in range(STEPS)]
    pairs = [_both_ends(function, h, one_sided) for h in steps]
    noise, unit = _noise(function, steps[-1], pairs)
    widths = [h if one_sided else 2 * h for h in steps]
    column = [(far - near) / w for (near, far), w in zip(pairs, widths, strict=True)]
    errors = [
        2 * float(max(noise, abs(near) * unit, abs(far) * unit) / w)
        for (near, far), w in zip(pairs, widths, strict=True)
    ]
    return _extrapolated(column, errors, unit, order=1 if one_sided else 2)


def _both_ends(function: Function, step: Any, one_sided: int) -> tuple[Any, Any]:
    """The values whose difference is taken, from left to right."""
    left = 0 * step if one_sided == 1 else -step
    right = 0 * step if one_sided == -1 else step
    return function(left), function(right)


def _noise(function: Function, step: Any, pairs: list[tuple[Any, Any]]) -> tuple[float, float]:
    """How much rounding scatters the values nearby, and the unit roundoff of their format.

    Where nothing changes over the smallest step, they may come out of a format with fewer digits:
    then the smallest change that larger steps make is one of its units.
    """
    values = _values(function, step)
    if (values == values[0]).all():
        changes = np.diff(np.unique(np.array(pairs)))
        return (float(changes.min()) if changes.size else 0.0), _unit(values)
    return _scatter(values), _unit(values)


def _values(function: Function, step: Any) -> NDArray[Any]:
    return np.array([function(step * place) for place in NOISE_PLACES]) * 1.0


def _unit(values: NDArray[Any]) -> float:
    return float(np.finfo(values.dtype).eps) / 2


def _scatter(values: NDArray[Any]) -> float:
    """The root mean square of what the best polynomial leaves of the values."""
    left_over: NDArray[Any] = _beyond_polynomials() @ (values - values[0])
    return float(np.sqrt(np.mean(left_over**2)))


@cache
def _beyond_polynomials() -> NDArray[np.float64]:
    """Rows of length one, orthogonal to all polynomials over the places and to each other."""
    polynomials = np.vander(NOISE_PLACES / NOISE_PLACES.max(), NOISE_DEGREE + 1)
    basis, _ = np.linalg.qr(polynomials, mode="complete")
    return basis[:, NOISE_DEGREE + 1 :].T


def _extrapolated(column: list[Any], errors: list[float], unit: float, *, order: int) -> Slope:
    """The entry of the extrapolation table with the smallest estimated error.

    Unless the smallest steps contradict it: at larger ones a function that is not smooth there may
    agree with itself by accident.

    Args:
        column: the differences, of falling steps.
        errors: what rounding does to each.
        unit: the roundoff of their number format.
        order: of the error in the step, 2 for central differences.
    """
    best = finest = NOTHING
    # each round removes the next power of h: 2, 4, 6 for central differences, 1, 2, 3 one-sided
    for round_ in range(1, len(column)):
        factor = RATIO ** (order * round_)
        finer = [
            (factor * column[i + 1] - column[i]) / (factor - 1) for i in range(len(column) - 1)
        ]
        for i, value in enumerate(finer):
            change = max(abs(value - column[i + 1]), abs(value - column[i]))
            rounding = 2 * errors[i + round_] + unit * abs(value)
            accuracy = CAUTION * float(change + rounding)
            if accuracy < best.accuracy:
                best = Slope(float(value), accuracy)
            if round_ == 1 and np.isfinite(accuracy):
                finest = Slope(float(value), accuracy)
        column = finer
    contradicted = abs(best.value - finest.value) > best.accuracy + finest.accuracy
    return finest if contradicted else best
