"""Scales and cancellation."""

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family("float64")
def huge_scale(rng: Generator, dtype: str) -> Problem:
    """Values near 1e300."""
    scale = 10.0 ** size(rng, 290, 303)

    def loss(w: A, x: A) -> A:
        return (x * w**2).sum()

    data = (scale * rng.normal(size=3),)
    return Problem(
        lambda w, x: 2 * x * w, rng.uniform(0.5, 2, 3), data, loss, lambda w, x: np.sum(x * w**2)
    ).of(dtype)


@family("float64")
def tiny_scale(rng: Generator, dtype: str) -> Problem:
    """Values near 1e-290, still normal numbers."""
    scale = 10.0 ** -size(rng, 250, 290)

    def loss(w: A, x: A) -> A:
        return (x * w**2).sum()

    data = (scale * rng.normal(size=3),)
    return Problem(
        lambda w, x: 2 * x * w, rng.uniform(0.5, 2, 3), data, loss, lambda w, x: np.sum(x * w**2)
    ).of(dtype)


@family("float64")
def many_scales(rng: Generator, dtype: str) -> Problem:
    """Parameters from 1e-8 to 1e8 in one vector."""
    n = size(rng, 2, 6)
    x = 10.0 ** rng.uniform(-8, 8, n) * rng.choice([-1, 1], n)

    def loss(x: A) -> A:
        return (x**2).sum() + (x**4).sum()

    return Problem(
        lambda x: 2 * x + 4 * x**3, x, (), loss, lambda x: np.sum(x**2) + np.sum(x**4)
    ).of(dtype)


@family("float64")
def cancelling(rng: Generator, dtype: str) -> Problem:
    """A right gradient that adds c w and takes it away again, and has fewer digits for that."""
    n, d, c = size(rng, 4, 12), size(rng, 2, 4), 10.0 ** size(rng, 1, 7)

    def loss(w: A, X: A, y: A) -> A:
        return 0.5 * ((X @ w - y) ** 2).sum()

    def gradients(w: A, X: A, y: A) -> A:
        return (X.T @ (X @ w - y) + c * w) - c * w

    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, rng.normal(size=d), data, loss, loss).of(dtype)


@family()
def one_entry(rng: Generator, dtype: str) -> Problem:
    """One parameter, in an array of shape (1, 1) or a scalar."""
    shape = ((1, 1), (1,), ())[size(rng, 0, 2)]

    def loss(x: A) -> A:
        return torch.exp(-(x**2)).sum()

    def gradients(x: A) -> A:
        return -2 * x * np.exp(-(x**2))

    x = np.array(rng.normal()).reshape(shape)
    return Problem(gradients, x, (), loss, lambda x: np.sum(np.exp(-(x**2)))).of(dtype)
