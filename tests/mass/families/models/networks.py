"""Networks of layers, with backward passes as people write them."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import erf
from torch.nn import functional

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size, weights


class Layer(NamedTuple):
    """A matrix and a bias."""

    W: A
    b: A


class Tape:
    """A stack of layers that remembers its forward pass."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers, self.inputs, self.outputs = layers, [], []

    def forward(self, a: A) -> A:
        """The output, after tanh in all layers but the last."""
        for i, layer in enumerate(self.layers):
            self.inputs.append(a)
            z = a @ layer.W + layer.b
            a = np.tanh(z) if i < len(self.layers) - 1 else z
            self.outputs.append(a)
        return a

    def backward(self, upstream: A) -> list[Layer]:
        """The gradients, from the last layer to the first."""
        found: list[Layer] = []
        for i in reversed(range(len(self.layers))):
            if i < len(self.layers) - 1:
                upstream = upstream * (1 - self.outputs[i] ** 2)
            found.insert(0, Layer(self.inputs[i].T @ upstream, upstream.sum(axis=0)))
            upstream = upstream @ self.layers[i].W.T
        return found


@family()
def deep_tanh(rng: Generator, dtype: str) -> Problem:
    """Two to four layers in a class, the parameters in a list of NamedTuples."""
    widths = [size(rng, 1, 4) for _ in range(size(rng, 3, 5))]
    n = size(rng, 1, 12)
    layers = [Layer(weights(rng, a, b), rng.normal(size=b)) for a, b in itertools.pairwise(widths)]

    def loss(p: A, X: A, Y: A) -> A:
        for layer in p[:-1]:
            X = torch.tanh(X @ layer.W + layer.b)
        return functional.mse_loss(X @ p[-1].W + p[-1].b, Y, reduction="sum")

    def numpy_loss(p: A, X: A, Y: A) -> A:
        return np.sum((Tape(p).forward(X) - Y) ** 2)

    def gradients(p: A, X: A, Y: A) -> A:
        tape = Tape(p)
        return tape.backward(2 * (tape.forward(X) - Y))

    data = rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))
    return Problem(gradients, layers, data, loss, numpy_loss, batch="sum", batched=2).of(dtype)


def softplus(z: A) -> A:
    """The logarithm of 1 + exp(z)."""
    return np.logaddexp(0, z)


ACTIVATIONS = {
    "relu": (torch.relu, lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky": (
        lambda z: functional.leaky_relu(z, 0.1),
        lambda z: np.where(z > 0, z, 0.1 * z),
        lambda z: np.where(z > 0, 1.0, 0.1).astype(z.dtype),
    ),
    "gelu": (
        functional.gelu,
        lambda z: z / 2 * (1 + erf(z / math.sqrt(2))),
        lambda z: (1 + erf(z / math.sqrt(2))) / 2 + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    ),
    "silu": (
        functional.silu,
        lambda z: z / (1 + np.exp(-z)),
        lambda z: (1 + np.exp(-z) + z * np.exp(-z)) / (1 + np.exp(-z)) ** 2,
    ),
    "elu": (
        functional.elu,
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, np.ones_like(z), np.exp(np.minimum(z, 0))),
    ),
    "mish": (
        functional.mish,
        lambda z: z * np.tanh(softplus(z)),
        lambda z: np.tanh(softplus(z)) + z * (1 - np.tanh(softplus(z)) ** 2) / (1 + np.exp(-z)),
    ),
}
"""Each activation in PyTorch, in NumPy, and its derivative."""


def with_activation(rng: Generator, dtype: str, name: str) -> Problem:
    """One hidden layer, in a tuple, mean over the batch."""
    n, d, h = size(rng, 1, 12), size(rng, 1, 4), size(rng, 1, 5)
    act_torch, act, slope = ACTIVATIONS[name]

    def loss(p: A, X: A, y: A) -> A:
        W, b, v = p
        return ((act_torch(X @ W.T + b) @ v - y) ** 2).mean() / 2

    def numpy_loss(p: A, X: A, y: A) -> A:
        W, b, v = p
        return np.mean((act(X @ W.T + b) @ v - y) ** 2) / 2

    def gradients(p: A, X: A, y: A) -> A:
        W, b, v = p
        z = X @ W.T + b
        a = act(z)
        e = (a @ v - y) / len(y)
        dz = np.outer(e, v) * slope(z)
        return dz.T @ X, dz.sum(0), a.T @ e

    parameters = rng.normal(size=(h, d)), rng.normal(size=h), rng.normal(size=h)
    data = rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, parameters, data, loss, numpy_loss, batch="mean", batched=2).of(dtype)


@family()
def mlp_relu(rng: Generator, dtype: str) -> Problem:
    """With relu."""
    return with_activation(rng, dtype, "relu")


@family()
def mlp_leaky(rng: Generator, dtype: str) -> Problem:
    """With a leaky relu."""
    return with_activation(rng, dtype, "leaky")


@family()
def mlp_gelu(rng: Generator, dtype: str) -> Problem:
    """With the exact gelu."""
    return with_activation(rng, dtype, "gelu")


@family()
def mlp_silu(rng: Generator, dtype: str) -> Problem:
    """With silu, its derivative as one fraction."""
    return with_activation(rng, dtype, "silu")


@family()
def mlp_elu(rng: Generator, dtype: str) -> Problem:
    """With elu."""
    return with_activation(rng, dtype, "elu")


@family()
def mlp_mish(rng: Generator, dtype: str) -> Problem:
    """With mish."""
    return with_activation(rng, dtype, "mish")
