"""The hidden layer's activation, and its derivative directly below: both from one exponential.

t = exp(z), held just below overflow, where softplus has long become z and its slope 1;
`derivation.md`, section 3. They are as accurate, relative to the result, as NumPy's exp and log1p
are: a few units of roundoff.
"""

import math
from typing import Any

import numpy as np

from manual_backprop.arguments import Array

LARGEST: dict[np.dtype[Any], float] = {np.dtype(np.float64): 700.0, np.dtype(np.float32): 80.0}
"""exp of it is still a number, and 1 + exp(z) = exp(z) to rounding."""


def softplus(z: Array) -> Array:
    """ln(1 + exp(z)), entry by entry."""
    return softplus_and_derivative(z.copy())[0]


def softplus_derivative(z: Array) -> Array:
    """exp(z) / (1 + exp(z)), the logistic function, entry by entry."""
    return softplus_and_derivative(z.copy())[1]


def reach_of(z: Array) -> float:
    """What no |z| exceeds; not finite where some entry is not, and where they are huge."""
    return math.sqrt(np.vdot(z, z))  # vdot does not warn of overflow, as dot does


def softplus_and_derivative(
    z: Array, a: Array | None = None, slope: Array | None = None, reach: float = math.inf
) -> tuple[Array, Array]:
    """Both, for the price of one exponential.

    Args:
        z: the arguments; used up, what is in it afterwards means nothing.
        a: where the values go; a new array where None.
        slope: where the derivatives go, likewise.
        reach: what no |z| exceeds, where that is known: then the largest z need not be looked for.
    """
    largest = LARGEST[z.dtype]
    beyond = reach > largest and z.item(z.argmax()) > largest
    t = np.exp(np.minimum(z, largest) if beyond else z, out=slope)
    a = np.log1p(t, out=a)  # (2)
    if beyond:
        np.maximum(a, z, out=a)
    return a, np.divide(t, np.add(t, 1.0, out=z), out=t)  # (11)
