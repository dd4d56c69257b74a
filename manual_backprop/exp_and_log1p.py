"""exp and log1p as their series, in operations that a compiler does for several entries at once.

NumPy and the C library do so on some processors only. Section 3 of `derivation.md` has the series
and how far they are off. Numba compiles the functions; they run as plain Python, too.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba.extending import register_jitable

Function = Callable[..., Any]

POWERS = {"float64": (13, 9), "float32": (7, 4)}
"""Up to which powers the series of exp and of log1p go; the rest is below half a unit."""

LN2_LOW = -2.121944400546905827679e-4
"""ln 2 - 355/512: k times 355/512 is exact, so that r keeps its digits."""


@cache
def exp_and_log1p(dtype: np.dtype[Any]) -> tuple[Function, Function]:
    """Return exp(y) for y <= 0, and log1p(t) for 0 <= t <= 1, of numbers of this dtype."""
    info: Any = np.finfo(dtype)
    real, integer = dtype.type, np.dtype(f"i{dtype.itemsize}").type
    last_exp, last_log = POWERS[dtype.name]
    exp_even, exp_odd = _halves([real(1 / math.factorial(n)) for n in range(2, last_exp + 1)])
    log_even, log_odd = _halves([real(2 / (2 * n + 1)) for n in range(1, last_log + 1)])
    half, one, two, zero, ln2 = real(0.5), real(1), real(2), real(0), real(math.log(2))
    log2_e, high, low = real(1 / math.log(2)), real(355 / 512), real(LN2_LOW)
    lowest, far = real(np.log(info.smallest_normal)), real(math.sqrt(2) - 1)
    digits = integer(info.nmant)
    shift = real(1.5 * 2.0**info.nmant + info.maxexp - 1)  # k + shift ends in k's exponent bits

    @register_jitable
    def polynomial(x: Any, even: Any, odd: Any) -> Any:
        square = x * x
        of_even, of_odd = even[0], odd[0]
        for c in even[1:]:
            of_even = of_even * square + c
        for c in odd[1:]:
            of_odd = of_odd * square + c
        return of_odd * x + of_even

    @register_jitable
    def exp(y: Any) -> Any:
        bounded = max(y, lowest)
        shifted = real(bounded * log2_e + shift)
        k = shifted - shift  # the nearest integer
        r = (bounded - k * high) - k * low
        two_to_k = integer(shifted.view(integer) << digits).view(real)
        total = polynomial(r, exp_even, exp_odd) * (r * r) + r + one
        return total * two_to_k if y >= lowest else zero

    @register_jitable
    def log1p(t: Any) -> Any:
        f = (t - one) * half if t > far else t  # 1 + t is 1 + f, or twice that
        q = f / (f + two)
        rest = polynomial(q * q, log_even, log_odd)
        near = f - q * (f - q * q * rest)  # 2 q is f - q f
        return near + ln2 if t > far else near

    return exp, log1p


def _halves(coefficients: list[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return those of even and of odd powers, the highest first.

    The processor adds up the two halves side by side.
    """
    return tuple(coefficients[0::2][::-1]), tuple(coefficients[1::2][::-1])
