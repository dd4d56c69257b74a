"""Survival times and ordered categories."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import expit, xlogy

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def weibull_censored(rng: Generator, dtype: str) -> Problem:
    """Survival times, some of them censored."""
    n = size(rng, 2, 12)

    def loss(theta: A, t: A, event: A) -> A:
        k, scale = theta.exp()
        hazard = theta[0] - k * theta[1] + (k - 1) * t.log()
        return -(event * hazard - (t / scale) ** k).sum()

    def numpy_loss(theta: A, t: A, event: A) -> A:
        k, scale = np.exp(theta)
        hazard = theta[0] - k * theta[1] + (k - 1) * np.log(t)
        return -np.sum(event * hazard - (t / scale) ** k)

    def gradients(theta: A, t: A, event: A) -> A:
        k, scale = np.exp(theta)
        cumulative = (t / scale) ** k
        by_shape = np.sum(event * (1 + k * np.log(t / scale)) - k * xlogy(cumulative, t / scale))
        return np.array([-by_shape, np.sum(k * (event - cumulative))], theta.dtype)

    data = rng.weibull(1.5, n), rng.integers(0, 2, n).astype(float)
    return Problem(
        gradients, rng.normal(size=2) / 2, data, loss, numpy_loss, batch="sum", batched=2
    ).of(dtype)


@family()
def proportional_hazards(rng: Generator, dtype: str) -> Problem:
    """Cox's partial likelihood over sorted times, by reversed cumulative sums."""
    n, d = size(rng, 2, 10), size(rng, 1, 3)

    def loss(beta: A, X: A) -> A:
        eta = X @ beta
        return (torch.logcumsumexp(eta.flip(0), 0).flip(0) - eta).sum()

    def numpy_loss(beta: A, X: A) -> A:
        eta = X @ beta
        return np.sum(np.log(np.cumsum(np.exp(eta)[::-1])[::-1]) - eta)

    def gradients(beta: A, X: A) -> A:
        risk = np.exp(X @ beta)
        at_risk = np.cumsum(risk[::-1])[::-1]
        mean = np.cumsum((risk[:, None] * X)[::-1], axis=0)[::-1] / at_risk[:, None]
        return (mean - X).sum(axis=0)

    return Problem(gradients, rng.normal(size=d), (rng.normal(size=(n, d)),), loss, numpy_loss).of(
        dtype
    )


@family()
def ordinal(rng: Generator, dtype: str) -> Problem:
    """Ordered categories between increasing thresholds."""
    n, d, k = size(rng, 2, 10), size(rng, 1, 3), size(rng, 2, 4)

    def loss(p: A, X: A, y: A) -> A:
        eta = X @ p["w"]
        ends = torch.tensor([torch.inf], dtype=X.dtype)
        cuts = torch.cat([-ends, p["cuts"], ends])
        return -(torch.sigmoid(cuts[y + 1] - eta) - torch.sigmoid(cuts[y] - eta)).log().mean()

    def gradients(p: A, X: A, y: A) -> A:
        eta = X @ p["w"]
        cuts = np.concatenate([[-np.inf], p["cuts"], [np.inf]]).astype(X.dtype)
        upper, lower = expit(cuts[y + 1] - eta), expit(cuts[y] - eta)
        inside = upper - lower
        du, dl = upper * (1 - upper) / inside, lower * (1 - lower) / inside
        by_cuts = np.zeros(k + 1, X.dtype)
        np.add.at(by_cuts, y + 1, -du)
        np.add.at(by_cuts, y, dl)
        return {"w": X.T @ (du - dl) / len(y), "cuts": by_cuts[1:-1] / len(y)}

    parameters = {"w": rng.normal(size=d), "cuts": np.arange(k - 1) - (k - 2) / 2 + 0.1}
    data = rng.normal(size=(n, d)), rng.integers(0, k, n)
    return Problem(gradients, parameters, data, loss, batch="mean", batched=2).of(dtype)
