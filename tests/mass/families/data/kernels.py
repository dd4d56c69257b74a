"""Gaussian processes, kernels and neighbours."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def gaussian_process(rng: Generator, dtype: str) -> Problem:
    """The marginal likelihood of a process with a squared exponential and noise."""
    n = size(rng, 2, 8)

    def loss(theta: A, D: A, y: A) -> A:
        K = theta[0].exp() * torch.exp(-0.5 * D * (-2 * theta[1]).exp())
        L = torch.linalg.cholesky(K + theta[2].exp() * torch.eye(n, dtype=D.dtype))
        alpha = torch.cholesky_solve(y[:, None], L)[:, 0]
        return 0.5 * y @ alpha + L.diagonal().log().sum()

    def numpy_loss(theta: A, D: A, y: A) -> A:
        K = np.exp(theta[0]) * np.exp(-0.5 * D * np.exp(-2 * theta[1]))
        K = K + np.exp(theta[2]) * np.eye(n)
        return 0.5 * y @ np.linalg.solve(K, y) + 0.5 * np.linalg.slogdet(K)[1]

    def gradients(theta: A, D: A, y: A) -> A:
        signal, length, noise = np.exp(theta)
        scaled = D / length**2
        K = signal * np.exp(-scaled / 2)
        factor = cho_factor(K + noise * np.eye(n, dtype=D.dtype), lower=True)
        alpha = cho_solve(factor, y)
        W = cho_solve(factor, np.eye(n, dtype=D.dtype)) - np.outer(alpha, alpha)
        parts = [np.sum(W * K), np.sum(W * K * scaled), noise * np.trace(W)]
        return np.array(parts, D.dtype) / 2

    x = np.sort(rng.uniform(0, 5, n))
    theta = rng.normal(size=3) * 0.3 + np.array([0, 0, -2])
    data = np.subtract.outer(x, x) ** 2, rng.normal(size=n)
    return Problem(gradients, theta, data, loss, numpy_loss).of(dtype)


@family()
def kernel_ridge(rng: Generator, dtype: str) -> Problem:
    """Dual coefficients of kernel ridge regression."""
    n = size(rng, 2, 8)

    def loss(a: A, K: A, y: A) -> A:
        return (y - K @ a).pow(2).sum() + 0.1 * a @ K @ a

    def numpy_loss(a: A, K: A, y: A) -> A:
        return np.linalg.norm(y - K @ a) ** 2 + 0.1 * a @ K @ a

    def gradients(a: A, K: A, y: A) -> A:
        return 2 * K @ (K @ a - y) + 0.2 * K @ a

    points = rng.normal(size=(n, 2))
    K = np.exp(-cdist(points, points, "sqeuclidean"))
    return Problem(gradients, rng.normal(size=n), (K, rng.normal(size=n)), loss, numpy_loss).of(
        dtype
    )


@family()
def discrepancy(rng: Generator, dtype: str) -> Problem:
    """The squared mean discrepancy of two samples under a Gaussian kernel."""
    m, n, d = size(rng, 2, 5), size(rng, 2, 6), size(rng, 1, 3)

    def kernel(a: A, b: A, exp: A) -> A:
        return exp(-((a[:, None] - b[None]) ** 2).sum(-1) / 2)

    def loss(X: A, Y: A) -> A:
        return kernel(X, X, torch.exp).mean() - 2 * kernel(X, Y, torch.exp).mean()

    def numpy_loss(X: A, Y: A) -> A:
        return kernel(X, X, np.exp).mean() - 2 * kernel(X, Y, np.exp).mean()

    def gradients(X: A, Y: A) -> A:
        inside, across = kernel(X, X, np.exp), kernel(X, Y, np.exp)
        within = np.einsum("ij,ijd->id", inside, X[:, None] - X[None])
        between = np.einsum("ij,ijd->id", across, X[:, None] - Y[None])
        return -2 * within / m**2 + 2 * between / (m * n)

    data = (rng.normal(size=(n, d)),)
    return Problem(gradients, rng.normal(size=(m, d)), data, loss, numpy_loss).of(dtype)


@family()
def neighbour_embedding(rng: Generator, dtype: str) -> Problem:
    """t-SNE's cost with its published gradient."""
    n = size(rng, 3, 6)

    def cost(Y: A, P: A, log: A) -> A:
        num = 1 / (1 + ((Y[:, None] - Y[None]) ** 2).sum(-1))
        off = 1 - P[..., 1]
        return (P[..., 0] * log((P[..., 0] + P[..., 1]) * (num * off).sum() / num)).sum()

    def loss(Y: A, P: A) -> A:
        return cost(Y, P, torch.log)

    def numpy_loss(Y: A, P: A) -> A:
        return cost(Y, P, np.log)

    def gradients(Y: A, P: A) -> A:
        P = P[..., 0]
        num = 1 / (1 + cdist(Y, Y, "sqeuclidean").astype(Y.dtype))
        np.fill_diagonal(num, 0)
        PQ = P - num / num.sum()
        dY = np.zeros_like(Y)
        for i in range(n):
            dY[i] = 4 * ((PQ[:, i] * num[:, i])[:, None] * (Y[i] - Y)).sum(axis=0)
        return dY

    P = rng.uniform(0.1, 1, (n, n))
    P = (P + P.T) * (1 - np.eye(n))
    data = (np.stack([P / P.sum(), np.eye(n)], axis=-1),)
    return Problem(gradients, rng.normal(size=(n, 2)), data, loss, numpy_loss).of(dtype)


@family()
def transport(rng: Generator, dtype: str) -> Problem:
    """The squared distance between sorted samples."""
    n = size(rng, 2, 10)

    def loss(x: A, y: A) -> A:
        return ((torch.sort(x).values - torch.sort(y).values) ** 2).mean()

    def numpy_loss(x: A, y: A) -> A:
        return np.mean((np.sort(x) - np.sort(y)) ** 2)

    def gradients(x: A, y: A) -> A:
        order = np.argsort(x)
        g = np.empty_like(x)
        g[order] = 2 * (x[order] - np.sort(y)) / n
        return g

    return Problem(gradients, rng.normal(size=n), (rng.normal(size=n),), loss, numpy_loss).of(dtype)
