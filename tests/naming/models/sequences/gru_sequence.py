"""A GRU (PyTorch's variant: reset gate after the matrix) over one sequence, a Poisson log-rate
read from each state.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def point(random: Generator) -> Any:
    n_in, n = 2, 4
    p = {}
    for gate in "rzn":
        p["W" + gate] = 0.6 * random.normal(size=(n, n_in))
        p["U" + gate] = 0.6 * random.normal(size=(n, n))
    p["c"] = 0.5 * random.normal(size=n)  # bias inside the reset gate's product
    p["w"] = 0.5 * random.normal(size=n)
    return p, (random.normal(size=(5, n_in)), random.poisson(2, size=5).astype(float))


def loss(p: Any, x: Any, counts: Any) -> Any:
    h = torch.zeros(p["w"].shape[0], dtype=x.dtype)
    value = 0
    for xt, count in zip(x, counts, strict=True):
        r = torch.sigmoid(p["Wr"] @ xt + p["Ur"] @ h)
        z = torch.sigmoid(p["Wz"] @ xt + p["Uz"] @ h)
        inner = p["Un"] @ h + p["c"]
        n = torch.tanh(p["Wn"] @ xt + r * inner)
        h = (1 - z) * n + z * h
        log_rate = p["w"] @ h
        value = value + torch.exp(log_rate) - count * log_rate
    return value


def sigma(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def gradients(p: Any, x: Any, counts: Any, mistake: str | None = None) -> Any:
    h, tape = np.zeros(len(p["w"])), []
    for xt in x:
        r, z = sigma(p["Wr"] @ xt + p["Ur"] @ h), sigma(p["Wz"] @ xt + p["Uz"] @ h)
        inner = p["Un"] @ h + p["c"]
        n = np.tanh(p["Wn"] @ xt + r * inner)
        old, h = h, (1 - z) * n + z * h
        tape.append((xt, old, r, z, inner, n, h))

    g = {k: np.zeros_like(a) for k, a in p.items()}
    dh = np.zeros_like(h)
    for (xt, old, r, z, inner, n, h), count in zip(tape[::-1], counts[::-1], strict=True):
        e = (p["w"] @ h if mistake == "exp forgotten" else np.exp(p["w"] @ h)) - count
        g["w"] += e * h
        dh = dh + e * p["w"]
        dn = dh * (z if mistake == "z and 1 - z exchanged" else 1 - z)
        dold = dh * (1 - z if mistake == "z and 1 - z exchanged" else z)
        if mistake == "direct path of the state stopped":
            dold = 0
        if mistake == "sign of the update gate":
            dz = dh * (n - old)
        elif mistake == "candidate's part of the update gate missing":
            dz = dh * old
        else:
            dz = dh * (old - n)
        an = dn * (1 - n**2)
        dr = an * (p["Un"] @ old if mistake == "c not in the reset gate's gradient" else inner)
        dinner = an if mistake == "reset gate forgotten on the way to inner" else an * r
        ar, az = dr * r * (1 - r), dz * z * (1 - z)
        if mistake == "tanh's derivative for the reset gate":
            ar = dr * (1 - r**2)
        g["c"] += dinner
        for gate, a, b in (("r", ar, ar), ("z", az, az), ("n", an, dinner)):
            g["W" + gate] += np.outer(a, xt)
            g["U" + gate] += np.outer(b, old)
            if not (mistake == "path through the reset gate stopped" and gate == "r"):
                dold = dold + p["U" + gate].T @ b
        dh = dold
    return g


MISTAKES: dict[str, tuple[str, str]] = {
    "exp forgotten": (
        "torch.exp(log_rate)",
        "the exponential is missing in the derivative of exp(log_rate): log_rate - count for "
        "rate - count",
    ),
    "z and 1 - z exchanged": (
        "h = (1 - z) * n",
        "the update gate's weights are exchanged: z on the candidate, 1 - z on the old state",
    ),
    "direct path of the state stopped": (
        "h = (1 - z) * n",
        "the direct path z * h from the old state to the new one is missing",
    ),
    "sign of the update gate": (
        "h = (1 - z) * n",
        "the update gate's gradient has the wrong sign: n - h for h - n",
    ),
    "candidate's part of the update gate missing": (
        "h = (1 - z) * n",
        "in the update gate's gradient the term -n, from 1 - z, is missing",
    ),
    "c not in the reset gate's gradient": (
        "r * inner",
        "the reset gate's gradient uses Un h without the bias c, which is inside the product "
        "with r",
    ),
    "reset gate forgotten on the way to inner": (
        "r * inner",
        "the factor r is missing on the way to Un, c and the old state",
    ),
    "tanh's derivative for the reset gate": (
        "r = torch.sigmoid",
        "the reset gate's derivative is tanh's, 1 - r**2, not the sigmoid's, r (1 - r)",
    ),
    "path through the reset gate stopped": (
        "r = torch.sigmoid",
        "the path from the reset gate back to the old state, Ur.T, is missing",
    ),
}
