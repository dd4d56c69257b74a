"""The numerical derivative of a function of one number, with an honest accuracy.

Differences over a falling sequence of steps, extrapolated to step zero (Richardson; the table and
its error estimate are those of Ridders, Adv. Eng. Softw. 4(2), 1982, 75-76), and what the
function's own noise does to every difference. Where the function keeps `np.longdouble`, and that is
wider than float64, the derivative does as well.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.data import Slope

STEPS = 14
RATIO = 2.5
SPAN = RATIO ** (STEPS - 1)
"""From one step to the next, and from the first to the last: they reach from h to h / 150,000."""

CAUTION = 4.0
"""The estimated error may itself be too small; no accuracy is claimed beyond this many of it."""

SIZE = 10.0
"""A number that is moved is about so many times the largest step, and rounds anew as it moves."""

NOISE_PLACES = np.arange(12) + (np.arange(12) * 0.6180339887) % 1
"""In units of the smallest step. Not evenly spaced: values with few digits would be, as well."""

NOISE_DEGREE = 5
"""Over so little, anything smooth is a polynomial of this degree; what is left over is noise."""

CLEARLY, CALMER = 64.0, 10.0
"""Scatter of so many units of roundoff is no rounding; so many times less of it, over a smaller
distance, and it was no noise."""

ONE = 1.0
"""The size of numbers rounded on the way to a smaller value: probabilities, shares. Within
one step of their rounding a loss is smooth, and its slope there is another."""

COARSE = 1e-5
"""Noise beyond so much of the value is none: the function is not resolved there. Chosen."""

ALL_NOISE = 4.0
"""A function that is zero but for rounding is all noise: the largest of a dozen values is hardly
more than two of its standard deviations. Chosen: twice that."""

WHOLE = 1e-3
"""A number as near as this to a whole one is one. Chosen."""

GROWS = 4.0
"""A difference of so many times its rounding is one. Chosen."""

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
    sign = -1 if one_sided == -1 else 1

    def mirrored(by: Any) -> Any:
        return sign * function(sign * by)

    with np.errstate(all="ignore"):
        found = [_slope(mirrored, step, abs(one_sided)) for step in _with_a_finer(mirrored, steps)]
    return most_accurate(found)


def most_accurate(found: Sequence[Slope]) -> Slope:
    """The most accurate of slopes by rising steps that no smaller step contradicts."""
    best = found[0] if found else NOTHING
    for larger in found[1:]:
        agrees = abs(larger.value - best.value) <= larger.accuracy + best.accuracy
        if larger.accuracy < best.accuracy and (agrees or not np.isfinite(best.accuracy)):
            best = larger
    return best


@np.errstate(all="ignore")
def noise_nearby(function: Function, step: Any) -> float | None:
    """How much rounding scatters the values of a function within a smallest step of 0.

    Args:
        function: of one number, to one number.
        step: the largest that differences will be taken over.

    Returns:
        None where the values are not finite, or vary so fast that this tells nothing.
    """
    kind, scatter, _last = _at_the_smallest(function, step)
    if kind != "noise" or not np.isfinite(scatter):
        return None
    here = np.asarray(function(0 * step)) * 1.0
    return max(scatter, _unit(here) * float(abs(here))) if scatter > 0 else 0.0


def _with_a_finer(function: Function, steps: tuple[Any, ...]) -> list[Any]:
    """Rising; one below them, where what looks like noise at the last of them is none."""
    scales = sorted(steps)
    kind, _scatter, last = _at_the_smallest(function, scales[0])
    if kind == "fast":
        kind, scales = _at_the_smallest(function, last)[0], [last]
    return scales if kind == "noise" else []


def _at_the_smallest(
    function: Function, step: Any
) -> tuple[Literal["noise", "fast", "nothing"], float, Any]:
    """The kind of scatter over the smallest step, how much of it there is, and that step.

    Noise is the same on every scale; what oscillates or turns over a small distance is smooth over
    a still smaller one. Where even that changes the first digits of the value, nothing is known.
    """
    last = step / SPAN
    here = _values(function, last)
    # the largest step as well: at a minimum of zero, nothing nearby tells how large values are
    scatter, largest = _scatter(here), float(max(np.abs(here).max(), abs(function(step))))
    if not scatter > CLEARLY * _unit(here) * max(largest, ONE):
        return "noise", scatter, last
    if _is_calmer(function, last / SPAN, scatter):
        return "fast", scatter, last
    unresolved = COARSE * largest < scatter < largest / ALL_NOISE
    return "nothing" if unresolved else "noise", scatter, last


def _is_calmer(function: Function, step: Any, scatter: float) -> bool:
    values = _values(function, step)
    return _scatter(values) < scatter / CALMER and bool(np.ptp(values) > 0)


def _slope(function: Function, step: Any, one_sided: int) -> Slope:
    steps: list[Any] = [step / RATIO**i for i in range(STEPS)]
    pairs = [_both_ends(function, h, one_sided) for h in steps]
    noise, unit = _noise(function, steps[-1], pairs)
    widths = [h if one_sided else 2 * h for h in steps]
    column = [(far - near) / w for (near, far), w in zip(pairs, widths, strict=True)]
    errors = [
        2 * float(max(noise, abs(near) * unit, abs(far) * unit, SIZE * step * unit * abs(d)) / w)
        for (near, far), w, d in zip(pairs, widths, column, strict=True)
    ]
    return extrapolated(column, errors, unit, order=1 if one_sided else 2)


def _both_ends(function: Function, step: Any, one_sided: int) -> tuple[Any, Any]:
    """The values whose difference is taken, from left to right."""
    return function(0 * step if one_sided else -step), function(step)


def _noise(function: Function, step: Any, pairs: list[tuple[Any, Any]]) -> tuple[float, float]:
    """How much rounding scatters the values nearby, and the unit roundoff of their format."""
    values = _values(function, step)
    still = bool((values == values[0]).all())
    return (quantum([values[0], *np.ravel(pairs)]) if still else _scatter(values)), _unit(values)


def quantum(values: Iterable[Any]) -> float:
    """The unit of values that come out of a format with few digits, or were rounded; 0 for others.

    Where nothing changes nearby, it is the smallest change of all, if all changes are whole numbers
    of it. A loss that is constant nearby and changes further on has no such unit.
    """
    known = np.unique(np.array([value for value in values if np.isfinite(value)], np.float64))
    if known.size < 2:
        return 0.0
    unit = float(np.diff(known).min())
    counts: NDArray[np.float64] = (known - known[0]) / unit
    return unit if bool((np.abs(counts - np.round(counts)) <= WHOLE).all()) else 0.0


def _values(function: Function, step: Any) -> NDArray[Any]:
    return np.array([function(step * place) for place in NOISE_PLACES]) * 1.0


def _unit(values: NDArray[Any]) -> float:
    return float(np.finfo(values.dtype).eps) / 2


def _scatter(values: NDArray[Any]) -> float:
    """The root mean square of what the best polynomial leaves of the values."""
    return float(np.sqrt(np.mean(beyond_polynomials(values, NOISE_PLACES) ** 2)))


def beyond_polynomials(values: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
    """The part of the values, along their first axis, that no polynomial over the places has.

    Its components in an orthonormal basis, so that the variance of independent noise is kept.
    """
    basis = _complement(tuple(places.tolist())).astype(values.dtype)
    return np.asarray(np.tensordot(basis, values - values[0], axes=1))


@cache
def _complement(places: tuple[float, ...]) -> NDArray[np.longdouble]:
    """Rows of length one, orthogonal to all polynomials over the places and to each other."""
    wide = np.vander(np.array(places, np.longdouble) / max(places), NOISE_DEGREE + 1)
    polynomials = wide.astype(np.float64)
    basis = np.linalg.qr(polynomials, mode="complete")[0][:, NOISE_DEGREE + 1 :].T
    rows = basis.astype(np.longdouble)
    # the factorisation is one of float64; what it leaves of the polynomials is taken away as well
    left = np.linalg.lstsq(polynomials.T @ polynomials, (rows @ wide).T.astype(np.float64))[0]
    return rows - (wide @ left).T


def extrapolated(
    column: list[Any], errors: list[float], unit: float, *, order: int, least: float = 1.0
) -> Slope:
    """The entry of the extrapolation table with the smallest estimated error.

    Unless the smallest steps contradict it: at larger ones a function that is not smooth there may
    agree with itself by accident.

    Args:
        column: the differences, of falling steps.
        errors: what rounding does to each.
        unit: the roundoff of their number format.
        order: of the error in the step, 2 for central differences.
        least: the smallest part of its last change that a value may still be off by. An error falls
            from round to round about as it did in the round before; 1 claims nothing of the kind.
    """
    best = finest = NOTHING
    first = column
    grows = abs(column[-1]) > max(abs(column[0]), GROWS * errors[-1])
    before: list[float] = []
    # each round removes the next power of h: 2, 4, 6 for central differences, 1, 2, 3 one-sided
    for round_ in range(1, len(column)):
        factor = RATIO ** (order * round_)
        finer = [
            (factor * column[i + 1] - column[i]) / (factor - 1) for i in range(len(column) - 1)
        ]
        changes = [float(abs(value - column[i + 1])) for i, value in enumerate(finer)]
        for i, value in enumerate(finer):
            change = max(changes[i], float(abs(value - column[i])))
            if least < 1 and round_ > 1:
                falls = RATIO**order * changes[i] / before[i + 1] if before[i + 1] > 0 else 0.0
                change = changes[i] * min(1.0, max(least, falls))
            rounding = 2 * errors[i + round_] + unit * abs(value)
            accuracy = CAUTION * float(change + rounding)
            if accuracy < best.accuracy:
                best = Slope(float(value), accuracy)
            if round_ == 1 and np.isfinite(accuracy):
                finest = Slope(float(value), accuracy)
        column, before = finer, changes
    if (
        order == 1 and grows and best.accuracy > abs(best.value)
    ):  # beyond all numbers, as that of a root at 0
        return NOTHING
    off = [abs(value - best.value) for value in first]
    # the error of a smooth function falls with the step: the smallest is not the worst of all
    contradicted = off[-1] > max(off[:-1]) + GROWS * errors[-1] + best.accuracy
    contradicted |= abs(best.value - finest.value) > best.accuracy + finest.accuracy
    return finest if contradicted else best
