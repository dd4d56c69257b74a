"""Entropies and divergences."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import logsumexp, softmax

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def entropy(rng: Generator, dtype: str) -> Problem:
    """The entropy of a softmax, often confident: its gradient loses digits."""
    n, spread = size(rng, 2, 7), float(rng.choice([1, 4, 12]))

    def loss(z: A) -> A:
        return -(torch.softmax(z, 0) * torch.log_softmax(z, 0)).sum()

    def numpy_loss(z: A) -> A:
        p = np.exp(z - z.max())
        p = p / p.sum()
        return -np.sum(p * np.log(p))

    def gradients(z: A) -> A:
        log_p = z - logsumexp(z)
        p = np.exp(log_p)
        H = -(p * log_p).sum()
        return -p * (log_p + H)

    return Problem(gradients, spread * rng.normal(size=n), (), loss, numpy_loss).of(dtype)


@family()
def gaussian_divergence(rng: Generator, dtype: str) -> Problem:
    """The KL divergence of a variational posterior, by mean and log-variance."""
    n, d = size(rng, 1, 5), size(rng, 1, 4)

    def loss(p: A) -> A:
        m, s = p["mu"], p["logvar"]
        return -0.5 * (1 + s - m**2 - s.exp()).sum(1).mean()

    def numpy_loss(p: A) -> A:
        m, s = p["mu"], p["logvar"]
        return -0.5 * np.mean(np.sum(1 + s - m**2 - np.exp(s), axis=1))

    def gradients(p: A) -> A:
        return {"mu": p["mu"] / n, "logvar": (np.exp(p["logvar"]) - 1) / (2 * n)}

    parameters = {"mu": rng.normal(size=(n, d)), "logvar": rng.normal(size=(n, d))}
    return Problem(gradients, parameters, (), loss, numpy_loss).of(dtype)


@family()
def categorical_divergence(rng: Generator, dtype: str) -> Problem:
    """Distillation at a temperature, reversed KL."""
    n, k, T = size(rng, 1, 5), size(rng, 2, 5), float(rng.uniform(0.5, 4))

    def loss(z: A, teacher: A) -> A:
        p = torch.log_softmax(z / T, 1)
        return (p.exp() * (p - torch.log_softmax(teacher / T, 1))).sum() * T**2

    def numpy_loss(z: A, teacher: A) -> A:
        p, q = softmax(z / T, 1), softmax(teacher / T, 1)
        return np.sum(p * (np.log(p) - np.log(q))) * T**2

    def gradients(z: A, teacher: A) -> A:
        p, q = softmax(z / T, axis=1), softmax(teacher / T, axis=1)
        ratio = np.log(p / q)
        return T * p * (ratio - (p * ratio).sum(axis=1, keepdims=True))

    return Problem(
        gradients, rng.normal(size=(n, k)), (rng.normal(size=(n, k)),), loss, numpy_loss
    ).of(dtype)
