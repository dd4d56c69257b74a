"""Negative mean log likelihood of a diagonal Gaussian mixture (softmax weights, log scales), by
logsumexp.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def point(random: Generator) -> Any:
    K, D = 3, 2
    theta = {
        "a": random.normal(size=K),
        "mu": random.normal(size=(K, D)),
        "log_sigma": 0.3 * random.normal(size=(K, D)),
    }
    return theta, (1.5 * random.normal(size=(7, D)),)


def loss(theta: Any, x: Any) -> Any:
    log_pi = theta["a"] - torch.logsumexp(theta["a"], dim=0)
    sigma = theta["log_sigma"].exp()
    u = (x[:, None, :] - theta["mu"]) / sigma
    log_normal = (
        -0.5 * (u**2).sum(-1) - theta["log_sigma"].sum(-1) - x.shape[1] / 2 * math.log(2 * math.pi)
    )
    joint = log_pi + log_normal
    log_density = torch.logsumexp(joint, dim=1)
    return -log_density.mean()


def gradients(theta: Any, x: Any, mistake: str | None = None) -> Any:
    a, mu, s = theta["a"], theta["mu"], theta["log_sigma"]
    N, D = x.shape
    K = len(a)
    pi = np.exp(a) / np.exp(a).sum()
    sigma2 = np.exp(2 * s)
    if mistake == "sigma for its square":
        sigma2 = np.exp(s)

    # E step: responsibilities
    joint = np.empty((N, K))
    for k in range(K):
        diff = x - mu[k]
        joint[:, k] = np.log(pi[k]) - 0.5 * (diff**2 / sigma2[k]).sum(1) - s[k].sum()
        if mistake == "mixture weights not in the responsibilities":
            joint[:, k] -= np.log(pi[k])
        elif mistake == "log determinant not in the responsibilities":
            joint[:, k] += s[k].sum()
    resp = np.exp(joint - joint.max(1, keepdims=True))
    if mistake == "responsibilities normalised over the samples":
        resp /= resp.sum(0)
    else:
        resp /= resp.sum(1, keepdims=True)

    da, dmu, ds = np.zeros(K), np.zeros((K, D)), np.zeros((K, D))
    for k in range(K):
        w = resp[:, k : k + 1]
        diff = x - mu[k]
        if mistake == "weights' normalisation forgotten":
            da[k] = -w.mean()
        elif mistake == "softmax's derivative by the diagonal only":
            da[k] = -w.mean() * (1 - pi[k])
        else:
            da[k] = -(w.mean() - pi[k])
        dmu[k] = -(w * diff / sigma2[k]).mean(0)
        quadratic = diff**2 / sigma2[k]
        if mistake == "log sigma's one forgotten":
            ds[k] = -(w * quadratic).mean(0)
        elif mistake == "half left over in the scale's derivative":
            ds[k] = -(w * (0.5 * quadratic - 1)).mean(0)
        elif mistake == "chain factor of the log scale":
            ds[k] = -(w * (quadratic - 1)).mean(0) / np.exp(s[k])
        else:
            ds[k] = -(w * (quadratic - 1)).mean(0)
    return {"a": da, "mu": dmu, "log_sigma": ds}


MISTAKES: dict[str, tuple[str, str]] = {
    "sigma for its square": (
        "u = (x[:, None, :]",
        "the standard deviation is used where its square, the variance, is due",
    ),
    "mixture weights not in the responsibilities": (
        "joint = log_pi + log_normal",
        "log_pi, the mixture weights, is missing in the responsibilities",
    ),
    "log determinant not in the responsibilities": (
        "log_normal = ",
        "the normalisation -sum log_sigma is missing in the responsibilities",
    ),
    "responsibilities normalised over the samples": (
        "torch.logsumexp(joint, dim=1)",
        "the responsibilities are normalised over the wrong axis: samples for components",
    ),
    "weights' normalisation forgotten": (
        '- torch.logsumexp(theta["a"]',
        "the derivative of the weights' normalisation, +pi, is missing in a's gradient",
    ),
    "softmax's derivative by the diagonal only": (
        '- torch.logsumexp(theta["a"]',
        "a's gradient has only the diagonal of the softmax's Jacobian: the other components' "
        "terms are missing",
    ),
    "log sigma's one forgotten": (
        "log_normal = ",
        "the derivative of -log_sigma in the log density, a constant 1, is missing",
    ),
    "half left over in the scale's derivative": (
        "-0.5 * (u**2)",
        "the 2 of the square is not cancelled with 0.5: half the quadratic term in the "
        "scale's derivative",
    ),
    "chain factor of the log scale": (
        'sigma = theta["log_sigma"].exp()',
        "the derivative is by sigma, not by log_sigma: the chain factor sigma of exp is missing",
    ),
}
