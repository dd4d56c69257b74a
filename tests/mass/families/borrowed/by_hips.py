"""Gradients by HIPS autograd, where it is installed."""

from importlib import import_module

import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size, weights


def hips(module: str) -> A:
    """A module of HIPS autograd, which is optional."""
    return import_module(f"autograd{module}")


@family(needs="autograd")
def hips_network(rng: Generator, dtype: str) -> Problem:
    """A network in a list, the same loss for both."""
    n, d, h = size(rng, 2, 8), size(rng, 1, 3), size(rng, 2, 4)

    anp = hips(".numpy")

    def subject(p: A, X: A, y: A) -> A:
        return anp.mean((anp.tanh(anp.dot(X, p[0]) + p[1]) @ p[2] - y) ** 2)

    def loss(p: A, X: A, y: A) -> A:
        return ((torch.tanh(X @ p[0] + p[1]) @ p[2] - y) ** 2).mean()

    parameters = [weights(rng, d, h), rng.normal(size=h), rng.normal(size=h)]
    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(
        hips("").grad(subject), parameters, data, loss, subject, batch="mean", batched=2
    ).of(dtype)


@family("float64", needs="autograd")
def hips_oscillator(rng: Generator, dtype: str) -> Problem:
    """An integrator in a loop."""
    steps = size(rng, 2, 20)

    def run(p: A, s: A, sin: A, stack: A) -> A:
        for _ in range(steps):
            s = s + 0.05 * stack([s[1], -p[0] * sin(s[0]) - p[1] * s[1]])
        return (s**2).sum()

    anp = hips(".numpy")

    def subject(p: A, s: A) -> A:
        return run(p, s, anp.sin, anp.array)

    def loss(p: A, s: A) -> A:
        return run(p, s, torch.sin, torch.stack)

    return Problem(
        hips("").grad(subject), rng.uniform(0.5, 2, 2), (rng.normal(size=2),), loss, subject
    ).of(dtype)


@family(needs="autograd")
def hips_algebra(rng: Generator, dtype: str) -> Problem:
    """Solving and a determinant."""
    n = size(rng, 1, 4)

    anp = hips(".numpy")

    def subject(M: A, y: A) -> A:
        return anp.sum(anp.linalg.solve(M, y) ** 2) + anp.linalg.slogdet(M)[1]

    def loss(M: A, y: A) -> A:
        return (torch.linalg.solve(M, y) ** 2).sum() + torch.linalg.slogdet(M)[1]

    M = weights(rng, n, n) + 3 * torch.eye(n).double().numpy()
    return Problem(hips("").grad(subject), M, (rng.normal(size=n),), loss, subject).of(dtype)


@family(needs="autograd")
def hips_special(rng: Generator, dtype: str) -> Problem:
    """A gamma likelihood."""
    n = size(rng, 1, 8)

    anp, asp = hips(".numpy"), hips(".scipy.special")

    def subject(theta: A, x: A) -> A:
        k, rate = anp.exp(theta[0]), anp.exp(theta[1])
        return -anp.sum(k * theta[1] - asp.gammaln(k) + (k - 1) * anp.log(x) - rate * x)

    def loss(theta: A, x: A) -> A:
        k, rate = theta.exp()
        return -(k * theta[1] - torch.lgamma(k) + (k - 1) * x.log() - rate * x).sum()

    return Problem(
        hips("").grad(subject),
        rng.normal(size=2),
        (rng.gamma(2, 1, n),),
        loss,
        subject,
        batch="sum",
        batched=1,
    ).of(dtype)
