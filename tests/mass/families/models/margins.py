"""Losses of classifiers and rankers."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import expit, log_softmax, logsumexp, softmax
from torch.nn import functional

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def hinge(rng: Generator, dtype: str) -> Problem:
    """A support vector machine by sub-gradient, the active samples picked by index."""
    n, d = size(rng, 3, 20), size(rng, 1, 5)

    def loss(w: A, X: A, t: A) -> A:
        return torch.clamp(1 - t * (X @ w), min=0).mean() + 0.05 * w.dot(w)

    def numpy_loss(w: A, X: A, t: A) -> A:
        return np.maximum(0, 1 - t * (X @ w)).mean() + 0.05 * w.dot(w)

    def gradients(w: A, X: A, t: A) -> A:
        active = np.flatnonzero(t * (X @ w) < 1)
        return 0.1 * w - (t[active, None] * X[active]).sum(axis=0) / len(X)

    data = rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], n)
    return Problem(gradients, rng.normal(size=d), data, loss, numpy_loss).of(dtype)


@family()
def label_smoothing(rng: Generator, dtype: str) -> Problem:
    """Cross-entropy with smoothed labels."""
    n, d, k, smooth = size(rng, 2, 15), size(rng, 1, 4), size(rng, 2, 5), 0.1

    def loss(W: A, X: A, labels: A) -> A:
        return functional.cross_entropy(X @ W, labels, label_smoothing=smooth)

    def numpy_loss(W: A, X: A, labels: A) -> A:
        logp = X @ W - logsumexp(X @ W, axis=1, keepdims=True)
        q = np.full(logp.shape, smooth / k)
        q[np.arange(len(q)), labels] += 1 - smooth
        return -(q * logp).sum() / len(X)

    def gradients(W: A, X: A, labels: A) -> A:
        e = softmax(X @ W, axis=1)
        e -= smooth / k
        e[np.arange(len(X)), labels] -= 1 - smooth
        return X.T @ e / len(X)

    data = rng.normal(size=(n, d)), rng.integers(0, k, n)
    return Problem(
        gradients, rng.normal(size=(d, k)), data, loss, numpy_loss, batch="mean", batched=2
    ).of(dtype)


@family()
def focal(rng: Generator, dtype: str) -> Problem:
    """Focal loss with a stable logarithm."""
    n, d, gamma = size(rng, 2, 15), size(rng, 1, 5), 2.0

    def loss(w: A, X: A, t: A) -> A:
        m = t * (X @ w)
        return -(torch.sigmoid(-m) ** gamma * functional.logsigmoid(m)).sum()

    def numpy_loss(w: A, X: A, t: A) -> A:
        m = t * (X @ w)
        return (expit(-m) ** gamma * np.log1p(np.exp(-m))).sum()

    def gradients(w: A, X: A, t: A) -> A:
        m = t * (X @ w)
        p, q = expit(m), expit(-m)
        by_m = -gamma * q**gamma * p * np.log1p(np.exp(-m)) - q ** (gamma + 1)
        return (by_m * t) @ X

    data = rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], n)
    return Problem(
        gradients, rng.normal(size=d), data, loss, numpy_loss, batch="sum", batched=2
    ).of(dtype)


@family()
def ranknet(rng: Generator, dtype: str) -> Problem:
    """A pairwise ranking loss, with a loop over pairs."""
    n, d = size(rng, 3, 8), size(rng, 1, 5)
    grades = np.arange(n) // 2
    pairs = [(i, j) for i in range(n) for j in range(n) if grades[i] > grades[j]]

    def loss(w: A, X: A) -> A:
        s = X @ w
        return sum(functional.softplus(s[j] - s[i]) for i, j in pairs)

    def numpy_loss(w: A, X: A) -> A:
        s = X @ w
        return sum(np.log1p(np.exp(s[j] - s[i])) for i, j in pairs)

    def gradients(w: A, X: A) -> A:
        s, by_s = X @ w, np.zeros(n, X.dtype)
        for i, j in pairs:
            push = 1 / (1 + np.exp(s[i] - s[j]))
            by_s[i] -= push
            by_s[j] += push
        return X.T @ by_s

    return Problem(gradients, rng.normal(size=d), (rng.normal(size=(n, d)),), loss, numpy_loss).of(
        dtype
    )


@family()
def listnet(rng: Generator, dtype: str) -> Problem:
    """A listwise ranking loss: cross-entropy between two softmaxes, over several queries."""
    q, n, d = size(rng, 1, 6), size(rng, 2, 6), size(rng, 1, 4)

    def loss(w: A, X: A, relevance: A) -> A:
        return -(torch.softmax(relevance, 1) * torch.log_softmax(X @ w, 1)).sum(1).mean()

    def numpy_loss(w: A, X: A, relevance: A) -> A:
        return -(softmax(relevance, 1) * log_softmax(X @ w, 1)).sum(1).mean()

    def gradients(w: A, X: A, relevance: A) -> A:
        gap = softmax(X @ w, axis=1) - softmax(relevance, axis=1)
        return np.einsum("qn,qnd->d", gap, X) / len(X)

    data = rng.normal(size=(q, n, d)), rng.normal(size=(q, n))
    return Problem(
        gradients, rng.normal(size=d), data, loss, numpy_loss, batch="mean", batched=2
    ).of(dtype)


@family()
def triplet(rng: Generator, dtype: str) -> Problem:
    """A triplet loss with a margin, on a linear embedding."""
    n, d, k = size(rng, 2, 10), size(rng, 2, 4), size(rng, 1, 3)

    def loss(L: A, a: A, p: A, m: A) -> A:
        near, far = ((a - p) @ L) ** 2, ((a - m) @ L) ** 2
        return torch.relu(near.sum(1) - far.sum(1) + 1).mean()

    def gradients(L: A, a: A, p: A, m: A) -> A:
        near, far = a - p, a - m
        gaps = ((near @ L) ** 2).sum(1) - ((far @ L) ** 2).sum(1) + 1
        on = (gaps > 0)[:, None]
        return 2 * ((near * on).T @ near - (far * on).T @ far) @ L / len(a)

    data = tuple(rng.normal(size=(n, d)) for _ in range(3))
    return Problem(gradients, rng.normal(size=(d, k)), data, loss, batch="mean", batched=3).of(
        dtype
    )


@family()
def info_nce(rng: Generator, dtype: str) -> Problem:
    """A contrastive loss over normalised embeddings, the negatives in the batch."""
    n, d, temperature = size(rng, 2, 6), size(rng, 2, 4), 0.2

    def loss(p: A) -> A:
        u, v = functional.normalize(p["u"], dim=1), functional.normalize(p["v"], dim=1)
        return functional.cross_entropy(u @ v.T / temperature, torch.arange(len(u)))

    def numpy_loss(p: A) -> A:
        u, v = (p[k] / np.sqrt((p[k] ** 2).sum(1, keepdims=True)) for k in "uv")
        z = u @ v.T / temperature
        return np.mean(np.log(np.exp(z).sum(1)) - np.diag(z))

    def gradients(p: A) -> A:
        lengths = {k: np.linalg.norm(p[k], axis=1, keepdims=True) for k in "uv"}
        u, v = p["u"] / lengths["u"], p["v"] / lengths["v"]
        e = (softmax(u @ v.T / temperature, axis=1) - np.eye(n, dtype=u.dtype)) / (temperature * n)
        by = {"u": e @ v, "v": e.T @ u}
        for k, unit in (("u", u), ("v", v)):
            by[k] = (by[k] - unit * (by[k] * unit).sum(axis=1, keepdims=True)) / lengths[k]
        return by

    parameters = {"u": rng.normal(size=(n, d)), "v": rng.normal(size=(n, d))}
    return Problem(gradients, parameters, (), loss, numpy_loss).of(dtype)
