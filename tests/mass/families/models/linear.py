"""Linear models, as they are written in lectures on regression."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import expit

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def ridge(rng: Generator, dtype: str) -> Problem:
    """Mean squares with weight decay, in a dict."""
    n, d, decay = size(rng, 2, 30), size(rng, 1, 6), 0.1

    def loss(p: A, X: A, y: A) -> A:
        return ((X @ p["w"] + p["b"] - y) ** 2).mean() + decay * (p["w"] ** 2).sum()

    def numpy_loss(p: A, X: A, y: A) -> A:
        residual = np.dot(X, p["w"]) + p["b"] - y
        return np.dot(residual, residual) / len(y) + decay * np.dot(p["w"], p["w"])

    def gradients(p: A, X: A, y: A) -> A:
        error = 2 * (X @ p["w"] + p["b"] - y) / len(y)
        return {"w": X.T @ error + 2 * decay * p["w"], "b": error.sum()}

    parameters = {"w": rng.normal(size=d), "b": np.array(rng.normal())}
    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, parameters, data, loss, numpy_loss).of(dtype)


@family()
def weighted_squares(rng: Generator, dtype: str) -> Problem:
    """Weighted least squares as loops over samples and features."""
    n, d = size(rng, 2, 12), size(rng, 1, 5)

    def loss(theta: A, X: A, y: A, weight: A) -> A:
        return 0.5 * (weight * (X @ theta - y) ** 2).sum()

    def numpy_loss(theta: A, X: A, y: A, weight: A) -> A:
        total = 0.0
        for row, target, w in zip(X, y, weight, strict=True):
            total += 0.5 * w * (sum(a * b for a, b in zip(row, theta, strict=True)) - target) ** 2
        return total

    def gradients(theta: A, X: A, y: A, weight: A) -> A:
        gradient = np.zeros_like(theta)
        for i in range(len(X)):
            for j in range(len(theta)):
                gradient[j] += weight[i] * (np.dot(X[i], theta) - y[i]) * X[i][j]
        return gradient

    data = rng.normal(size=(n, d)), rng.normal(size=n), rng.uniform(0.1, 2, n)
    return Problem(
        gradients, rng.normal(size=d), data, loss, numpy_loss, batch="sum", batched=3
    ).of(dtype)


@family()
def lasso(rng: Generator, dtype: str) -> Problem:
    """An L1 penalty, away from its kinks."""
    n, d, penalty = size(rng, 3, 20), size(rng, 1, 6), 0.3
    w = rng.uniform(0.2, 2, d) * rng.choice([-1, 1], d)

    def loss(w: A, X: A, y: A) -> A:
        return ((X @ w - y) ** 2).sum() / (2 * len(y)) + penalty * w.abs().sum()

    def numpy_loss(w: A, X: A, y: A) -> A:
        return np.sum((X @ w - y) ** 2) / (2 * len(y)) + penalty * np.abs(w).sum()

    def gradients(w: A, X: A, y: A) -> A:
        return X.T @ (X @ w - y) / len(y) + penalty * np.sign(w)

    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, w, data, loss, numpy_loss).of(dtype)


@family()
def huber(rng: Generator, dtype: str) -> Problem:
    """Huber regression with both branches in use, by masks."""
    n, d, delta = size(rng, 4, 25), size(rng, 1, 4), 0.8

    def loss(p: A, X: A, y: A) -> A:
        return torch.nn.functional.huber_loss(X @ p[0] + p[1], y, delta=delta)

    def numpy_loss(p: A, X: A, y: A) -> A:
        size_of = np.abs(X @ p[0] + p[1] - y)
        return np.where(size_of <= delta, size_of**2 / 2, delta * (size_of - delta / 2)).mean()

    def gradients(p: A, X: A, y: A) -> A:
        residual = X @ p[0] + p[1] - y
        inside = np.abs(residual) <= delta
        slope = np.empty_like(residual)
        slope[inside] = residual[inside]
        slope[~inside] = delta * np.sign(residual[~inside])
        return [slope @ X / len(y), slope.mean()]

    data = rng.normal(size=(n, d)), 2 * rng.normal(size=n)
    parameters = [rng.normal(size=d), np.array(rng.normal())]
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="mean", batched=2).of(dtype)


@family()
def quantile(rng: Generator, dtype: str) -> Problem:
    """The pinball loss, linear by pieces."""
    n, d, level = size(rng, 3, 25), size(rng, 1, 5), float(rng.uniform(0.1, 0.9))

    def loss(beta: A, X: A, y: A) -> A:
        short = y - X @ beta
        return torch.maximum(level * short, (level - 1) * short).mean()

    def numpy_loss(beta: A, X: A, y: A) -> A:
        short = y - X @ beta
        return np.mean(np.maximum(level * short, (level - 1) * short))

    def gradients(beta: A, X: A, y: A) -> A:
        above = (y > X @ beta).astype(X.dtype)
        return -X.T @ (above - (1 - level)) / len(y)

    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(
        gradients, rng.normal(size=d), data, loss, numpy_loss, batch="mean", batched=2
    ).of(dtype)


@family()
def logistic(rng: Generator, dtype: str) -> Problem:
    """Logistic regression in the manner of SciPy: a flat vector, with the bias at its end."""
    n, d = size(rng, 2, 40), size(rng, 1, 6)

    def loss(theta: A, X: A, t: A) -> A:
        z = X @ theta[:-1] + theta[-1]
        return torch.nn.functional.binary_cross_entropy_with_logits(z, t, reduction="sum")

    def numpy_loss(theta: A, X: A, t: A) -> A:
        z = X @ theta[:-1] + theta[-1]
        return np.sum(np.logaddexp(0, z) - t * z)

    def jac(theta: A, X: A, t: A) -> A:
        e = expit(X @ theta[:-1] + theta[-1]) - t
        return np.append(e @ X, e.sum())

    data = rng.normal(size=(n, d)), rng.integers(0, 2, n).astype(float)
    return Problem(
        jac, 2 * rng.normal(size=d + 1), data, loss, numpy_loss, batch="sum", batched=2
    ).of(dtype)


@family()
def poisson(rng: Generator, dtype: str) -> Problem:
    """Poisson regression with integer counts."""
    n, d = size(rng, 2, 20), size(rng, 1, 5)
    X = rng.normal(size=(n, d))
    beta = rng.normal(size=d) / 2

    def loss(beta: A, X: A, counts: A) -> A:
        eta = X @ beta
        return (eta.exp() - counts * eta).mean()

    def numpy_loss(beta: A, X: A, counts: A) -> A:
        eta = X @ beta
        return np.mean(np.exp(eta) - counts * eta)

    def gradients(beta: A, X: A, counts: A) -> A:
        rate = np.exp(np.einsum("nd,d->n", X, beta))
        return np.einsum("n,nd->d", rate - counts, X).astype(X.dtype) / len(X)

    data = X, rng.poisson(np.exp(X @ beta))
    return Problem(gradients, beta, data, loss, numpy_loss, batch="mean", batched=2).of(dtype)
