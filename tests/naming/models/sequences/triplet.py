"""Triplet margin loss on unit-length embeddings of a one-layer encoder; vectors in columns, hinge
on squared distances.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator

MARGIN = 0.9


def point(random: Generator) -> Any:
    while True:  # until some triplets are active, some by the margin only, and some are not
        weights = {"W": random.normal(size=(3, 4)), "b": random.normal(size=(3, 1))}
        data = tuple(random.normal(size=(4, 7)) for _ in range(3))
        a, p, n = (encode(weights, x)[2] for x in data)
        gap = ((a - p) ** 2).sum(0) - ((a - n) ** 2).sum(0)
        if (gap > 0).any() and ((gap > -MARGIN) & (gap < 0)).any() and (gap < -MARGIN).any():
            return weights, data


def loss(weights: Any, anchor: Any, positive: Any, negative: Any) -> Any:
    def embed(x: Any) -> Any:
        return F.normalize(torch.sin(weights["W"] @ x + weights["b"]), dim=0)

    a, p, n = embed(anchor), embed(positive), embed(negative)
    near = ((a - p) ** 2).sum(0)
    far = ((a - n) ** 2).sum(0)
    hinge = torch.clamp(near - far + MARGIN, min=0)
    return hinge.mean()


def encode(weights: Any, x: Any) -> Any:
    z = weights["W"] @ x + weights["b"]
    e = np.sin(z)
    norm = np.sqrt((e**2).sum(axis=0))
    return z, norm, e / norm


def gradients(
    weights: Any, anchor: Any, positive: Any, negative: Any, mistake: str | None = None
) -> Any:
    xs = {"a": anchor, "p": positive, "n": negative}
    z, norm, unit = {}, {}, {}
    for k, x in xs.items():
        z[k], norm[k], unit[k] = encode(weights, x)
    a, p, n = unit["a"], unit["p"], unit["n"]

    on = ((a - p) ** 2).sum(0) - ((a - n) ** 2).sum(0) + MARGIN > 0
    if mistake == "margin forgotten in the hinge":
        on = ((a - p) ** 2).sum(0) - ((a - n) ** 2).sum(0) > 0
    elif mistake == "hinge forgotten":
        on = np.ones(a.shape[1], bool)
    upstream = on / a.shape[1]
    if mistake == "mean over the active triplets":
        upstream = on / on.sum()

    d = {}
    d["p"] = -2 * (a - p) * upstream
    d["n"] = 2 * (a - n) * upstream
    d["a"] = 2 * (n - p) * upstream
    if mistake == "anchor's path in the far distance missing":
        d["a"] = 2 * (a - p) * upstream
    elif mistake == "sign of the negative":
        d["n"] = -d["n"]
    elif mistake == "anchor taken for a constant":
        d["a"] = np.zeros_like(a)
    elif mistake == "two of the squared distance forgotten":
        d = {k: v / 2 for k, v in d.items()}

    dW, db = np.zeros_like(weights["W"]), np.zeros_like(weights["b"])
    for k in "apn":
        along = (d[k] * unit[k]).sum(axis=0)
        if mistake == "projection of the normalisation forgotten":
            de = d[k] / norm[k]
        elif mistake == "norm of the normalisation forgotten":
            de = d[k] - unit[k] * along
        else:
            de = (d[k] - unit[k] * along) / norm[k]
        dz = de * (-np.cos(z[k]) if mistake == "sign of the sine's derivative" else np.cos(z[k]))
        dW += dz @ xs[k].T
        db += dz.sum(axis=1, keepdims=True)
    return {"W": dW, "b": db}


MISTAKES: dict[str, tuple[str, str]] = {
    "margin forgotten in the hinge": (
        "hinge = torch.clamp",
        "the margin is left out when it is decided which triplets are active",
    ),
    "hinge forgotten": (
        "hinge = torch.clamp",
        "the hinge's mask is missing: triplets that are far enough apart count too",
    ),
    "mean over the active triplets": (
        "hinge.mean()",
        "it is divided by the number of active triplets instead of all of them",
    ),
    "anchor's path in the far distance missing": (
        "far = ",
        "the anchor's gradient lacks the term of the distance to the negative",
    ),
    "sign of the negative": (
        "near - far",
        "the negative's gradient has the wrong sign",
    ),
    "anchor taken for a constant": (
        "a, p, n = embed(anchor)",
        "no gradient goes through the anchor's embedding: treated as a constant",
    ),
    "two of the squared distance forgotten": (
        "((a - p) ** 2)",
        "the factor 2 of the squares' derivative is missing in both distances",
    ),
    "projection of the normalisation forgotten": (
        "F.normalize",
        "the path through the norm is missing: the component along the unit vector is not "
        "taken out",
    ),
    "norm of the normalisation forgotten": (
        "F.normalize",
        "the division by the norm is missing in the derivative of the normalisation",
    ),
    "sign of the sine's derivative": (
        "torch.sin",
        "the sine's derivative has the wrong sign: -cos for cos",
    ),
}
