"""A gated feed-forward block (SiLU gate) on RMS-normalised input with a residual connection,
squared error; vectors one by one.
"""

from typing import Any

import numpy as np
import torch.nn.functional as F
from numpy.random import Generator

EPS = 1e-2


def point(random: Generator) -> Any:
    p = {
        "scale": 1 + 0.3 * random.normal(size=4),
        "Wg": random.normal(size=(6, 4)),
        "Wu": random.normal(size=(6, 4)),
        "Wd": random.normal(size=(4, 6)),
        "emb": random.normal(size=(5, 4)),
    }
    return p, (random.normal(size=(5, 4)),)


def loss(p: Any, target: Any) -> Any:
    x = p["emb"]
    rms = x.pow(2).mean(-1, keepdim=True).add(EPS).sqrt()
    n = p["scale"] * x / rms
    gate = F.silu(n @ p["Wg"].T)
    up = n @ p["Wu"].T
    y = x + (gate * up) @ p["Wd"].T
    return F.mse_loss(y, target, reduction="sum") / 2


def gradients(p: Any, target: Any, mistake: str | None = None) -> Any:
    g = {k: np.zeros_like(v) for k, v in p.items()}
    scale, Wg, Wu, Wd = p["scale"], p["Wg"], p["Wu"], p["Wd"]
    for i, x in enumerate(p["emb"]):
        d = len(x)
        r = np.sqrt(x @ x / d + EPS)
        n = scale * x / r
        zg, zu = Wg @ n, Wu @ n
        s = 1 / (1 + np.exp(-zg))
        gate = zg * s
        y = x + Wd @ (gate * zu)

        dy = y - target[i]
        g["Wd"] += np.outer(dy, s * zu if mistake == "Wd from the sigmoid" else gate * zu)
        dm = Wd.T @ dy
        dgate = dm * zu
        dup = dm * (zg if mistake == "gate before its activation" else gate)
        if mistake == "product rule of SiLU":
            dzg = dgate * s
        elif mistake == "sigmoid's derivative for SiLU's":
            dzg = dgate * s * (1 - s)
        elif mistake == "gate for z in SiLU's derivative":
            dzg = dgate * (s + gate * s * (1 - s))
        else:
            dzg = dgate * (s + zg * s * (1 - s))
        g["Wg"] += np.outer(dzg, n)
        g["Wu"] += np.outer(dup, n)
        dn = Wg.T @ dzg
        if mistake != "branch of the up projection stopped":
            dn = dn + Wu.T @ dup

        g["scale"] += dn * x / r
        dhat = dn * scale
        if mistake == "rms taken for a constant":
            dx = dhat / r
        elif mistake == "one over d of the mean forgotten":
            dx = dhat / r - x * (dhat @ x) / r**3
        elif mistake == "power of the rms":
            dx = dhat / r - x * (dhat @ x) / (d * r**2)
        else:
            dx = dhat / r - x * (dhat @ x) / (d * r**3)
        g["emb"][i] = dx if mistake == "residual connection forgotten" else dx + dy
    return g


MISTAKES: dict[str, tuple[str, str]] = {
    "Wd from the sigmoid": (
        "gate = F.silu",
        "Wd's gradient uses the sigmoid of the gate's input in place of SiLU, z times the sigmoid",
    ),
    "gate before its activation": (
        "gate * up",
        "the gradient of up is multiplied by the gate's value before SiLU instead of after it",
    ),
    "product rule of SiLU": (
        "F.silu",
        "SiLU's derivative lacks a term of the product rule: z s (1 - s)",
    ),
    "sigmoid's derivative for SiLU's": (
        "F.silu",
        "the derivative is the sigmoid's, s (1 - s), not SiLU's, s + z s (1 - s)",
    ),
    "gate for z in SiLU's derivative": (
        "F.silu",
        "SiLU's derivative s + z s (1 - s) is evaluated with its output for z, its input",
    ),
    "branch of the up projection stopped": (
        "up = n @",
        "the gradient through the up branch is missing: n gets the gate branch's only",
    ),
    "rms taken for a constant": (
        "rms = ",
        "the gradient through the root mean square is missing: treated as a constant",
    ),
    "one over d of the mean forgotten": (
        "rms = ",
        "the 1/d of the mean of squares is missing in the path through rms",
    ),
    "power of the rms": (
        "rms = ",
        "in the path through rms the power is wrong: r**2 where r**3 is due, one division by "
        "rms is missing",
    ),
    "residual connection forgotten": (
        "y = x +",
        "the path of the residual connection is missing: dy is not added to x's gradient",
    ),
}
