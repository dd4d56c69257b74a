"""A plain (Elman) recurrent network over a batch of sequences, an output at every step, squared
error summed over time.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def point(random: Generator) -> Any:
    parameters = {
        "U": 0.8 * random.normal(size=(4, 3)),
        "V": 0.6 * random.normal(size=(4, 4)),
        "b": 0.3 * random.normal(size=4),
        "C": random.normal(size=(2, 4)),
        "h0": 0.5 * random.normal(size=4),
    }
    x = random.normal(size=(5, 6, 3))  # time, sample, feature
    y = random.normal(size=(5, 6, 2))
    return parameters, (x, y)


def loss(parameters: Any, x: Any, y: Any) -> Any:
    steps, samples = x.shape[:2]
    h = parameters["h0"].expand(samples, -1)
    total = 0.0
    for step in range(steps):
        h = torch.tanh(x[step] @ parameters["U"].T + h @ parameters["V"].T + parameters["b"])
        output = h @ parameters["C"].T
        total = total + ((output - y[step]) ** 2).sum()
    return total / (2 * samples)


def gradients(parameters: Any, x: Any, y: Any, mistake: str | None = None) -> Any:
    U, V, b, C, h0 = (parameters[k] for k in "U V b C h0".split())
    T, N = x.shape[:2]
    h = np.empty((T + 1, N, len(b)))
    h[0] = h0
    for t in range(T):
        h[t + 1] = np.tanh(x[t] @ U.T + h[t] @ V.T + b)

    dU, dV, db, dC = np.zeros_like(U), np.zeros_like(V), np.zeros_like(b), np.zeros_like(C)
    dh_next = np.zeros((N, len(b)))
    for t in reversed(range(T)):
        do = (h[t + 1] @ C.T - y[t]) / N
        dC += do.T @ h[t] if mistake == "C from the state before" else do.T @ h[t + 1]
        if mistake == "error of the last step only":
            dh = (do @ C if t == T - 1 else 0) + dh_next
        elif mistake == "no gradient from the step after":
            dh = do @ C
        else:
            dh = do @ C + dh_next
        if mistake == "tanh's derivative at the state before":
            da = dh * (1 - h[t] ** 2)
        else:
            da = dh * (1 - h[t + 1] ** 2)
        if mistake == "U of one step only":
            dU = da.T @ x[t]
        else:
            dU += da.T @ x[t]
        dV += da.T @ (h[t + 1] if mistake == "V from the state after" else h[t])
        db += da.sum(0)
        if mistake == "V transposed on the way back":
            dh_next = da @ V.T
        elif mistake == "tanh's derivative left out between the steps":
            dh_next = dh @ V
        else:
            dh_next = da @ V
    dh0 = dh_next[0] if mistake == "h0 of one sample" else dh_next.sum(0)
    return {"U": dU, "V": dV, "b": db, "C": dC, "h0": dh0}


MISTAKES: dict[str, tuple[str, str]] = {
    "C from the state before": (
        "output = h @",
        "C's gradient uses the state of the step before (off by one in time): h[t] instead of "
        "h[t + 1]",
    ),
    "error of the last step only": (
        "total = total +",
        "the states get the output error of the last step only; the errors of the earlier "
        "steps are missing on the way back",
    ),
    "no gradient from the step after": (
        "h = torch.tanh",
        "backpropagation through time is cut: the gradient from the next step through V is missing",
    ),
    "tanh's derivative at the state before": (
        "h = torch.tanh",
        "tanh's derivative is taken at the state of the step before (off by one in time)",
    ),
    "U of one step only": (
        "h = torch.tanh",
        "in the loop U's gradient is set (=) and not accumulated (+=): only the first step's "
        "is left",
    ),
    "V from the state after": (
        "h = torch.tanh",
        "V's gradient uses the state after the step instead of the one before: off by one in time",
    ),
    "V transposed on the way back": (
        "h = torch.tanh",
        "V is transposed on the way back to the step before",
    ),
    "tanh's derivative left out between the steps": (
        "h = torch.tanh",
        "tanh's derivative is left out on the way to the step before: dh @ V instead of da @ V",
    ),
    "h0 of one sample": (
        ".expand(samples",
        "h0's gradient is the first sample's only; it is shared by the samples, their sum is "
        "missing",
    ),
}
