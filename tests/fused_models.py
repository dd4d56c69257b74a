"""Models of operations whose inside PyTorch does not show: convolution, layer norm, and others."""

from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tests.model import Model

A = NDArray[Any]


def convolution() -> Model:
    """Along one axis, of signals far from zero, so that its sums cancel; squared error."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        inputs, outputs, width = (int(n) for n in 1 + random.permutation(5)[:3])
        length = width + int(random.integers(1, 9))
        kernel = random.normal(size=(outputs, inputs, width))
        parameters = {"kernel": kernel - kernel.mean(), "bias": random.normal(size=outputs)}
        x = 10 + random.normal(size=(S, inputs, length))
        return parameters, (x, random.normal(size=(S, outputs, length - width + 1)))

    def loss(p: Any, x: Tensor, target: Tensor) -> Tensor:
        return 0.5 * ((functional.conv1d(x, p["kernel"], p["bias"]) - target) ** 2).mean()

    def gradients(p: Any, x: A, target: A) -> Any:
        windows = sliding_window_view(x, p["kernel"].shape[2], axis=2)  # (S, inputs, places, width)
        y = np.einsum("sipw,oiw->sop", windows, p["kernel"]) + p["bias"][:, None]
        error = (y - target) / y.dtype.type(y.size)
        return {"kernel": np.einsum("sop,sipw->oiw", error, windows), "bias": error.sum((0, 2))}

    return Model(make, loss, gradients)


def layer_norm() -> Model:
    """By its input as well, which is far from zero."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        n = int(random.integers(2, 9))
        parameters = {
            "x": 100 + random.normal(size=(S, n)),
            "scale": random.normal(size=n),
            "shift": random.normal(size=n),
        }
        return parameters, (random.normal(size=(S, n)),)

    def loss(p: Any, weights: Tensor) -> Tensor:
        n = p["x"].shape[1:]
        return (functional.layer_norm(p["x"], n, p["scale"], p["shift"]) * weights).sum()

    def gradients(p: Any, weights: A) -> Any:
        x = p["x"]
        centred = x - x.mean(1, keepdims=True)
        inverse = 1 / np.sqrt((centred**2).mean(1, keepdims=True) + x.dtype.type(1e-5))
        unit = centred * inverse
        by_unit = weights * p["scale"]
        mean = by_unit.mean(1, keepdims=True) + unit * (by_unit * unit).mean(1, keepdims=True)
        return {
            "x": (by_unit - mean) * inverse,
            "scale": (weights * unit).sum(0),
            "shift": weights.sum(0),
        }

    return Model(make, loss, gradients)


def log_determinant() -> Model:
    """Minus the log-determinant of a positive definite matrix, of a condition up to a million."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        n = 2 + S % 6
        basis, _ = np.linalg.qr(random.normal(size=(n, n)))
        return (basis * 10.0 ** random.uniform(-3, 3, size=n)) @ basis.T, ()

    def loss(matrix: Tensor) -> Tensor:
        return -torch.linalg.slogdet(matrix).logabsdet

    def gradients(matrix: A) -> A:
        return -np.linalg.inv(matrix).T

    return Model(make, loss, gradients)


def attention() -> Model:
    """One head; softmax over the keys."""

    def make(random: Generator, S: int) -> tuple[Any, tuple[A, ...]]:
        queries, keys, width = min(S, 20), int(random.integers(2, 9)), int(random.integers(1, 9))
        parameters = {
            "Q": random.normal(size=(queries, width)),
            "K": random.normal(size=(keys, width)),
            "V": random.normal(size=(keys, width)),
        }
        return parameters, (random.normal(size=(queries, width)),)

    def loss(p: Any, weights: Tensor) -> Tensor:
        Q, K, V = (p[name][None] for name in "QKV")
        return (functional.scaled_dot_product_attention(Q, K, V)[0] * weights).sum()

    def gradients(p: Any, weights: A) -> Any:
        Q, K, V = (p[name] for name in "QKV")
        root = Q.dtype.type(Q.shape[1] ** 0.5)
        scores = Q @ K.T / root
        share = np.exp(scores - scores.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        by_share = weights @ V.T
        by_score = share * (by_share - (by_share * share).sum(1, keepdims=True)) / root
        return {"Q": by_score @ K, "K": by_score.T @ Q, "V": share.T @ weights}

    return Model(make, loss, gradients)


FUSED: dict[str, Model] = {
    "convolution": convolution(),
    "layer norm": layer_norm(),
    "log determinant": log_determinant(),
    "attention": attention(),
}
