"""Small models besides the built-in network, with mistakes as people make them in each."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.random import Generator

from autograd_ref.tree.point import Point

Blocks = dict[str, Any]


class OtherModel(NamedTuple):
    """A loss in PyTorch, its gradients by hand, and mistakes in them."""

    name: str
    point: Callable[[Generator], Point]
    loss: Callable[..., Any]
    gradients: Callable[..., Blocks]
    """gradients(parameters, *data, mistake=""), right without a mistake."""
    mistakes: Mapping[str, str]
    """By title a piece of the line of the loss at which it is made; empty where what is wrong with
    the numbers says it all."""


def _points_for_a_perceptron(random: Generator) -> Point:
    sizes = {"W1": (4, 3), "b1": (4,), "W2": (3, 4)}
    parameters = {name: random.normal(size=size) for name, size in sizes.items()}
    return Point(parameters, (random.normal(size=(6, 3)), random.integers(0, 3, size=6)))


def perceptron_loss(p: Any, X: Any, t: Any) -> Any:
    """Cross-entropy of a perceptron with one hidden layer, averaged over the samples."""
    z = X @ p["W1"].T + p["b1"]
    h = torch.tanh(z)
    log_p = torch.log_softmax(h @ p["W2"].T, dim=1)
    return -log_p[torch.arange(len(t)), t].mean()


def perceptron_gradients(p: Any, X: Any, t: Any, mistake: str = "") -> Blocks:
    """Return its gradients."""
    z = X @ p["W1"].T + p["b1"]
    h = np.tanh(z)
    e = np.exp(h @ p["W2"].T)
    d = (e / e.sum(axis=1, keepdims=True) - np.eye(3)[t]) / len(X)
    dW2 = d.T @ (z if mistake == "z for h in W2" else h)
    dz = (d @ p["W2"]) * (1 - (z if mistake == "tanh's derivative at its input" else h) ** 2)
    if mistake == "tanh's derivative left out":
        dz = d @ p["W2"]
    db1 = dz[-1] if mistake == "b1 of the last sample" else dz.sum(axis=0)
    return {"W1": dz.T @ X, "b1": db1, "W2": dW2}


def _points_for_a_recurrence(random: Generator) -> Point:
    sizes = {"W": (3, 2), "U": (3, 3), "v": (3,)}
    parameters = {name: 0.7 * random.normal(size=size) for name, size in sizes.items()}
    return Point(parameters, (random.normal(size=(4, 5, 2)), random.normal(size=5)))


def recurrent_loss(p: Any, x: Any, y: Any) -> Any:
    """Squared error of a recurrent network's last state."""
    h = torch.zeros(x.shape[1], 3, dtype=x.dtype)
    for step in x:
        h = torch.tanh(step @ p["W"].T + h @ p["U"].T)
    return ((h @ p["v"] - y) ** 2).sum()


def recurrent_gradients(p: Any, x: Any, y: Any, mistake: str = "") -> Blocks:
    """Return its gradients."""
    h = [np.zeros((x.shape[1], 3))]
    for step in x:
        h.append(np.tanh(step @ p["W"].T + h[-1] @ p["U"].T))
    e = h[-1] @ p["v"] - y
    e = e if mistake == "2 of the square left out" else 2 * e
    dW, dU, dh = np.zeros_like(p["W"]), np.zeros_like(p["U"]), np.outer(e, p["v"])
    for step, before, now in zip(x[::-1], h[-2::-1], h[:0:-1], strict=True):
        dz = dh * (1 - now**2)
        dW = dz.T @ step if mistake == "W of one step only" else dW + dz.T @ step
        dU += dz.T @ (now if mistake == "U from the state after" else before)
        dh = dz @ (p["U"].T if mistake == "U transposed on the way back" else p["U"])
    return {"W": dW, "U": dU, "v": h[-1].T @ e}


def _points_for_a_norm(random: Generator) -> Point:
    parameters = {
        "W": random.normal(size=(4, 3)),
        "gain": random.uniform(0.5, 1.5, size=4),
        "shift": random.normal(size=4),
    }
    return Point(parameters, (random.normal(size=(5, 3)), random.normal(size=(5, 4))))


def norm_loss(p: Any, X: Any, Y: Any) -> Any:
    """Squared error of a linear layer, normalised along its outputs."""
    u = X @ p["W"].T
    c = u - u.mean(dim=1, keepdim=True)
    s = torch.sqrt((c**2).mean(dim=1, keepdim=True) + 1e-5)
    n = c / s
    return ((n * p["gain"] + p["shift"] - Y) ** 2).mean()


def norm_gradients(p: Any, X: Any, Y: Any, mistake: str = "") -> Blocks:
    """Return its gradients."""
    u = X @ p["W"].T
    c = u - u.mean(axis=1, keepdims=True)
    s = np.sqrt((c**2).mean(axis=1, keepdims=True) + 1e-5)
    n = c / s
    d = 2 * (n * p["gain"] + p["shift"] - Y) / Y.size
    dn = d if mistake == "gain left out" else d * p["gain"]
    dc = dn / s
    if mistake != "standard deviation a constant":
        dc = dc - n * (dn * n).mean(axis=1, keepdims=True) / s
    du = dc if mistake == "mean a constant" else dc - dc.mean(axis=1, keepdims=True)
    dgain = (d * (c if mistake == "gain from what is not divided" else n)).sum(axis=0)
    return {"W": du.T @ X, "gain": dgain, "shift": d.sum(axis=0)}


OTHER_MODELS = (
    OtherModel(
        "perceptron",
        _points_for_a_perceptron,
        perceptron_loss,
        perceptron_gradients,
        {
            "z for h in W2": 'h @ p["W2"]',
            "tanh's derivative at its input": "torch.tanh",
            "tanh's derivative left out": "torch.tanh",
            "b1 of the last sample": "",
        },
    ),
    OtherModel(
        "recurrent network",
        _points_for_a_recurrence,
        recurrent_loss,
        recurrent_gradients,
        {
            "2 of the square left out": "",
            "W of one step only": "torch.tanh",
            "U from the state after": "torch.tanh",
            "U transposed on the way back": "torch.tanh",
        },
    ),
    OtherModel(
        "layer normalisation",
        _points_for_a_norm,
        norm_loss,
        norm_gradients,
        {
            "gain left out": 'n * p["gain"]',
            "standard deviation a constant": "c / s",
            "mean a constant": "u.mean",
            "gain from what is not divided": 'n * p["gain"]',
        },
    ),
)
