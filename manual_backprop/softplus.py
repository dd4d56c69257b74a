"""The hidden layer's activation, and its derivative directly below.

Both are written in exp(-|z|), which never overflows; `derivation.md`, section 3. They are as
accurate, relative to the result, as NumPy's exp and log1p are: a few units of roundoff.
"""

import numpy as np

from manual_backprop.parameters import Array


def softplus(z: Array) -> Array:
    """ln(1 + exp(z)), entry by entry."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))  # (2)


def softplus_derivative(z: Array) -> Array:
    """exp(z) / (1 + exp(z)), the logistic function, entry by entry."""
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, t) / (1 + t)  # (11)
