"""Networks whose parts are used twice, skipped or mixed."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import softmax

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size, weights


@family()
def tied_autoencoder(rng: Generator, dtype: str) -> Problem:
    """Encoder and decoder share a matrix."""
    n, d, h = size(rng, 2, 10), size(rng, 2, 5), size(rng, 1, 3)

    def loss(p: A, X: A) -> A:
        return ((torch.sigmoid(X @ p["W"] + p["c"]) @ p["W"].T - X) ** 2).sum()

    def numpy_loss(p: A, X: A) -> A:
        a = 1 / (1 + np.exp(-(X @ p["W"] + p["c"])))
        return np.sum((a @ p["W"].T - X) ** 2)

    def gradients(p: A, X: A) -> A:
        a = 1 / (1 + np.exp(-(X @ p["W"] + p["c"])))
        e = 2 * (a @ p["W"].T - X)
        delta = e @ p["W"] * a * (1 - a)
        return {"W": X.T @ delta + e.T @ a, "c": delta.sum(axis=0)}

    parameters = {"W": rng.normal(size=(d, h)), "c": rng.normal(size=h)}
    data = (rng.normal(size=(n, d)),)
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="sum", batched=1).of(dtype)


@family()
def residual_blocks(rng: Generator, dtype: str) -> Problem:
    """Blocks that add to their input, their parameters in one three-dimensional array."""
    n, d, depth = size(rng, 1, 6), size(rng, 1, 4), size(rng, 1, 6)

    def loss(W: A, X: A) -> A:
        for block in W:
            X = X + torch.tanh(X @ block)
        return (X**2).mean()

    def numpy_loss(W: A, X: A) -> A:
        for block in W:
            X = X + np.tanh(X @ block)
        return (X**2).mean()

    def gradients(W: A, X: A) -> A:
        states = [X]
        for block in W:
            states.append(states[-1] + np.tanh(states[-1] @ block))
        up = 2 * states[-1] / states[-1].size
        out = np.empty_like(W)
        for k in range(depth - 1, -1, -1):
            dz = up * (1 - (states[k + 1] - states[k]) ** 2)
            out[k] = states[k].T @ dz
            up = up + dz @ W[k].T
        return out

    W = np.stack([weights(rng, d, d) for _ in range(depth)])
    return Problem(
        gradients, W, (rng.normal(size=(n, d)),), loss, numpy_loss, batch="mean", batched=1
    ).of(dtype)


@family()
def experts(rng: Generator, dtype: str) -> Problem:
    """A mixture of linear experts with a softmax gate, by einsum."""
    n, d, k = size(rng, 2, 10), size(rng, 1, 4), size(rng, 2, 4)

    def loss(p: A, X: A, y: A) -> A:
        return (((torch.softmax(X @ p["gate"], 1) * (X @ p["experts"])).sum(1) - y) ** 2).mean()

    def numpy_loss(p: A, X: A, y: A) -> A:
        g = np.exp(X @ p["gate"])
        return np.mean(((g * (X @ p["experts"])).sum(1) / g.sum(1) - y) ** 2)

    def gradients(p: A, X: A, y: A) -> A:
        g, f = softmax(X @ p["gate"], axis=1), X @ p["experts"]
        out = np.einsum("nk,nk->n", g, f)
        e = 2 * (out - y) / len(y)
        return {
            "gate": np.einsum("nd,n,nk,nk->dk", X, e, g, f - out[:, None]),
            "experts": np.einsum("nd,n,nk->dk", X, e, g),
        }

    parameters = {"gate": rng.normal(size=(d, k)), "experts": rng.normal(size=(d, k))}
    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="mean", batched=2).of(dtype)


@family()
def factorisation(rng: Generator, dtype: str) -> Problem:
    """Matrix factorisation over observed cells, by stochastic-gradient loops."""
    users, items, k, cells = size(rng, 2, 5), size(rng, 2, 5), size(rng, 1, 3), size(rng, 2, 12)

    def loss(p: A, rows: A, columns: A, stars: A) -> A:
        U, V = p
        return ((U[rows] * V[columns]).sum(1) - stars).square().sum() + 0.01 * (V**2).sum()

    def numpy_loss(p: A, rows: A, columns: A, stars: A) -> A:
        U, V = p
        guess = np.einsum("ck,ck->c", U[rows], V[columns])
        return np.square(guess - stars).sum() + 0.01 * np.square(V).sum()

    def gradients(p: A, rows: A, columns: A, stars: A) -> A:
        U, V = p
        dU, dV = np.zeros_like(U), 0.02 * V
        for i, j, star in zip(rows, columns, stars, strict=True):
            miss = 2 * (U[i] @ V[j] - star)
            dU[i] += miss * V[j]
            dV[j] += miss * U[i]
        return dU, dV

    parameters = rng.normal(size=(users, k)), rng.normal(size=(items, k))
    data = rng.integers(0, users, cells), rng.integers(0, items, cells), rng.normal(size=cells)
    return Problem(gradients, parameters, data, loss, numpy_loss).of(dtype)


@family()
def factorisation_machine(rng: Generator, dtype: str) -> Problem:
    """Second-order interactions by the identity of squares."""
    n, d, k = size(rng, 2, 10), size(rng, 2, 4), size(rng, 1, 3)

    def loss(p: A, X: A, y: A) -> A:
        s = X @ p["V"]
        out = X @ p["w"] + 0.5 * (s**2 - X**2 @ p["V"] ** 2).sum(1)
        return ((out - y) ** 2).sum()

    def numpy_loss(p: A, X: A, y: A) -> A:
        s = np.matmul(X, p["V"])
        out = X @ p["w"] + 0.5 * np.sum(s**2 - X**2 @ p["V"] ** 2, axis=1)
        return np.sum((out - y) ** 2)

    def gradients(p: A, X: A, y: A) -> A:
        s = X @ p["V"]
        e = 2 * (X @ p["w"] + 0.5 * (s**2 - X**2 @ p["V"] ** 2).sum(1) - y)
        return {"w": e @ X, "V": X.T @ (e[:, None] * s) - (e @ X**2)[:, None] * p["V"]}

    parameters = {"w": rng.normal(size=d), "V": rng.normal(size=(d, k))}
    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="sum", batched=2).of(dtype)
