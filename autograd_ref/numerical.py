"""The numerical derivative of a function of one number, with an honest accuracy.

Central differences over a falling sequence of steps, extrapolated to step zero (Richardson; the
table and its error estimate are those of Ridders, Adv. Eng. Softw. 4(2), 1982, 75-76), and what
the function's own noise does to every difference. Where the function keeps `np.longdouble`, and
that is wider than float64, the derivative does as well.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_ref.report import Slope

STEPS = 10
RATIO = 2.5
"""From one step to the next: ten of them reach from h to h / 3,800."""

CAUTION = 4.0
"""The estimated error may itself be too small; no accuracy is claimed beyond this many of it."""

NOISE_PROBES = 8

Function = Callable[[Any], Any]
Number = float | np.longdouble


def slope(function: Function, step: Number, *, one_sided: int = 0) -> Slope:
    """The derivative at 0.

    Args:
        function: of one number (a float, or np.longdouble where `step` is one), to one number.
        step: the largest step to try, the scale on which the function is smooth.
        one_sided: 0 for central differences, 1 or -1 for the derivative from that side.

    Returns:
        The value, and the distance within which the derivative lies; infinite where the function
        gives no finite values nearby.
    """
    steps: list[Any] = [step / RATIO**i for i in range(STEPS)]
    with np.errstate(all="ignore"):
        noise, unit = _noise(function, steps[-1])
        pairs = [_both_ends(function, h, one_sided) for h in steps]
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


def _noise(function: Function, step: Any) -> tuple[float, float]:
    """How much rounding scatters the values nearby, and the unit roundoff of their format.

    From third differences over a tiny distance: they vanish for anything smooth on that scale, and
    multiply independent errors by sqrt(20).
    """
    values = np.array([function(step * i / 1000) for i in range(NOISE_PROBES)]) * 1.0
    scatter = float(np.sqrt(np.mean(np.diff(values, 3) ** 2) / 20))
    return scatter, float(np.finfo(values.dtype).eps) / 2


def _extrapolated(column: list[Any], errors: list[float], unit: float, *, order: int) -> Slope:
    """The entry of the extrapolation table with the smallest estimated error.

    column holds the differences, errors what rounding does to each.
    """
    best = Slope(float("nan"), float("inf"))
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
        column = finer
    return best
