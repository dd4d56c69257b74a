"""A two-layer perceptron with tanh, samples in rows, softmax cross-entropy averaged over the
samples.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def point(random: Generator) -> Any:
    parameters = {
        "W1": random.normal(size=(4, 3)),
        "b1": random.normal(size=4),
        "W2": random.normal(size=(5, 4)),
        "b2": random.normal(size=5),
    }
    X = random.normal(size=(6, 3))
    t = random.integers(0, 5, size=6)
    return parameters, (X, t)


def loss(parameters: Any, X: Any, t: Any) -> Any:
    z = X @ parameters["W1"].T + parameters["b1"]
    h = torch.tanh(z)
    logits = h @ parameters["W2"].T + parameters["b2"]
    log_p = torch.log_softmax(logits, dim=1)
    picked = log_p[torch.arange(len(t)), t]
    return -picked.mean()


def gradients(parameters: Any, X: Any, t: Any, mistake: str | None = None) -> Any:
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    n = len(X)

    # forward
    z = X @ W1.T + b1
    h = np.tanh(z)
    logits = h @ W2.T + b2
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    Y = np.eye(W2.shape[0])[t]

    # backward
    if mistake == "target not subtracted":
        dlogits = p / n
    elif mistake == "softmax's derivative on top of p - Y":
        dlogits = p * (1 - p) * (p - Y) / n
    elif mistake == "mean over samples and classes":
        dlogits = (p - Y) / logits.size
    elif mistake == "sum for the mean":
        dlogits = p - Y
    else:
        dlogits = (p - Y) / n
    dW2 = dlogits.T @ (z if mistake == "W2 from z" else h)
    db2 = dlogits.sum(axis=0)

    dh = dlogits @ W2
    if mistake == "tanh's derivative taken at z":
        dz = dh * (1 - z**2)
    elif mistake == "derivative of the sigmoid":
        dz = dh * h * (1 - h)
    elif mistake == "square of tanh forgotten":
        dz = dh * (1 - h)
    else:
        dz = dh * (1 - h**2)
    dW1 = dz.T @ X
    db1 = (dh if mistake == "b1 before the activation's derivative" else dz).sum(axis=0)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


MISTAKES: dict[str, tuple[str, str]] = {
    "target not subtracted": (
        "log_p[torch.arange(len(t)), t]",
        "the one-hot target is not subtracted from p: the path through the picked logit is missing",
    ),
    "softmax's derivative on top of p - Y": (
        "torch.log_softmax",
        "the softmax is differentiated twice: p - Y already holds its derivative, and it is "
        "multiplied by p (1 - p) again",
    ),
    "mean over samples and classes": (
        "picked.mean()",
        "the mean is over the samples only, but it is divided by the number of samples times "
        "the 5 classes",
    ),
    "sum for the mean": (
        "picked.mean()",
        "the mean's 1/n is missing: all is 6 times too large",
    ),
    "W2 from z": (
        "h @ parameters",
        "W2's gradient uses z, tanh's input, for its output h",
    ),
    "tanh's derivative taken at z": (
        "torch.tanh",
        "the derivative is evaluated at the wrong value: 1 - z**2 with z, the input of tanh, "
        "for its output h",
    ),
    "derivative of the sigmoid": (
        "torch.tanh",
        "the derivative of another function: h (1 - h) is the sigmoid's, tanh's is 1 - h**2",
    ),
    "square of tanh forgotten": (
        "torch.tanh",
        "tanh's derivative is 1 - h**2; the square is missing: 1 - h",
    ),
    "b1 before the activation's derivative": (
        "torch.tanh",
        "b1's gradient sums dh instead of dz: tanh's derivative is left out for b1 alone",
    ),
}
