"""A network with 26 quantities, one operation at a time."""

from typing import Any

import numpy as np
import torch

from tests.naming.derivations.made import A, Made, Model, P, Wrong, others


def network_point(random: np.random.Generator) -> tuple[dict[str, A], tuple[A, ...]]:
    """Parameters and data."""
    shapes = {"C": (7, 3), "W1": (6, 5), "b1": (5,), "W2": (5, 7), "b2": (7,)}
    parameters = {name: random.normal(size=shape) for name, shape in shapes.items()}
    parameters |= {"bngain": random.normal(1, 0.3, (1, 5)), "bnbias": random.normal(size=(1, 5))}
    return parameters, (random.integers(0, 7, (8, 2)), random.integers(0, 7, 8))


def network_loss(p: Any, Xb: Any, Yb: Any) -> torch.Tensor:
    """An embedding, a layer, batch normalisation, tanh, a layer and cross-entropy."""
    n = Xb.shape[0]
    emb = p["C"][Xb]
    embcat = emb.view(n, -1)
    hprebn = embcat @ p["W1"] + p["b1"]
    bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff**2
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = p["bngain"] * bnraw + p["bnbias"]
    h = torch.tanh(hpreact)
    logits = h @ p["W2"] + p["b2"]
    logit_maxes = logits.max(1, keepdim=True).values
    norm_logits = logits - logit_maxes
    counts = norm_logits.exp()
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = probs.log()
    return -logprobs[range(n), Yb].mean()


def network(p: P, Xb: A, Yb: A, wrong: Wrong) -> tuple[float, dict[str, A], dict[str, A], Made]:
    """The gradients by hand, with 26 quantities on the way."""
    do = Made(wrong)
    n = len(Xb)
    emb = p["C"][Xb]
    embcat = emb.reshape(n, -1)
    hprebn = embcat @ p["W1"] + p["b1"]
    bndiff = hprebn - hprebn.mean(0, keepdims=True)
    bnvar = (bndiff**2).sum(0, keepdims=True) / (n - 1)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = p["bngain"] * bnraw + p["bnbias"]
    h = np.tanh(hpreact)
    logits = h @ p["W2"] + p["b2"]
    top = logits.max(1, keepdims=True)
    counts = np.exp(logits - top)
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = 1 / counts_sum
    probs = counts * counts_sum_inv
    value = -np.log(probs[range(n), Yb]).mean()

    Y = np.eye(7)[Yb]
    d: dict[str, A] = {}
    d["logprobs"] = do("logprobs", -Y / n, lambda: -Y, lambda: Y / n)
    d["probs"] = do("probs", d["logprobs"] / probs, lambda: d["logprobs"] * probs)
    d["counts_sum_inv"] = do(
        "counts_sum_inv",
        (d["probs"] * counts).sum(1, keepdims=True),
        lambda: d["probs"].sum(1, keepdims=True),
        lambda: (d["probs"] * counts).mean(1, keepdims=True),
    )
    d["counts_sum"] = do(
        "counts_sum",
        -(counts_sum**-2) * d["counts_sum_inv"],
        lambda: counts_sum**-2 * d["counts_sum_inv"],
        lambda: -(counts_sum**-1) * d["counts_sum_inv"],
    )
    d["counts"] = do(
        "counts",
        d["probs"] * counts_sum_inv + d["counts_sum"],
        lambda: d["probs"] * counts_sum_inv,
        lambda: d["probs"] * counts_sum_inv - d["counts_sum"],
    )
    d["norm_logits"] = do("norm_logits", d["counts"] * counts, lambda: d["counts"] * probs)
    d["logit_maxes"] = do(
        "logit_maxes",
        -d["norm_logits"].sum(1, keepdims=True),
        lambda: d["norm_logits"][:, :1] + 0.0,
    )
    at_top = (logits == top).astype(float)
    d["logits"] = do(
        "logits",
        d["norm_logits"] + at_top * d["logit_maxes"],
        lambda: 2 * d["norm_logits"],
        lambda: d["norm_logits"] - d["norm_logits"].mean(0),
    )
    d["h"] = do("h", d["logits"] @ p["W2"].T, lambda: d["logits"] @ p["W2"].T / n)
    d["W2"] = do("W2", h.T @ d["logits"], lambda: hpreact.T @ d["logits"])
    d["b2"] = do("b2", d["logits"].sum(0), lambda: d["logits"].mean(0), lambda: d["logits"][-1])
    d["hpreact"] = do(
        "hpreact",
        (1 - h**2) * d["h"],
        lambda: (1 - hpreact**2) * d["h"],
        lambda: h * (1 - h) * d["h"],
        lambda: d["h"] * 1.0,
    )
    d["bngain"] = do(
        "bngain",
        (bnraw * d["hpreact"]).sum(0, keepdims=True),
        lambda: (bndiff * d["hpreact"]).sum(0, keepdims=True),
    )
    d["bnbias"] = do(
        "bnbias",
        d["hpreact"].sum(0, keepdims=True),
        lambda: d["hpreact"].mean(0, keepdims=True),
    )
    d["bnraw"] = do("bnraw", p["bngain"] * d["hpreact"], lambda: d["hpreact"] * 1.0)
    d["bnvar_inv"] = do(
        "bnvar_inv",
        (bndiff * d["bnraw"]).sum(0, keepdims=True),
        lambda: (bnraw * d["bnraw"]).sum(0, keepdims=True),
    )
    d["bnvar"] = do(
        "bnvar",
        -0.5 * (bnvar + 1e-5) ** -1.5 * d["bnvar_inv"],
        lambda: -0.5 * (bnvar + 1e-5) ** -0.5 * d["bnvar_inv"],
        lambda: 0.5 * (bnvar + 1e-5) ** -1.5 * d["bnvar_inv"],
    )
    ones = np.ones_like(bndiff)
    d["bndiff2"] = do(
        "bndiff2",
        ones * d["bnvar"] / (n - 1),
        lambda: ones * d["bnvar"] / n,
        lambda: ones * d["bnvar"],
    )
    d["bndiff"] = do(
        "bndiff",
        bnvar_inv * d["bnraw"] + 2 * bndiff * d["bndiff2"],
        lambda: bnvar_inv * d["bnraw"],
        lambda: bnvar_inv * d["bnraw"] + bndiff * d["bndiff2"],
    )
    d["bnmeani"] = do("bnmeani", -d["bndiff"].sum(0, keepdims=True), lambda: -d["bndiff"][:1])
    d["hprebn"] = do(
        "hprebn",
        d["bndiff"] + d["bnmeani"] / n,
        lambda: d["bndiff"] + d["bnmeani"],
        lambda: d["bndiff"] * 1.0,
    )
    d["embcat"] = do("embcat", d["hprebn"] @ p["W1"].T, lambda: -d["hprebn"] @ p["W1"].T)
    d["W1"] = do("W1", embcat.T @ d["hprebn"], lambda: embcat.T @ d["hprebn"] / n)
    d["b1"] = do("b1", d["hprebn"].sum(0), lambda: d["hprebn"][0] + 0.0)
    d["emb"] = do("emb", d["embcat"].reshape(emb.shape), lambda: d["embcat"].reshape(emb.shape) / 2)
    last, first, dC = (np.zeros_like(p["C"]) for _ in range(3))
    np.add.at(dC, Xb, d["emb"])
    last[Xb] = d["emb"]
    np.add.at(first, Xb[:, 0], d["emb"][:, 0])
    d["C"] = do("C", dC, lambda: last, lambda: first)
    gradients = {name: d[name] for name in p}
    return float(value), gradients, others(d, p), do


NETWORK = Model("network", network_point, network_loss, network)
