"""Negative log-likelihoods, with the special functions of SciPy."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import digamma, expit, gammaln

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def gamma_likelihood(rng: Generator, dtype: str) -> Problem:
    """Shape and rate of a gamma distribution, by their logarithms."""
    n = size(rng, 1, 15)

    def loss(theta: A, x: A) -> A:
        k, rate = theta.exp()
        return -(k * rate.log() - torch.lgamma(k) + (k - 1) * x.log() - rate * x).sum()

    def numpy_loss(theta: A, x: A) -> A:
        k, rate = np.exp(theta)
        return -np.sum(k * np.log(rate) - gammaln(k) + (k - 1) * np.log(x) - rate * x)

    def gradients(theta: A, x: A) -> A:
        k, rate = np.exp(theta)
        by_k = len(x) * (np.log(rate) - digamma(k)) + np.log(x).sum()
        return -np.array([k * by_k, len(x) * k - rate * x.sum()], dtype=theta.dtype)

    return Problem(
        gradients,
        rng.normal(size=2),
        (rng.gamma(2, 1, n),),
        loss,
        numpy_loss,
        batch="sum",
        batched=1,
    ).of(dtype)


@family()
def beta_regression(rng: Generator, dtype: str) -> Problem:
    """Mean by a logit, precision by a logarithm."""
    n, d = size(rng, 2, 12), size(rng, 1, 3)

    def loss(p: A, X: A, y: A) -> A:
        mu, phi = torch.sigmoid(X @ p["w"]), p["s"].exp()
        a, b = mu * phi, (1 - mu) * phi
        logs = (a - 1) * y.log() + (b - 1) * (1 - y).log()
        return -(torch.lgamma(phi) - torch.lgamma(a) - torch.lgamma(b) + logs).mean()

    def numpy_loss(p: A, X: A, y: A) -> A:
        mu, phi = expit(X @ p["w"]), np.exp(p["s"])
        a, b = mu * phi, (1 - mu) * phi
        logs = (a - 1) * np.log(y) + (b - 1) * np.log1p(-y)
        return -np.mean(gammaln(phi) - gammaln(a) - gammaln(b) + logs)

    def gradients(p: A, X: A, y: A) -> A:
        mu, phi = expit(X @ p["w"]), np.exp(p["s"])
        by_a = digamma(mu * phi) - np.log(y)
        by_b = digamma((1 - mu) * phi) - np.log1p(-y)
        eta = phi * (by_a - by_b) * mu * (1 - mu)
        by_phi = -digamma(phi) + mu * by_a + (1 - mu) * by_b
        return {"w": X.T @ eta / len(y), "s": phi * by_phi.mean()}

    parameters = {"w": rng.normal(size=d), "s": np.array(rng.normal() + 1)}
    data = rng.normal(size=(n, d)), rng.uniform(0.05, 0.95, n)
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="mean", batched=2).of(dtype)


@family()
def negative_binomial(rng: Generator, dtype: str) -> Problem:
    """Over-dispersed counts."""
    n = size(rng, 1, 12)

    def loss(theta: A, k: A) -> A:
        r, p = theta[0].exp(), torch.sigmoid(theta[1])
        logs = torch.lgamma(k + r) - torch.lgamma(r) + r * torch.log1p(-p) + k * p.log()
        return -logs.sum()

    def numpy_loss(theta: A, k: A) -> A:
        r, p = np.exp(theta[0]), expit(theta[1])
        return -np.sum(gammaln(k + r) - gammaln(r) + r * np.log1p(-p) + k * np.log(p))

    def gradients(theta: A, k: A) -> A:
        r, p = np.exp(theta[0]), expit(theta[1])
        by_r = np.sum(digamma(k + r) - digamma(r) + np.log1p(-p))
        return np.stack([-r * by_r, np.sum(r * p - k * (1 - p))]).astype(theta.dtype)

    counts = rng.negative_binomial(3, 0.4, n).astype(float)
    return Problem(
        gradients, rng.normal(size=2), (counts,), loss, numpy_loss, batch="sum", batched=1
    ).of(dtype)


@family()
def student_t(rng: Generator, dtype: str) -> Problem:
    """Location, log-scale and log-degrees of freedom, three scalars in a tuple."""
    n = size(rng, 2, 15)

    def loss(p: A, x: A) -> A:
        m, s, v = p
        z, nu = (x - m) / s.exp(), v.exp()
        constant = torch.lgamma((nu + 1) / 2) - torch.lgamma(nu / 2) - 0.5 * v - s
        return -(constant - (nu + 1) / 2 * torch.log1p(z**2 / nu)).mean()

    def numpy_loss(p: A, x: A) -> A:
        m, s, v = p
        z, nu = (x - m) / np.exp(s), np.exp(v)
        constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * v - s
        return -np.mean(constant - (nu + 1) / 2 * np.log1p(z**2 / nu))

    def gradients(p: A, x: A) -> A:
        m, s, v = p
        z, nu = (x - m) / np.exp(s), np.exp(v)
        w = (nu + 1) / (nu + z**2)
        by_nu = (digamma((nu + 1) / 2) - digamma(nu / 2) - 1 / nu) / 2
        by_nu = by_nu - np.mean(np.log1p(z**2 / nu) - w * z**2 / nu) / 2
        return -np.mean(w * z) / np.exp(s), 1 - np.mean(w * z**2), -nu * by_nu

    p = tuple(np.array(value) for value in rng.normal(size=3) + np.array([0, 0, 1]))
    data = (rng.standard_t(4, n),)
    return Problem(gradients, p, data, loss, numpy_loss, batch="mean", batched=1).of(dtype)


@family()
def dirichlet_multinomial(rng: Generator, dtype: str) -> Problem:
    """Counts of categories, a loop over rows."""
    n, k = size(rng, 1, 6), size(rng, 2, 4)

    def loss(alpha: A, N: A) -> A:
        total = torch.lgamma(alpha.sum()) - torch.lgamma(alpha.sum() + N.sum(1))
        return -(total + (torch.lgamma(alpha + N) - torch.lgamma(alpha)).sum(1)).sum()

    def numpy_loss(alpha: A, N: A) -> A:
        total = gammaln(alpha.sum()) - gammaln(alpha.sum() + N.sum(1))
        return -(total + (gammaln(alpha + N) - gammaln(alpha)).sum(1)).sum()

    def gradients(alpha: A, N: A) -> A:
        g = np.zeros_like(alpha)
        for row in N:
            g -= digamma(alpha.sum()) - digamma(alpha.sum() + row.sum())
            g -= digamma(alpha + row) - digamma(alpha)
        return g

    counts = rng.multinomial(8, rng.dirichlet(np.ones(k)), n).astype(float)
    return Problem(
        gradients, rng.uniform(0.3, 3, k), (counts,), loss, numpy_loss, batch="sum", batched=1
    ).of(dtype)
