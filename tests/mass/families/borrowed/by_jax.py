"""Gradients by JAX, where it is installed."""

from collections.abc import Callable
from importlib import import_module

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A, mapped
from tests.mass.problem import Problem, family, size, weights


def by_jax(function: Callable[..., A]) -> Callable[..., A]:
    """Its gradient, as arrays that can be written to, in the order of the parameters."""
    gradient = jax().jit(jax().grad(function))

    def gradients(p: A, *data: A) -> A:
        found = gradient(p, *data)
        found = {name: found[name] for name in p} if isinstance(p, dict) else found
        return mapped(np.array, found)

    return gradients


def jax() -> A:
    """JAX, which is optional, in double precision."""
    module: A = import_module("jax")
    module.config.update("jax_enable_x64", True)
    return module


@family(needs="jax")
def jax_network(rng: Generator, dtype: str) -> Problem:
    """A classifier."""
    n, d, h, k = size(rng, 2, 8), size(rng, 1, 3), size(rng, 2, 4), size(rng, 2, 3)

    def subject(p: A, X: A, labels: A) -> A:
        z = jax().numpy.tanh(X @ p["W"] + p["b"]) @ p["V"]
        return -jax().nn.log_softmax(z)[jax().numpy.arange(len(labels)), labels].mean()

    def loss(p: A, X: A, labels: A) -> A:
        z = torch.tanh(X @ p["W"] + p["b"]) @ p["V"]
        return torch.nn.functional.cross_entropy(z, labels)

    parameters = {"W": weights(rng, d, h), "b": rng.normal(size=h), "V": weights(rng, h, k)}
    data = rng.normal(size=(n, d)), rng.integers(0, k, n)
    return Problem(by_jax(subject), parameters, data, loss, batch="mean", batched=2).of(dtype)


@family(needs="jax")
def jax_scan(rng: Generator, dtype: str) -> Problem:
    """A recurrent network by lax.scan."""
    h, T = size(rng, 2, 4), size(rng, 2, 20)

    def subject(W: A, X: A) -> A:
        def step(s: A, x: A) -> A:
            s = jax().numpy.tanh(W @ s + x)
            return s, s

        _, path = jax().lax.scan(step, jax().numpy.zeros(h, X.dtype), X)
        return (path**2).sum()

    def loss(W: A, X: A) -> A:
        s, total = torch.zeros(h, dtype=X.dtype), 0.0
        for x in X:
            s = torch.tanh(W @ s + x)
            total = total + (s**2).sum()
        return total

    def numpy_loss(W: A, X: A) -> A:
        s, total = np.zeros(h), 0.0
        for x in X:
            s = np.tanh(W @ s + x)
            total = total + np.sum(s**2)
        return total

    data = (rng.normal(size=(T, h)),)
    return Problem(by_jax(subject), weights(rng, h, h), data, loss, numpy_loss).of(dtype)


@family(needs="jax")
def jax_algebra(rng: Generator, dtype: str) -> Problem:
    """A log-determinant and a quadratic form."""
    n = size(rng, 1, 4)

    def subject(B: A, y: A) -> A:
        K = B @ B.T + jax().numpy.eye(n, dtype=B.dtype)
        return jax().numpy.linalg.slogdet(K)[1] + y @ jax().numpy.linalg.solve(K, y)

    def loss(B: A, y: A) -> A:
        K = B @ B.T + torch.eye(n, dtype=B.dtype)
        return torch.logdet(K) + y @ torch.linalg.solve(K, y)

    def numpy_loss(B: A, y: A) -> A:
        K = B @ B.T + np.eye(n)
        return np.linalg.slogdet(K)[1] + y @ np.linalg.solve(K, y)

    return Problem(
        by_jax(subject), rng.normal(size=(n, n)), (rng.normal(size=n),), loss, numpy_loss
    ).of(dtype)


@family(needs="jax")
def jax_special(rng: Generator, dtype: str) -> Problem:
    """Gamma functions and a stable softmax."""
    n = size(rng, 2, 6)

    def subject(z: A, x: A) -> A:
        return jax().scipy.special.gammaln(jax().numpy.exp(z)).sum() + jax().nn.logsumexp(z * x)

    def loss(z: A, x: A) -> A:
        return torch.lgamma(z.exp()).sum() + torch.logsumexp(z * x, 0)

    return Problem(by_jax(subject), rng.normal(size=n), (rng.normal(size=n),), loss).of(dtype)
