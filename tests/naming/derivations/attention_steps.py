"""A block of causal attention."""

from typing import Any

import numpy as np
import torch

from tests.naming.derivations.made import A, Made, Model, P, Wrong, others


def attention_point(random: np.random.Generator) -> tuple[dict[str, A], tuple[A, ...]]:
    """Parameters and data."""
    names = ("Wq", "Wk", "Wv", "Wo")
    parameters = {name: random.normal(size=(4, 4)) for name in names}
    parameters |= {"gain": random.normal(1, 0.3, 4), "bias": random.normal(size=4)}
    return parameters, (random.normal(size=(2, 5, 4)), random.normal(size=(2, 5, 4)))


def attention_loss(p: Any, x: Any, target: Any) -> torch.Tensor:
    """Causal attention, a residual connection and layer normalisation."""
    q, k, v = x @ p["Wq"], x @ p["Wk"], x @ p["Wv"]
    scores = q @ k.transpose(1, 2) / 2.0
    mask = torch.ones(5, 5, dtype=torch.bool).triu(1)
    P = torch.softmax(scores.masked_fill(mask, -torch.inf), dim=-1)
    att = P @ v
    out = att @ p["Wo"]
    r = x + out
    n = torch.nn.functional.layer_norm(r, (4,))
    y = n * p["gain"] + p["bias"]
    return ((y - target) ** 2).mean()


def attention(
    p: P, x: A, target: A, wrong: Wrong
) -> tuple[float, dict[str, A], dict[str, A], Made]:
    """The gradients by hand, with the quantities on the way."""
    do = Made(wrong)
    q, k, v = x @ p["Wq"], x @ p["Wk"], x @ p["Wv"]
    scores = q @ k.transpose(0, 2, 1) / 2.0
    scores = np.where(np.triu(np.ones((5, 5), bool), 1), -np.inf, scores)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    P_ = e / e.sum(-1, keepdims=True)
    att = P_ @ v
    r = x + att @ p["Wo"]
    spread = np.sqrt(r.var(-1, keepdims=True) + 1e-5)
    n = (r - r.mean(-1, keepdims=True)) / spread
    y = n * p["gain"] + p["bias"]
    value = ((y - target) ** 2).mean()

    d: dict[str, A] = {}

    def flat(array: A) -> A:
        return array.reshape(-1, 4)

    d["y"] = do("y", 2 * (y - target) / y.size, lambda: (y - target) / y.size)
    d["gain"] = do("gain", flat(d["y"] * n).sum(0), lambda: flat(d["y"] * r).sum(0))
    d["bias"] = do("bias", flat(d["y"]).sum(0), lambda: flat(d["y"]).mean(0))
    d["n"] = do("n", d["y"] * p["gain"], lambda: d["y"] * 1.0)
    mean, along = d["n"].mean(-1, keepdims=True), (d["n"] * n).mean(-1, keepdims=True)
    d["r"] = do(
        "r",
        (d["n"] - mean - n * along) / spread,
        lambda: d["n"] / spread,
        lambda: (d["n"] - mean) / spread,
        lambda: d["n"] - mean - n * along,
    )
    d["out"] = do("out", d["r"] * 1.0, lambda: -d["r"])
    d["Wo"] = do("Wo", flat(att).T @ flat(d["out"]), lambda: flat(v).T @ flat(d["out"]))
    d["att"] = do("att", d["out"] @ p["Wo"].T, lambda: d["out"] @ p["Wo"])
    d["v"] = do("v", P_.transpose(0, 2, 1) @ d["att"], lambda: P_ @ d["att"])
    d["P"] = do("P", d["att"] @ v.transpose(0, 2, 1), lambda: d["att"] @ k.transpose(0, 2, 1))
    inner = (d["P"] * P_).sum(-1, keepdims=True)
    d["scores"] = do(
        "scores",
        P_ * (d["P"] - inner),
        lambda: P_ * d["P"],
        lambda: P_ * (1 - P_) * d["P"],
    )
    d["q"] = do("q", d["scores"] @ k / 2.0, lambda: d["scores"] @ k)
    d["k"] = do("k", d["scores"].transpose(0, 2, 1) @ q / 2.0, lambda: d["scores"] @ q / 2.0)
    d["Wq"] = do("Wq", flat(x).T @ flat(d["q"]), lambda: (flat(x).T @ flat(d["q"])).T)
    d["Wk"] = do("Wk", flat(x).T @ flat(d["k"]), lambda: flat(x).T @ flat(d["q"]))
    d["Wv"] = do("Wv", flat(x).T @ flat(d["v"]), lambda: x[0].T @ d["v"][0])
    return float(value), {name: d[name] for name in p}, others(d, p), do


ATTENTION = Model("attention", attention_point, attention_loss, attention)
