"""Normalisations."""

import numpy as np
import torch
from numpy.random import Generator
from torch.nn import functional

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def batch_norm(rng: Generator, dtype: str) -> Problem:
    """A linear layer, batch norm and relu, in the steps of the course notes."""
    n, d, h = size(rng, 3, 12), size(rng, 1, 4), size(rng, 1, 4)

    def loss(p: A, X: A, G: A) -> A:
        z = functional.batch_norm(X @ p["W"], None, None, p["gamma"], p["beta"], training=True)
        return (torch.tanh(z) * G).sum()

    def numpy_loss(p: A, X: A, G: A) -> A:
        z = X @ p["W"]
        z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
        return np.sum(np.tanh(z * p["gamma"] + p["beta"]) * G)

    def gradients(p: A, X: A, G: A) -> A:
        z = X @ p["W"]
        centred = z - z.mean(axis=0)
        deviation = np.sqrt((centred**2).mean(axis=0) + 1e-5)
        x_hat = centred / deviation
        out = np.tanh(x_hat * p["gamma"] + p["beta"])
        up = G * (1 - out**2)
        dx = up * p["gamma"]
        dz = (n * dx - dx.sum(axis=0) - x_hat * (dx * x_hat).sum(axis=0)) / (n * deviation)
        return {"W": X.T @ dz, "gamma": (up * x_hat).sum(axis=0), "beta": up.sum(axis=0)}

    parameters = {
        "W": rng.normal(size=(d, h)),
        "gamma": rng.uniform(0.5, 2, h),
        "beta": rng.normal(size=h),
    }
    data = rng.normal(size=(n, d)), rng.normal(size=(n, h))
    return Problem(gradients, parameters, data, loss, numpy_loss).of(dtype)


@family()
def bias_before_norm(rng: Generator, dtype: str) -> Problem:
    """A bias that the mean of the batch takes away: its gradient is zero but for rounding."""
    n, d = size(rng, 3, 12), size(rng, 1, 4)

    def loss(p: A, X: A, G: A) -> A:
        z = X * p["w"] + p["b"]
        return ((z - z.mean(0)) / torch.sqrt(z.var(0, correction=0) + 1e-3) * G).sum()

    def numpy_loss(p: A, X: A, G: A) -> A:
        z = X * p["w"] + p["b"]
        return np.sum((z - z.mean(0)) / np.sqrt(z.var(0) + 1e-3) * G)

    def gradients(p: A, X: A, G: A) -> A:
        z = X * p["w"] + p["b"]
        deviation = np.sqrt(z.var(axis=0) + 1e-3)
        unit = (z - z.mean(axis=0)) / deviation
        dz = (G - G.mean(axis=0) - unit * (G * unit).mean(axis=0)) / deviation
        return {"w": (dz * X).sum(axis=0), "b": dz.sum(axis=0)}

    parameters = {"w": rng.uniform(0.5, 2, d), "b": rng.normal(size=d)}
    data = rng.normal(size=(n, d)), rng.normal(size=(n, d))
    return Problem(gradients, parameters, data, loss, numpy_loss).of(dtype)


@family()
def layer_norm(rng: Generator, dtype: str) -> Problem:
    """Layer norm, with the gradient of its input too."""
    n, d = size(rng, 1, 5), size(rng, 3, 6)

    def loss(p: A, G: A) -> A:
        return (functional.layer_norm(p["x"], (d,), p["gain"], p["shift"]) * G).sum()

    def numpy_loss(p: A, G: A) -> A:
        x = p["x"]
        unit = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        return np.sum((unit * p["gain"] + p["shift"]) * G)

    def gradients(p: A, G: A) -> A:
        x = p["x"]
        deviation = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        unit = (x - x.mean(axis=1, keepdims=True)) / deviation
        up = G * p["gain"]
        mean, along = up.mean(axis=1, keepdims=True), (up * unit).mean(axis=1, keepdims=True)
        return {
            "x": (up - mean - unit * along) / deviation,
            "gain": np.sum(G * unit, axis=0),
            "shift": np.sum(G, axis=0),
        }

    parameters = {"x": rng.normal(size=(n, d)), "gain": rng.normal(size=d), "shift": np.zeros(d)}
    return Problem(gradients, parameters, (rng.normal(size=(n, d)),), loss, numpy_loss).of(dtype)


@family()
def rms_norm(rng: Generator, dtype: str) -> Problem:
    """Root mean squares, sample by sample in a loop."""
    n, d = size(rng, 1, 5), size(rng, 2, 5)

    def loss(p: A, G: A) -> A:
        x, g = p
        return (x * torch.rsqrt((x * x).mean(1, keepdim=True) + 1e-6) * g * G).sum()

    def numpy_loss(p: A, G: A) -> A:
        x, g = p
        return (x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + 1e-6) * g * G).sum()

    def gradients(p: A, G: A) -> A:
        x, g = p
        dx, dg = np.empty_like(x), np.zeros_like(g)
        for i, row in enumerate(x):
            r = np.sqrt(np.dot(row, row) / d + x.dtype.type(1e-6))
            up = G[i] * g
            dx[i] = up / r - row * np.dot(up, row) / (d * r**3)
            dg += G[i] * row / r
        return dx, dg

    parameters = rng.normal(size=(n, d)), rng.normal(size=d)
    return Problem(gradients, parameters, (rng.normal(size=(n, d)),), loss, numpy_loss).of(dtype)


@family()
def cosine(rng: Generator, dtype: str) -> Problem:
    """One minus the cosine between two projections."""
    d, k = size(rng, 2, 4), size(rng, 2, 4)

    def loss(W: A, u: A, v: A) -> A:
        return 1 - functional.cosine_similarity(W @ u, W @ v, dim=0)

    def numpy_loss(W: A, u: A, v: A) -> A:
        a, b = W @ u, W @ v
        return 1 - np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b))

    def gradients(W: A, u: A, v: A) -> A:
        a, b = W @ u, W @ v
        na, nb = np.linalg.norm(a), np.linalg.norm(b)
        c = a @ b / (na * nb)
        da, db = (c * a / na - b / nb) / na, (c * b / nb - a / na) / nb
        return np.outer(da, u) + np.outer(db, v)

    data = rng.normal(size=d), rng.normal(size=d)
    return Problem(gradients, rng.normal(size=(k, d)), data, loss, numpy_loss).of(dtype)


@family()
def weight_norm(rng: Generator, dtype: str) -> Problem:
    """Length and direction of a vector apart."""
    n, d = size(rng, 2, 10), size(rng, 2, 5)

    def loss(p: A, X: A, y: A) -> A:
        return (X @ (p["g"] * p["v"] / torch.linalg.vector_norm(p["v"])) - y).square().mean()

    def gradients(p: A, X: A, y: A) -> A:
        length = np.linalg.norm(p["v"])
        unit = p["v"] / length
        dw = 2 * X.T @ (X @ (p["g"] * unit) - y) / len(y)
        return {"g": dw @ unit, "v": p["g"] * (dw - unit * (dw @ unit)) / length}

    parameters = {"g": np.array(rng.uniform(0.5, 3)), "v": rng.normal(size=d)}
    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, parameters, data, loss, batch="mean", batched=2).of(dtype)
