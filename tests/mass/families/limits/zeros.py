"""Zeros, and arrays without entries."""

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import EITHER, NOTHING_SHOWS, Problem, family, size


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
    return Problem(gradients, parameters, (rng.normal(size=(4, 3)),), loss, loss).of(dtype)
