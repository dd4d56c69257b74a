"""Attention, and what belongs to it."""

import math

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import softmax
from torch.nn import functional

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size, weights


def softmax_back(p: A, up: A) -> A:
    """The derivative of a softmax along the last axis."""
    return p * (up - (p * up).sum(axis=-1, keepdims=True))


@family()
def self_attention(rng: Generator, dtype: str) -> Problem:
    """One head, matrices in a dict."""
    n, d, k = size(rng, 2, 6), size(rng, 1, 4), size(rng, 1, 3)

    def loss(p: A, X: A, Y: A) -> A:
        scores = (X @ p["Q"]) @ (X @ p["K"]).T / math.sqrt(k)
        return ((torch.softmax(scores, dim=-1) @ X @ p["V"] - Y) ** 2).sum()

    def numpy_loss(p: A, X: A, Y: A) -> A:
        weight = np.exp((X @ p["Q"]) @ (X @ p["K"]).T / math.sqrt(k))
        weight /= weight.sum(axis=1, keepdims=True)
        return ((weight @ X @ p["V"] - Y) ** 2).sum()

    def gradients(p: A, X: A, Y: A) -> A:
        q, key, v = X @ p["Q"], X @ p["K"], X @ p["V"]
        P = softmax(q @ key.T / math.sqrt(k), axis=-1)
        up = 2 * (P @ v - Y)
        dS = softmax_back(P, up @ v.T) / math.sqrt(k)
        return {"Q": X.T @ (dS @ key), "K": X.T @ (dS.T @ q), "V": X.T @ (P.T @ up)}

    parameters = {name: weights(rng, d, k) for name in "QKV"}
    data = rng.normal(size=(n, d)), rng.normal(size=(n, k))
    return Problem(gradients, parameters, data, loss, numpy_loss).of(dtype)


@family()
def causal_heads(rng: Generator, dtype: str) -> Problem:
    """Several heads with a causal mask, by einsum over a four-dimensional query."""
    b, heads, n, k = size(rng, 1, 3), size(rng, 1, 3), size(rng, 2, 5), size(rng, 1, 3)
    shape = b, heads, n, k

    def loss(p: A) -> A:
        out = functional.scaled_dot_product_attention(p["q"], p["k"], p["v"], is_causal=True)
        return (out * out).mean()

    def gradients(p: A) -> A:
        scores = np.einsum("bhik,bhjk->bhij", p["q"], p["k"]) / math.sqrt(k)
        P = softmax(np.where(np.tri(n, dtype=bool), scores, -np.inf), axis=-1)
        out = np.einsum("bhij,bhjk->bhik", P, p["v"])
        up = 2 * out / out.size
        dS = softmax_back(P, np.einsum("bhik,bhjk->bhij", up, p["v"])) / math.sqrt(k)
        return {
            "q": np.einsum("bhij,bhjk->bhik", dS, p["k"]),
            "k": np.einsum("bhij,bhik->bhjk", dS, p["q"]),
            "v": np.einsum("bhij,bhik->bhjk", P, up),
        }

    return Problem(gradients, {x: rng.normal(size=shape) for x in "qkv"}, (), loss).of(dtype)


@family()
def linear_attention(rng: Generator, dtype: str) -> Problem:
    """Attention with a positive feature map instead of a softmax."""
    n, k = size(rng, 2, 6), size(rng, 2, 3)

    def loss(p: A) -> A:
        q, key, v = functional.elu(p[0]) + 1, functional.elu(p[1]) + 1, p[2]
        return ((q @ (key.T @ v)) / (q @ key.sum(0))[:, None]).square().sum()

    def numpy_loss(p: A) -> A:
        q, key = (np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) for x in p[:2])
        return np.sum(((q @ (key.T @ p[2])) / (q @ key.sum(0))[:, None]) ** 2)

    def gradients(p: A) -> A:
        q, key = (np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) for x in p[:2])
        v, total = p[2], key.sum(0)
        memory, below = key.T @ v, (q @ total)[:, None]
        out = q @ memory / below
        d_top = 2 * out / below
        d_below = -(2 * out * out / below).sum(axis=1, keepdims=True)
        dq = d_top @ memory.T + d_below * total
        d_memory = q.T @ d_top
        d_key = v @ d_memory.T + (d_below * q).sum(axis=0)
        dv = key @ d_memory
        return [dq * np.where(p[0] > 0, 1, q), d_key * np.where(p[1] > 0, 1, key), dv]

    return Problem(gradients, [rng.normal(size=(n, k)) for _ in range(3)], (), loss, numpy_loss).of(
        dtype
    )


@family()
def rotary(rng: Generator, dtype: str) -> Problem:
    """Scores of queries and keys after a rotation by position."""
    n, k = size(rng, 1, 5), 2 * size(rng, 1, 2)
    angle = np.outer(np.arange(n), 10.0 ** -np.arange(k // 2))

    def turned(x: A, cos: A, sin: A, stack: A) -> A:
        left, right = x[:, ::2] * cos - x[:, 1::2] * sin, x[:, ::2] * sin + x[:, 1::2] * cos
        return stack([left, right], -1).reshape(x.shape)

    def loss(p: A, cos: A, sin: A, G: A) -> A:
        q, key = (turned(p[x], cos, sin, torch.stack) for x in "qk")
        return (G * torch.tanh(q @ key.T)).sum()

    def gradients(p: A, cos: A, sin: A, G: A) -> A:
        q, key = (turned(p[x], cos, sin, np.stack) for x in "qk")
        ds = G * (1 - np.tanh(q @ key.T) ** 2)
        return {
            "q": turned(ds @ key, cos, -sin, np.stack),
            "k": turned(ds.T @ q, cos, -sin, np.stack),
        }

    data = np.cos(angle), np.sin(angle), rng.normal(size=(n, n))
    return Problem(gradients, {x: rng.normal(size=(n, k)) / 2 for x in "qk"}, data, loss).of(dtype)
