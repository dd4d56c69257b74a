"""Softplus, the hidden layer's activation, and its derivatives, all from one exponential.

t = exp(z) is capped just below overflow, where softplus(z) = z and its slope is 1 to rounding;
`derivation.md`, section 3. Relative to the result, they are as accurate as NumPy's exp and log1p:
a few units of roundoff.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from manual_backprop.arguments import Array

LARGEST: dict[np.dtype[Any], float] = {np.dtype(np.float64): 700.0, np.dtype(np.float32): 80.0}
"""The cap for z, by dtype: exp of it is finite, and 1 + exp(z) = exp(z) to rounding."""


def softplus(z: Array) -> Array:
    """Return ln(1 + exp(z)), entry by entry."""
    return softplus_and_derivative(z.copy())[0]


def softplus_derivative(z: Array) -> Array:
    """Return exp(z) / (1 + exp(z)), the logistic function, entry by entry."""
    return softplus_and_derivative(z.copy())[1]


def reach_of(z: Array) -> float:
    """Return a bound of |z|; it is not finite if an entry is not, or if entries are huge."""
    return math.sqrt(np.vdot(z, z))  # vdot does not warn of overflow, as dot does


def softplus_and_derivative(
    z: Array, a: Array | None = None, slope: Array | None = None, reach: float = math.inf
) -> tuple[Array, Array]:
    """Return softplus and its derivative, with one exponential for both.

    Args:
        z: the arguments; overwritten with scratch values.
        a: array for the values; None for a new one.
        slope: array for the derivatives; None for a new one.
        reach: a bound of |z| if one is known, which saves the search for the largest z.
    """
    largest = LARGEST[z.dtype]
    beyond = reach > largest and z.item(z.argmax()) > largest
    t = np.exp(np.minimum(z, largest) if beyond else z, out=slope)
    a = np.log1p(t, out=a)  # (2)
    if beyond:
        np.maximum(a, z, out=a)
    return a, np.divide(t, np.add(t, 1.0, out=z), out=t)  # (11)


class Softplus(NamedTuple):
    """Softplus with its first two derivatives, each of the shape of the arguments."""

    a: Array
    slope: Array
    bend: Array


def softplus_with_derivatives(z: Array) -> Softplus:
    """Return softplus, its derivative and its second one, with one exponential for all three."""
    t = np.exp(np.minimum(z, LARGEST[z.dtype]))
    above = t + 1.0
    slope = t / above
    return Softplus(np.maximum(np.log1p(t), z), slope, slope / above)  # (2), (11), (18)
