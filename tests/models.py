"""Models of many kinds, each twice: its loss in PyTorch, and its gradient derived by hand.

They are what people bring to check_gradients: other activations and losses, more layers, weight
decay, one flat vector, no data at all. The hand-derived sides are written as people write them, not
to keep their digits.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tests.fused_models import FUSED
from tests.model import Model

A = NDArray[Any]
Slopes = Callable[[A], tuple[A, A]]
"""An activation and its derivative."""


class Layer(NamedTuple):
    """One layer of the three-layer network."""

    W: Any
    b: Any


DECAY = 0.01


def one_hidden_layer(by_torch: Callable[[Tensor], Tensor], by_hand: Slopes) -> Model:
    """Squared error and weight decay on W0."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        N_I, N_H, N_O = (int(n) for n in 1 + random.permutation(6)[:3])
        parameters = {
            "W0": random.normal(size=(N_H, N_I)),
            "b0": random.normal(size=N_H),
            "W1": random.normal(size=(N_O, N_H)),
            "b1": random.normal(size=N_O),
        }
        return parameters, (random.normal(size=(S, N_I)), random.normal(size=(S, N_O)))

    def loss(p: Any, X: Tensor, Y: Tensor) -> Tensor:
        error = by_torch(X @ p["W0"].T + p["b0"]) @ p["W1"].T + p["b1"] - Y
        return (error**2).sum(1).mean() + DECAY * (p["W0"] ** 2).sum()

    def gradients(p: Any, X: A, Y: A) -> Any:
        z = X @ p["W0"].T + p["b0"]
        a, slope = by_hand(z)
        e = ((a @ p["W1"].T + p["b1"] - Y) * (X.dtype.type(2) / len(X))).astype(X.dtype)
        delta = (e @ p["W1"]) * slope
        W0 = delta.T @ X + X.dtype.type(2 * DECAY) * p["W0"]
        return {"b1": e.sum(0), "W1": e.T @ a, "b0": delta.sum(0), "W0": W0}  # another order

    return Model(make, loss, gradients)


def tanh(z: A) -> tuple[A, A]:
    a = np.tanh(z)
    return a, 1 - a * a


def tanh_by_exponentials(z: A) -> tuple[A, A]:
    up, down = np.exp(z), np.exp(-z)
    return (up - down) / (up + down), 4 / (up + down) ** 2


def silu(z: A) -> tuple[A, A]:
    sigma = 1 / (1 + np.exp(-z))
    return z * sigma, sigma + z * sigma * (1 - sigma)


def relu(z: A) -> tuple[A, A]:
    return np.maximum(z, 0), (z > 0).astype(z.dtype)


def softplus_by_the_textbook(z: A) -> tuple[A, A]:
    return np.log(1 + np.exp(z)), 1 - 1 / (1 + np.exp(z))


def three_layers() -> Model:
    """A list of NamedTuples; tanh, softmax, cross-entropy with integer labels."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        sizes = [int(n) for n in 2 + random.permutation(6)[:4]]
        layers = [
            Layer(random.normal(size=(after, before)), random.normal(size=after))
            for before, after in pairwise(sizes)
        ]
        return layers, (random.normal(size=(S, sizes[0])), random.integers(0, sizes[-1], S))

    def loss(layers: Any, X: Tensor, labels: Tensor) -> Tensor:
        for layer in layers[:-1]:
            X = torch.tanh(X @ layer.W.T + layer.b)
        return functional.cross_entropy(X @ layers[-1].W.T + layers[-1].b, labels)

    def gradients(layers: Any, X: A, labels: A) -> Any:
        inputs = [X]
        for layer in layers[:-1]:
            inputs.append(np.tanh(inputs[-1] @ layer.W.T + layer.b))
        z = inputs[-1] @ layers[-1].W.T + layers[-1].b
        p = np.exp(z - z.max(axis=1, keepdims=True))
        delta = p / p.sum(axis=1, keepdims=True)
        delta[np.arange(len(labels)), labels] -= 1
        delta /= len(labels)
        found: list[Layer] = []
        for layer, below in zip(reversed(layers), reversed(inputs), strict=True):
            found.append(Layer(delta.T @ below, delta.sum(0)))
            delta = (delta @ layer.W) * (1 - below * below)
        return found[::-1]

    return Model(make, loss, gradients)


def linear_regression() -> Model:
    """By the residual; w and a single number b."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        N = int(random.integers(1, 7))
        parameters = {"w": random.normal(size=N), "b": random.normal(size=())}
        return parameters, (random.normal(size=(S, N)), random.normal(size=S))

    def loss(p: Any, X: Tensor, y: Tensor) -> Tensor:
        return 0.5 * ((X @ p["w"] + p["b"] - y) ** 2).sum()

    def gradients(p: Any, X: A, y: A) -> Any:
        residual = X @ p["w"] + p["b"] - y
        return {"w": X.T @ residual, "b": np.asarray(residual.sum())}

    return Model(make, loss, gradients)


def normal_equations() -> Model:
    """X^T X w - X^T y, which loses the digits that a small residual needs."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        N = int(random.integers(1, 7))
        X, w = random.normal(size=(S + N, N)), random.normal(size=N)
        return w, (X, X @ w + 1e-3 * random.normal(size=S + N))

    def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        return 0.5 * ((X @ w - y) ** 2).sum()

    def gradients(w: A, X: A, y: A) -> A:
        return X.T @ X @ w - X.T @ y

    return Model(make, loss, gradients)


def logistic_regression() -> Model:
    """One flat vector, labels 0 and 1."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        N = int(random.integers(1, 9))
        return random.normal(size=N), (random.normal(size=(S, N)), random.integers(0, 2, S))

    def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(X @ w, y.double())

    def gradients(w: A, X: A, y: A) -> A:
        return X.T @ ((1 / (1 + np.exp(-(X @ w))) - y) / len(y)).astype(X.dtype)

    return Model(make, loss, gradients)


def matrix_factorisation() -> Model:
    """Two factors in a list, products in another order than the loss has them."""

    def make(random: Generator, _samples: int) -> tuple[Any, tuple[A, ...]]:
        rows, columns, rank = (int(n) for n in 1 + random.permutation(6)[:3])
        factors = [random.normal(size=(rows, rank)), random.normal(size=(columns, rank))]
        return factors, (random.normal(size=(rows, columns)),)

    def loss(factors: Any, M: Tensor) -> Tensor:
        return ((M - factors[0] @ factors[1].T) ** 2).sum()

    def gradients(factors: Any, M: A) -> Any:
        U, V = factors
        return [2 * (U @ (V.T @ V) - M @ V), 2 * (V @ (U.T @ U) - M.T @ U)]

    return Model(make, loss, gradients)


def rosenbrock() -> Model:
    """No data."""

    def make(random: Generator, _samples: int) -> tuple[Any, tuple[A, ...]]:
        return random.normal(size=int(random.integers(2, 9))), ()

    def loss(x: Tensor) -> Tensor:
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    def gradients(x: A) -> A:
        found = np.zeros_like(x)
        found[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
        found[1:] += 200 * (x[1:] - x[:-1] ** 2)
        return found

    return Model(make, loss, gradients)


MODELS: dict[str, Model] = {
    **FUSED,
    "tanh": one_hidden_layer(torch.tanh, tanh),
    "tanh by exponentials": one_hidden_layer(torch.tanh, tanh_by_exponentials),
    "SiLU": one_hidden_layer(functional.silu, silu),
    "ReLU": one_hidden_layer(torch.relu, relu),
    "softplus by the textbook": one_hidden_layer(functional.softplus, softplus_by_the_textbook),
    "three layers": three_layers(),
    "linear regression": linear_regression(),
    "normal equations": normal_equations(),
    "logistic regression": logistic_regression(),
    "matrix factorisation": matrix_factorisation(),
    "Rosenbrock": rosenbrock(),
}
