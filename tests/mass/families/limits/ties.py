"""Ties, kinks and minima."""

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import EITHER, Problem, family, size


@family()
def tied_maximum(rng: Generator, dtype: str) -> Problem:
    """A maximum that two or three entries share; the gradient is to the first."""
    n = size(rng, 2, 6)
    x = rng.normal(size=n)
    x[rng.permutation(n)[: size(rng, 2, min(3, n))]] = 2.0

    def gradients(x: A) -> A:
        g = np.zeros_like(x)
        g[np.argmax(x)] = 1
        return g

    return Problem(gradients, x, (), lambda x: x.max(), np.max, expected=EITHER).of(dtype)


@family()
def tied_median(rng: Generator, dtype: str) -> Problem:
    """A weighted sum of sorted integers stored as floats, with ties."""
    n = size(rng, 3, 7)

    def loss(x: A, w: A) -> A:
        return (torch.sort(x).values * w).sum()

    def numpy_loss(x: A, w: A) -> A:
        return np.dot(np.sort(x), w)

    def gradients(x: A, w: A) -> A:
        g = np.empty_like(x)
        g[np.argsort(x, kind="stable")] = w
        return g

    x = rng.integers(0, 4, n).astype(float)
    return Problem(gradients, x, (rng.uniform(0.1, 1, n),), loss, numpy_loss, expected=EITHER).of(
        dtype
    )


@family()
def relu_at_zero(rng: Generator, dtype: str) -> Problem:
    """Pre-activations that are exactly zero."""
    n = size(rng, 1, 5)
    x = rng.integers(-1, 2, n).astype(float)
    x[0] = 0

    def numpy_loss(x: A, w: A) -> A:
        return np.maximum(x, 0) @ w

    return Problem(
        lambda x, w: w * (x >= 0),
        x,
        (rng.normal(size=n),),
        lambda x, w: torch.relu(x) @ w,
        numpy_loss,
        expected=EITHER,
    ).of(dtype)


@family()
def at_the_minimum(rng: Generator, dtype: str) -> Problem:
    """A quadratic exactly at its minimum in some coordinates."""
    n = size(rng, 2, 5)
    centre = rng.integers(-3, 4, n).astype(float)
    x = centre.copy()
    x[0] += 0.5

    def loss(x: A, centre: A) -> A:
        return ((x - centre) ** 2).sum()

    return Problem(lambda x, centre: 2 * (x - centre), x, (centre,), loss, loss).of(dtype)
