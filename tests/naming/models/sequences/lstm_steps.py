"""An LSTM cell over four steps (gates stacked in the order i, f, g, o as in PyTorch), the last
state read out by a logistic loss.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator

STEPS = 4


def point(random: Generator) -> Any:
    D, H = 2, 3
    theta = {
        "W": 0.7 * random.normal(size=(4 * H, D)),
        "R": 0.7 * random.normal(size=(4 * H, H)),
        "b": 0.5 * random.normal(size=4 * H),
        "v": random.normal(size=H),
    }
    x = random.normal(size=(STEPS, 5, D))
    y = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    return theta, (x, y)


def loss(theta: Any, x: Any, y: Any) -> Any:
    h = torch.zeros(x.shape[1], theta["v"].shape[0], dtype=x.dtype)
    c = torch.zeros_like(h)
    for t in range(STEPS):
        gates = x[t] @ theta["W"].T + h @ theta["R"].T + theta["b"]
        i, f, g, o = gates.chunk(4, dim=1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        g = torch.tanh(g)
        c = f * c + i * g
        h = o * torch.tanh(c)
    score = h @ theta["v"]
    return torch.log1p(torch.exp(-y * score)).mean()


def gradients(theta: Any, x: Any, y: Any, mistake: str | None = None) -> Any:
    W, R, b, v = theta["W"], theta["R"], theta["b"], theta["v"]
    H, N = len(v), x.shape[1]
    h, c = [np.zeros((N, H))], [np.zeros((N, H))]
    saved = []
    for t in range(STEPS):
        z = x[t] @ W.T + h[-1] @ R.T + b
        i, f, o = (1 / (1 + np.exp(-z[:, k * H : (k + 1) * H])) for k in (0, 1, 3))
        g = np.tanh(z[:, 2 * H : 3 * H])
        if mistake == "order of the gates":
            f, i = i, f
        c.append(f * c[-1] + i * g)
        h.append(o * np.tanh(c[-1]))
        saved.append((i, f, g, o))

    margin = y * (h[-1] @ v)
    dscore = -y / (1 + np.exp(margin)) / N
    grad = {
        "W": np.zeros_like(W),
        "R": np.zeros_like(R),
        "b": np.zeros_like(b),
        "v": h[-1].T @ dscore,
    }
    dh, dc = np.outer(dscore, v), np.zeros((N, H))
    for t in range(STEPS - 1, -1, -1):
        i, f, g, o = saved[t]
        tc = np.tanh(c[t + 1])
        do = dh * tc
        if mistake == "tanh of the cell has no derivative":
            through = dh * o
        elif mistake == "tanh's derivative at the cell":
            through = dh * o * (1 - c[t + 1] ** 2)
        else:
            through = dh * o * (1 - tc**2)
        dc = through if mistake == "cell's own path stopped" else dc + through
        df = dc * (c[t + 1] if mistake == "forget gate from the new cell" else c[t])
        di, dg = dc * g, dc * i
        ag = (
            dg * g * (1 - g)
            if mistake == "sigmoid's derivative for the candidate"
            else dg * (1 - g**2)
        )
        parts = [di * i * (1 - i), df * f * (1 - f), ag, do * o * (1 - o)]
        if mistake == "order of the gates":
            parts[0], parts[1] = parts[1], parts[0]
        if mistake == "output gate's derivative forgotten":
            parts[3] = do
        dz = np.concatenate(parts, axis=1)
        grad["W"] += dz.T @ x[t]
        grad["R"] += dz.T @ (h[t + 1] if mistake == "R from the new state" else h[t])
        grad["b"] += dz.sum(0)
        dh = np.zeros((N, H)) if mistake == "no gradient through the state" else dz @ R
        dc = dc if mistake == "forget gate forgotten on the cell's path" else dc * f
    return grad


MISTAKES: dict[str, tuple[str, str]] = {
    "order of the gates": (
        "gates.chunk",
        "the input and forget gates are split in the wrong order: f, i, g, o for i, f, g, o",
    ),
    "tanh of the cell has no derivative": (
        "o * torch.tanh(c)",
        "tanh's derivative is missing on the way from the state to the cell",
    ),
    "tanh's derivative at the cell": (
        "o * torch.tanh(c)",
        "tanh's derivative is evaluated with c, its input, for tanh(c), its output",
    ),
    "cell's own path stopped": (
        "c = f * c",
        "the gradient of the cell from the next step (through f) is overwritten (=) and not "
        "added (+=)",
    ),
    "forget gate from the new cell": (
        "c = f * c",
        "the forget gate's gradient uses the new cell for the old one: off by one in time",
    ),
    "sigmoid's derivative for the candidate": (
        "g = torch.tanh",
        "the candidate's derivative is the sigmoid's, g (1 - g), not tanh's, 1 - g**2",
    ),
    "output gate's derivative forgotten": (
        "torch.sigmoid(o)",
        "the sigmoid's derivative of the output gate is missing",
    ),
    "R from the new state": (
        "gates = x[t]",
        "R's gradient uses the state after the step for the one before: off by one in time",
    ),
    "no gradient through the state": (
        "gates = x[t]",
        "the gradient through the hidden state h (R) to the earlier steps is missing; the "
        "cell's path is there",
    ),
    "forget gate forgotten on the cell's path": (
        "c = f * c",
        "the factor f, the forget gate, is missing on the cell's path to the step before",
    ),
}
