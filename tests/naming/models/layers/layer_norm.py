"""Layer normalisation over the features of a linear layer, then a squared error to targets."""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator

EPS = 1e-2


def point(random: Generator) -> Any:
    parameters = {
        "W": random.normal(size=(5, 3)),
        "gain": 1 + 0.5 * random.normal(size=5),
        "shift": random.normal(size=5),
    }
    return parameters, (random.normal(size=(4, 3)), random.normal(size=(4, 5)))


def loss(parameters: Any, x: Any, y: Any) -> Any:
    u = x @ parameters["W"].T
    mean = u.mean(dim=-1, keepdim=True)
    variance = ((u - mean) ** 2).mean(dim=-1, keepdim=True)
    normed = (u - mean) / torch.sqrt(variance + EPS)
    out = parameters["gain"] * normed + parameters["shift"]
    error = 0.5 * (out - y) ** 2
    return error.sum() / x.shape[0]


def gradients(parameters: Any, x: Any, y: Any, mistake: str | None = None) -> Any:
    W, gain, shift = parameters["W"], parameters["gain"], parameters["shift"]
    u = x @ W.T
    mu = u.mean(-1, keepdims=True)
    var = u.var(-1, keepdims=True)
    if mistake == "variance with d - 1":
        var = u.var(-1, ddof=1, keepdims=True)
    std = np.sqrt(var if mistake == "eps forgotten" else var + EPS)
    xhat = (u - mu) / std

    dout = (gain * xhat + shift - y) / len(x)
    dgain = (dout * (u if mistake == "gain from the input" else xhat)).sum(0)
    dshift = dout.sum(0)
    dxhat = dout if mistake == "gain not in the way back" else dout * gain

    # through the normalisation:  du = (dxhat - mean(dxhat) - xhat mean(dxhat xhat)) / std
    through_mean = dxhat.mean(-1, keepdims=True)
    through_std = xhat * (dxhat * xhat).mean(-1, keepdims=True)
    if mistake == "mean taken for a constant":
        through_mean = 0
    elif mistake == "variance taken for a constant":
        through_std = 0
    elif mistake == "means over the batch":
        through_mean = dxhat.mean(0, keepdims=True)
        through_std = xhat * (dxhat * xhat).mean(0, keepdims=True)
    elif mistake == "variance's term without xhat inside":
        through_std = xhat * dxhat.mean(-1, keepdims=True)
    du = (dxhat - through_mean - through_std) / (
        var + EPS if mistake == "divided by the variance" else std
    )
    return {"W": du.T @ x, "gain": dgain, "shift": dshift}


MISTAKES: dict[str, tuple[str, str]] = {
    "variance with d - 1": (
        "variance = ",
        "the variance is divided by d - 1 (unbiased) instead of d",
    ),
    "eps forgotten": (
        "torch.sqrt(variance + EPS)",
        "EPS is missing under the root",
    ),
    "gain from the input": (
        'parameters["gain"] * normed',
        "gain's gradient uses u, the value before normalisation, for the normalised value",
    ),
    "gain not in the way back": (
        'parameters["gain"] * normed',
        "the factor gain is missing on the way back to the normalised value (and W)",
    ),
    "mean taken for a constant": (
        "mean = u.mean",
        "the gradient through the mean is missing: the mean is treated as a constant",
    ),
    "variance taken for a constant": (
        "variance = ",
        "the gradient through the variance is missing: it is treated as a constant",
    ),
    "means over the batch": (
        ".mean(dim=-1, keepdim=True)",
        "the backward means are over the batch axis (as in batch norm) instead of the features",
    ),
    "variance's term without xhat inside": (
        "variance = ",
        "in the path through the variance, the factor xhat is missing within the mean: xhat "
        "mean(dxhat) for xhat mean(dxhat xhat)",
    ),
    "divided by the variance": (
        "normed = ",
        "the chain factor is 1 / variance where 1 / standard deviation is due: the root is missing",
    ),
}
