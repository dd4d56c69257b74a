"""Mixtures and moments."""

import math

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import i0e, i1e, logsumexp, softmax
from scipy.stats import norm

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def gaussian_mixture(rng: Generator, dtype: str) -> Problem:
    """A mixture in one dimension, by responsibilities; the math module in its loss."""
    n, k = size(rng, 2, 12), size(rng, 2, 3)

    def loss(p: A, x: A) -> A:
        inside = torch.distributions.Normal(p["mu"], p["logs"].exp()).log_prob(x[:, None])
        return -torch.logsumexp(inside + torch.log_softmax(p["pi"], 0), 1).sum()

    def numpy_loss(p: A, x: A) -> A:
        total, pi = 0.0, softmax(p["pi"])
        for value in x:
            density = 0.0
            for j in range(k):
                s = math.exp(p["logs"][j])
                z = (value - p["mu"][j]) / s
                density += pi[j] * math.exp(-z * z / 2) / (s * math.sqrt(2 * math.pi))
            total -= math.log(density)
        return total

    def gradients(p: A, x: A) -> A:
        sigma, log_pi = np.exp(p["logs"]), p["pi"] - logsumexp(p["pi"])
        z = (x[:, None] - p["mu"]) / sigma
        r = softmax(-0.5 * z**2 - p["logs"] + log_pi, axis=1)
        return {
            "pi": len(x) * np.exp(log_pi) - r.sum(axis=0),
            "mu": -(r * z / sigma).sum(axis=0),
            "logs": (r * (1 - z**2)).sum(axis=0),
        }

    parameters = {
        "pi": rng.normal(size=k),
        "mu": 2 * rng.normal(size=k),
        "logs": rng.normal(size=k) / 3,
    }
    data = (2 * rng.normal(size=n),)
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="sum", batched=1).of(dtype)


@family()
def spread_of_residuals(rng: Generator, dtype: str) -> Problem:
    """A variance of residuals, with NumPy's meaning of var."""
    n, d = size(rng, 2, 15), size(rng, 1, 4)

    def loss(w: A, X: A, y: A) -> A:
        return (y - X @ w).var(correction=0) + 0.1 * (w**2).sum()

    def numpy_loss(w: A, X: A, y: A) -> A:
        return (y - X @ w).var() + 0.1 * (w**2).sum()

    def gradients(w: A, X: A, y: A) -> A:
        r = y - X @ w
        return -2 * (X - X.mean(axis=0)).T @ (r - r.mean()) / len(y) + 0.2 * w

    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, rng.normal(size=d), data, loss, numpy_loss).of(dtype)


@family()
def correlation(rng: Generator, dtype: str) -> Problem:
    """Pearson's correlation, minus one times."""
    n, d = size(rng, 4, 15), size(rng, 2, 4)

    def loss(w: A, X: A, y: A) -> A:
        return -torch.corrcoef(torch.stack([X @ w, y]))[0, 1]

    def numpy_loss(w: A, X: A, y: A) -> A:
        return -np.corrcoef(X @ w, y)[0, 1]

    def gradients(w: A, X: A, y: A) -> A:
        a, b = X @ w, y - y.mean()
        a = a - a.mean()
        aa, bb, ab = a @ a, b @ b, a @ b
        da = -(b - a * ab / aa) / np.sqrt(aa * bb)
        return (X - X.mean(axis=0)).T @ da

    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, rng.normal(size=d), data, loss, numpy_loss).of(dtype)


@family()
def von_mises(rng: Generator, dtype: str) -> Problem:
    """Directions on a circle, with scaled Bessel functions."""
    n = size(rng, 1, 12)

    def loss(p: A, angle: A) -> A:
        kappa = p["log"].exp()
        return (torch.special.i0e(kappa).log() + kappa - kappa * torch.cos(angle - p["mu"])).sum()

    def numpy_loss(p: A, angle: A) -> A:
        kappa = np.exp(p["log"])
        return np.sum(np.log(i0e(kappa)) + kappa - kappa * np.cos(angle - p["mu"]))

    def gradients(p: A, angle: A) -> A:
        kappa, off = np.exp(p["log"]), angle - p["mu"]
        ratio = i1e(kappa) / i0e(kappa)
        return {"mu": -kappa * np.sin(off).sum(), "log": kappa * (ratio - np.cos(off)).sum()}

    parameters = {"mu": np.array(rng.normal()), "log": np.array(rng.normal())}
    data = (rng.vonmises(0.5, 2, n),)
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="sum", batched=1).of(dtype)


@family()
def probit(rng: Generator, dtype: str) -> Problem:
    """Probit regression, by the inverse Mills ratio from scipy.stats."""
    n, d = size(rng, 2, 12), size(rng, 1, 4)

    def loss(w: A, X: A, t: A) -> A:
        return -torch.special.log_ndtr(t * (X @ w)).sum()

    def numpy_loss(w: A, X: A, t: A) -> A:
        return -norm.logcdf(t * (X @ w)).sum()

    def gradients(w: A, X: A, t: A) -> A:
        m = t * (X @ w)
        mills = np.exp(norm.logpdf(m) - norm.logcdf(m))
        return (-(mills * t) @ X).astype(X.dtype)

    data = rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], n)
    return Problem(
        gradients, rng.normal(size=d), data, loss, numpy_loss, batch="sum", batched=2
    ).of(dtype)
