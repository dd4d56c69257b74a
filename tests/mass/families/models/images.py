"""Convolution, pooling and total variation."""

import itertools

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator
from torch.nn import functional

from tests.mass.nest import A
from tests.mass.problem import EITHER, Problem, family, size


@family()
def conv1d(rng: Generator, dtype: str) -> Problem:
    """A one-dimensional filter in loops, with np.convolve for the signal's gradient."""
    n, k = size(rng, 4, 12), size(rng, 1, 4)

    def loss(p: A) -> A:
        out = functional.conv1d(p["x"][None, None], p["w"][None, None]) + p["b"]
        return (out**3).sum()

    def numpy_loss(p: A) -> A:
        return np.sum((np.correlate(p["x"], p["w"], "valid") + p["b"]) ** 3)

    def gradients(p: A) -> A:
        x, w = p["x"], p["w"]
        up = np.zeros(n - k + 1, x.dtype)
        for i in range(len(up)):
            up[i] = 3 * (x[i : i + k] @ w + p["b"]) ** 2
        by_w = np.array([up @ x[j : j + len(up)] for j in range(k)])
        return {"x": np.convolve(up, w), "w": by_w, "b": up.sum()}

    parameters = {"x": rng.normal(size=n), "w": rng.normal(size=k), "b": np.array(rng.normal())}
    return Problem(gradients, parameters, (), loss, numpy_loss).of(dtype)


@family()
def conv2d(rng: Generator, dtype: str) -> Problem:
    """Many channels, valid borders, with windows as views."""
    n, c, o, k, side = size(rng, 1, 3), size(rng, 1, 3), size(rng, 1, 3), size(rng, 1, 3), 5

    def loss(p: A, X: A) -> A:
        return (functional.conv2d(X, p["W"], p["b"]) ** 2).sum() / 2

    def numpy_loss(p: A, X: A) -> A:
        windows = sliding_window_view(X, (k, k), axis=(2, 3))
        out = np.einsum("ncijuv,ocuv->noij", windows, p["W"]) + p["b"][:, None, None]
        return np.sum(out**2) / 2

    def gradients(p: A, X: A) -> A:
        windows = sliding_window_view(X, (k, k), axis=(2, 3))
        out = np.einsum("ncijuv,ocuv->noij", windows, p["W"]) + p["b"][:, None, None]
        return {"W": np.einsum("noij,ncijuv->ocuv", out, windows), "b": out.sum(axis=(0, 2, 3))}

    parameters = {"W": rng.normal(size=(o, c, k, k)), "b": rng.normal(size=o)}
    return Problem(
        gradients,
        parameters,
        (rng.normal(size=(n, c, side, side)),),
        loss,
        numpy_loss,
        batch="sum",
        batched=1,
    ).of(dtype)


def pooled(x: A) -> A:
    """The blocks of two by two, their four entries in the last axis."""
    h, w = x.shape
    return x.reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).reshape(h // 2, w // 2, 4)


def unpooled(blocks: A) -> A:
    """Back from blocks to an image."""
    h, w, _ = blocks.shape
    return blocks.reshape(h, w, 2, 2).transpose(0, 2, 1, 3).reshape(2 * h, 2 * w)


def max_pool(rng: Generator, dtype: str, *, ties: bool) -> Problem:
    """Max-pooling, the gradient to the first maximum."""
    shape = 2 * size(rng, 1, 3), 2 * size(rng, 1, 3)
    x = rng.integers(0, 3, shape).astype(float) if ties else rng.normal(size=shape)

    def loss(x: A, G: A) -> A:
        return (functional.max_pool2d(x[None], 2)[0] * G).sum()

    def numpy_loss(x: A, G: A) -> A:
        return np.sum(pooled(np.asarray(x)).max(axis=-1) * G)

    def gradients(x: A, G: A) -> A:
        blocks = pooled(x)
        first = np.arange(4) == blocks.argmax(axis=-1)[..., None]
        return unpooled(first * G[..., None])

    G = rng.normal(size=(shape[0] // 2, shape[1] // 2))
    return Problem(
        gradients, x, (G,), loss, numpy_loss, expected=EITHER if ties else ("match",)
    ).of(dtype)


@family()
def max_pooling(rng: Generator, dtype: str) -> Problem:
    """Without ties."""
    return max_pool(rng, dtype, ties=False)


@family()
def max_pooling_ties(rng: Generator, dtype: str) -> Problem:
    """With ties in most windows."""
    return max_pool(rng, dtype, ties=True)


@family()
def average_pooling(rng: Generator, dtype: str) -> Problem:
    """Averages, with np.kron for the way back."""
    h, w = size(rng, 1, 3), size(rng, 1, 3)

    def loss(x: A) -> A:
        return functional.avg_pool2d(x[None], 2).sin().sum()

    def numpy_loss(x: A) -> A:
        return np.sum(np.sin(x.reshape(h, 2, w, 2).mean(axis=(1, 3))))

    def gradients(x: A) -> A:
        slopes = np.cos(x.reshape(h, 2, w, 2).mean(axis=(1, 3)))
        return np.kron(slopes, np.full((2, 2), 0.25, x.dtype))

    return Problem(gradients, rng.normal(size=(2 * h, 2 * w)), (), loss, numpy_loss).of(dtype)


@family()
def total_variation(rng: Generator, dtype: str) -> Problem:
    """Anisotropic total variation of an image, beside a data term."""
    h, w = size(rng, 2, 6), size(rng, 2, 6)

    def loss(x: A, noisy: A) -> A:
        variation = torch.diff(x, dim=0).abs().sum() + torch.diff(x, dim=1).abs().sum()
        return variation + ((x - noisy) ** 2).sum()

    def numpy_loss(x: A, noisy: A) -> A:
        variation = np.abs(np.diff(x, axis=0)).sum() + np.abs(np.diff(x, axis=1)).sum()
        return variation + np.sum((x - noisy) ** 2)

    def gradients(x: A, noisy: A) -> A:
        g = 2 * (x - noisy)
        down, right = np.sign(x[1:] - x[:-1]), np.sign(x[:, 1:] - x[:, :-1])
        g[1:] += down
        g[:-1] -= down
        g[:, 1:] += right
        g[:, :-1] -= right
        return g

    data = (rng.normal(size=(h, w)),)
    return Problem(gradients, rng.normal(size=(h, w)), data, loss, numpy_loss).of(dtype)


@family()
def bare_variation(rng: Generator, dtype: str) -> Problem:
    """Total variation alone: linear by pieces, its slopes whole numbers."""
    n = size(rng, 3, 12)

    def loss(x: A) -> A:
        return (x[1:] - x[:-1]).abs().sum()

    def numpy_loss(x: A) -> A:
        return float(sum(abs(b - a) for a, b in itertools.pairwise(x)))

    def gradients(x: A) -> A:
        steps = np.sign(np.diff(x))
        return np.concatenate([[-steps[0]], steps[:-1] - steps[1:], [steps[-1]]]).astype(x.dtype)

    return Problem(gradients, rng.normal(size=n), (), loss, numpy_loss).of(dtype)


@family()
def smooth_variation(rng: Generator, dtype: str) -> Problem:
    """Isotropic variation under a root with a stabiliser that is in both."""
    h, w, eps = size(rng, 2, 5), size(rng, 2, 5), 1e-3

    def loss(x: A) -> A:
        dx, dy = x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]
        return (dx**2 + dy**2 + eps).sqrt().sum()

    def numpy_loss(x: A) -> A:
        dx, dy = x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]
        return np.sqrt(dx**2 + dy**2 + eps).sum()

    def gradients(x: A) -> A:
        g = np.zeros_like(x)
        dx, dy = x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]
        root = np.sqrt(dx**2 + dy**2 + eps)
        np.add(g[1:, :-1], dx / root, out=g[1:, :-1])
        np.add(g[:-1, 1:], dy / root, out=g[:-1, 1:])
        np.subtract(g[:-1, :-1], (dx + dy) / root, out=g[:-1, :-1])
        return g

    return Problem(gradients, rng.normal(size=(h, w)), (), loss, numpy_loss).of(dtype)
