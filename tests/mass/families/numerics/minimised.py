"""Functions with a jac, as they are handed to scipy.optimize.minimize."""

import math

import numpy as np
import torch
from numpy.random import Generator
from scipy.optimize import rosen, rosen_der

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def rosenbrock(rng: Generator, dtype: str) -> Problem:
    """SciPy's own function and derivative."""

    def loss(x: A) -> A:
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    return Problem(rosen_der, rng.normal(size=size(rng, 2, 7)), (), loss, rosen).of(dtype)


@family("float64")
def himmelblau(rng: Generator, dtype: str) -> Problem:
    """Two variables in the math module's way, the value returned along."""

    def loss(x: A) -> A:
        return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2

    def numpy_loss(x: A) -> A:
        a, b = float(x[0]), float(x[1])
        return math.pow(a * a + b - 11, 2) + math.pow(a + b * b - 7, 2)

    def f_and_jac(x: A) -> A:
        a, b = float(x[0]), float(x[1])
        u, v = a * a + b - 11, a + b * b - 7
        return u * u + v * v, np.array([4 * a * u + 2 * v, 2 * u + 4 * b * v])

    return Problem(f_and_jac, 2 * rng.normal(size=2), (), loss, numpy_loss, returns_loss=True).of(
        dtype
    )


@family()
def ackley(rng: Generator, dtype: str) -> Problem:
    """Ackley's function away from its cusp."""
    n = size(rng, 1, 5)

    def loss(x: A) -> A:
        root = ((x**2).sum() / n).sqrt()
        return -20 * torch.exp(-0.2 * root) - torch.exp(torch.cos(2 * math.pi * x).mean())

    def numpy_loss(x: A) -> A:
        root = np.sqrt(np.sum(x**2) / n)
        return -20 * np.exp(-0.2 * root) - np.exp(np.mean(np.cos(2 * math.pi * x)))

    def gradients(x: A) -> A:
        root = np.sqrt(x @ x / n)
        waves = np.exp(np.cos(2 * math.pi * x).mean()) * 2 * math.pi / n
        return 4 * np.exp(-0.2 * root) * x / (n * root) + waves * np.sin(2 * math.pi * x)

    return Problem(gradients, rng.normal(size=n), (), loss, numpy_loss).of(dtype)


@family("float64")
def curve_fit(rng: Generator, dtype: str) -> Problem:
    """A decaying oscillation, as a residual and its Jacobian, J.T @ r."""
    n = size(rng, 5, 20)

    def loss(p: A, t: A, y: A) -> A:
        return ((p[0] * torch.exp(-p[1] * t) * torch.cos(p[2] * t + p[3]) - y) ** 2).sum() / 2

    def numpy_loss(p: A, t: A, y: A) -> A:
        total = 0.0
        for time, value in zip(t, y, strict=True):
            model = p[0] * math.exp(-p[1] * time) * math.cos(p[2] * time + p[3])
            total += (model - value) ** 2 / 2
        return total

    def gradients(p: A, t: A, y: A) -> A:
        decay, cos, sin = np.exp(-p[1] * t), np.cos(p[2] * t + p[3]), np.sin(p[2] * t + p[3])
        r = p[0] * decay * cos - y
        columns = [
            decay * cos,
            -p[0] * t * decay * cos,
            -p[0] * t * decay * sin,
            -p[0] * decay * sin,
        ]
        return np.column_stack(columns).T @ r

    data = np.linspace(0, 4, n), rng.normal(size=n)
    p = np.array([1.5, 0.4, 2.0, 0.3]) * rng.uniform(0.7, 1.3, 4)
    return Problem(gradients, p, data, loss, numpy_loss, batch="sum", batched=2).of(dtype)


@family()
def barrier(rng: Generator, dtype: str) -> Problem:
    """A linear objective with a logarithmic barrier."""
    m, n = size(rng, 2, 6), size(rng, 1, 4)
    M = rng.normal(size=(m, n))
    x = rng.normal(size=n)

    def loss(x: A, c: A, M: A, b: A) -> A:
        return c @ x - 0.1 * torch.log(b - M @ x).sum()

    def numpy_loss(x: A, c: A, M: A, b: A) -> A:
        return c @ x - 0.1 * np.sum(np.log(b - M @ x))

    def gradients(x: A, c: A, M: A, b: A) -> A:
        return c + 0.1 * (M.T @ (1 / (b - M @ x)))

    data = rng.normal(size=n), M, M @ x + rng.uniform(0.5, 2, m)
    return Problem(gradients, x, data, loss, numpy_loss).of(dtype)


@family()
def portfolio(rng: Generator, dtype: str) -> Problem:
    """Expected return against risk, the weights by a softmax."""
    n = size(rng, 2, 5)

    def loss(z: A, mean: A, C: A) -> A:
        w = torch.softmax(z, 0)
        return torch.sqrt(w @ C @ w) - mean @ w

    def numpy_loss(z: A, mean: A, C: A) -> A:
        w = np.exp(z) / np.exp(z).sum()
        return math.sqrt(w @ C @ w) - mean @ w

    def gradients(z: A, mean: A, C: A) -> A:
        w = np.exp(z - z.max())
        w /= w.sum()
        by_w = C @ w / np.sqrt(w @ C @ w) - mean
        return (np.diag(w) - np.outer(w, w)) @ by_w

    B = rng.normal(size=(n, n))
    data = rng.normal(size=n), B @ B.T + np.eye(n) / 10
    return Problem(gradients, rng.normal(size=n), data, loss, numpy_loss).of(dtype)
