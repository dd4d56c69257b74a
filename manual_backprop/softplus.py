"""Softplus, the hidden layer's activation, and its derivatives, all from one exponential.

t = exp(z) is capped just below overflow, where softplus(z) = z and its slope is 1 to rounding;
`derivation.md`, section 3. Relative to the result, they are as accurate as NumPy's exp and log1p,
or log: a few units of roundoff.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from manual_backprop.arguments import Array

LARGEST: dict[np.dtype[Any], float] = {np.dtype(np.float64): 700.0, np.dtype(np.float32): 80.0}
"""The cap for z, by dtype: exp of it is finite, and 1 + exp(z) = exp(z) to rounding."""


def _vectorised(name: str) -> set[str]:
    """Return the dtypes, by NumPy's letters, for which a function takes several entries at once."""
    introspect: Any = getattr(np.lib, "introspect", None)  # since NumPy 2.1
    loops: Any = introspect.opt_func_info(func_name=f"^{name}$") if introspect else {}
    found: dict[str, dict[str, str]] = loops.get(name, {})
    return {types[0] for types, one in found.items() if not one["current"].startswith("baseline")}


def by_log() -> set[str]:
    """Return the dtypes for which log(1 + t) is the faster way to log1p(t).

    On processors without AVX-512, for instance, NumPy's log1p takes one entry at a time.
    """
    return _vectorised("log") - _vectorised("log1p")


BY_LOG = by_log()

WORTH = 256
"""So many entries make up for the calls of NumPy that log takes beside log1p."""


def softplus(z: Array) -> Array:
    """Return ln(1 + exp(z)), entry by entry."""
    return softplus_and_derivative(z.copy())[0]


def softplus_derivative(z: Array) -> Array:
    """Return exp(z) / (1 + exp(z)), the logistic function, entry by entry."""
    return softplus_and_derivative(z.copy())[1]


def reach_of(z: Array) -> float:
    """Return a bound of |z|; it is not finite if an entry is not, or if entries are huge."""
    return math.sqrt(np.vdot(z, z))  # vdot does not warn of overflow, as dot does


def softplus_and_derivative(z: Array, reach: float = math.inf) -> tuple[Array, Array]:
    """Return softplus and its derivative, with one exponential for both.

    Args:
        z: the arguments; overwritten with scratch values.
        reach: a bound of |z| if one is known, which saves the search for the largest z.
    """
    largest = LARGEST[z.dtype]
    beyond = reach > largest and z.item(z.argmax()) > largest
    t = np.exp(np.minimum(z, largest) if beyond else z)
    above = np.add(t, 1.0, out=None if beyond else z)
    a = log1p(t, above)  # (2)
    if beyond:
        np.maximum(a, z, out=a)
    return a, np.divide(t, above, out=t)  # (11)


def log1p(t: Array, above: Array) -> Array:
    """Return ln(1 + t), where `above` is 1 + t rounded: ln of it, and what the rounding took."""
    if t.dtype.char not in BY_LOG or t.size < WORTH:
        return np.log1p(t)
    lost = above - 1.0
    np.subtract(t, lost, out=lost)
    lost /= above
    lost += np.log(above)
    return lost


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
    return Softplus(np.maximum(log1p(t, above), z), slope, slope / above)  # (2), (11), (18)
