"""The edges: scales, zeros, ties, cancellation, and arrays of one entry or none."""

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import EITHER, NOTHING_SHOWS, REFUSED, Problem, family, size


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
def zero_data(rng: Generator, dtype: str) -> Problem:
    """All data are zero, and so is every gradient: nothing can show."""
    n, d = size(rng, 1, 5), size(rng, 1, 4)

    def loss(w: A, X: A) -> A:
        return torch.tanh(X @ w).square().sum()

    def numpy_loss(w: A, X: A) -> A:
        return np.square(np.tanh(X @ w)).sum()

    def gradients(w: A, X: A) -> A:
        a = np.tanh(X @ w)
        return X.T @ (2 * a * (1 - a * a))

    data = (np.zeros((n, d)),)
    return Problem(
        gradients, rng.normal(size=d), data, loss, numpy_loss, expected=NOTHING_SHOWS
    ).of(dtype)


@family()
def one_output(rng: Generator, dtype: str) -> Problem:
    """A softmax over one output is one, whatever the parameters: nothing can show."""
    n, d = size(rng, 1, 5), size(rng, 1, 4)

    def loss(W: A, X: A) -> A:
        return -torch.log_softmax(X @ W, dim=1).sum()

    def gradients(W: A, X: A) -> A:
        p = np.exp(X @ W) / np.exp(X @ W).sum(axis=1, keepdims=True)
        return X.T @ (p - 1)

    return Problem(
        gradients, rng.normal(size=(d, 1)), (rng.normal(size=(n, d)),), loss, expected=NOTHING_SHOWS
    ).of(dtype)


@family()
def unused(rng: Generator, dtype: str) -> Problem:
    """One parameter of two is not used: of that nothing can show."""

    def loss(p: A) -> A:
        return (p["used"] ** 3).sum()

    def gradients(p: A) -> A:
        return {"used": 3 * p["used"] ** 2, "idle": np.zeros_like(p["idle"])}

    parameters = {"used": rng.normal(size=3), "idle": rng.normal(size=size(rng, 1, 4))}
    return Problem(gradients, parameters, (), loss, loss, expected=EITHER).of(dtype)


@family()
def unseen_columns(rng: Generator, dtype: str) -> Problem:
    """Some features are zero in all samples, and their weights have zero gradients."""
    n, d = size(rng, 2, 8), size(rng, 2, 5)
    X = rng.normal(size=(n, d))
    X[:, : d // 2] = 0

    def loss(w: A, X: A, y: A) -> A:
        return torch.logaddexp(torch.zeros(1, dtype=X.dtype), -y * (X @ w)).sum()

    def numpy_loss(w: A, X: A, y: A) -> A:
        return np.logaddexp(0, -y * (X @ w)).sum()

    def gradients(w: A, X: A, y: A) -> A:
        return -(y / (1 + np.exp(y * (X @ w)))) @ X

    data = X, rng.choice([-1.0, 1.0], n)
    return Problem(
        gradients, rng.normal(size=d), data, loss, numpy_loss, batch="sum", batched=2
    ).of(dtype)


@family()
def no_samples(rng: Generator, dtype: str) -> Problem:
    """Empty data beside a penalty."""
    d = size(rng, 1, 4)

    def loss(w: A, X: A, y: A) -> A:
        return ((X @ w - y) ** 2).sum() + 0.5 * w @ w

    def gradients(w: A, X: A, y: A) -> A:
        return 2 * X.T @ (X @ w - y) + w

    return Problem(gradients, rng.normal(size=d), (np.empty((0, d)), np.empty(0)), loss, loss).of(
        dtype
    )


@family()
def empty_block(rng: Generator, dtype: str) -> Problem:
    """One of the parameters has no entries."""

    def loss(p: A, X: A) -> A:
        return ((X @ p["w"]) ** 2).sum() + p["none"].sum()

    def gradients(p: A, X: A) -> A:
        return {"w": 2 * X.T @ (X @ p["w"]), "none": np.ones_like(p["none"])}

    parameters = {"w": rng.normal(size=3), "none": np.empty((0, size(rng, 1, 3)))}
    return Problem(
        gradients, parameters, (rng.normal(size=(4, 3)),), loss, loss, expected=REFUSED
    ).of(dtype)


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
