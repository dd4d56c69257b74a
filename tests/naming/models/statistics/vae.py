"""A variational autoencoder with a diagonal Gaussian posterior, given noise, Bernoulli decoder;
negative ELBO per sample.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator


def point(random: Generator) -> Any:
    q = {
        "enc": random.normal(size=(5, 4)) * 0.6,
        "mu": random.normal(size=(4, 2)) * 0.6,
        "logvar": random.normal(size=(4, 2)) * 0.5,
        "dec": random.normal(size=(2, 3)),
        "out": random.normal(size=(3, 5)) * 0.7,
        "bias": random.normal(size=5) * 0.5,
    }
    x = (random.uniform(size=(6, 5)) < 0.5).astype(float)
    noise = random.normal(size=(6, 2))
    return q, (x, noise)


def loss(q: Any, x: Any, noise: Any) -> Any:
    h = torch.tanh(x @ q["enc"])
    mu = h @ q["mu"]
    logvar = h @ q["logvar"]
    std = torch.exp(0.5 * logvar)
    z = mu + std * noise
    d = torch.tanh(z @ q["dec"])
    logits = d @ q["out"] + q["bias"]
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum()
    return (reconstruction + kl) / len(x)


def gradients(q: Any, x: Any, noise: Any, mistake: str | None = None) -> Any:
    n = len(x)
    h = np.tanh(x @ q["enc"])
    mu, lv = h @ q["mu"], h @ q["logvar"]
    std = np.exp(lv if mistake == "half of the log variance forgotten" else 0.5 * lv)
    z = mu + std * noise
    d = np.tanh(z @ q["dec"])
    logits = d @ q["out"] + q["bias"]

    dlogits = (1 / (1 + np.exp(-logits)) - x) / n
    dd = dlogits @ q["out"].T
    dpre = dd * (1 - d**2)
    if mistake == "decoder's tanh skipped":
        dpre = dd
    dz = dpre @ q["dec"].T

    # reparameterisation
    dmu = dz.copy()
    if (
        mistake == "half of the log variance forgotten"
        or mistake == "half of the standard deviation's derivative"
    ):
        dlv = dz * noise * std
    elif mistake == "standard deviation missing in its own derivative":
        dlv = dz * noise * 0.5
    elif mistake == "noise forgotten":
        dlv = dz * std * 0.5
    elif mistake == "no gradient through the sampled scale":
        dlv = np.zeros_like(lv)
    else:
        dlv = dz * noise * std * 0.5

    # KL divergence to the standard normal
    if mistake == "KL forgotten for the mean":
        pass
    elif mistake == "KL not divided by the samples":
        dmu += mu
    else:
        dmu += mu / n
    if mistake == "standard deviation for variance in the KL":
        dlv += 0.5 * (np.exp(0.5 * lv) - 1) / n
    elif mistake == "KL not divided by the samples":
        dlv += 0.5 * (np.exp(lv) - 1)
    else:
        dlv += 0.5 * (np.exp(lv) - 1) / n

    dh = dmu @ q["mu"].T
    if mistake != "encoder without the log variance's path":
        dh = dh + dlv @ q["logvar"].T
    da = dh * (1 - h**2)
    return {
        "enc": x.T @ da,
        "mu": h.T @ dmu,
        "logvar": h.T @ dlv,
        "dec": z.T @ dpre,
        "out": d.T @ dlogits,
        "bias": dlogits.sum(0),
    }


MISTAKES: dict[str, tuple[str, str]] = {
    "half of the log variance forgotten": (
        "std = torch.exp",
        "the factor 0.5 in exp(0.5 logvar) is missing: the variance is used as the standard "
        "deviation",
    ),
    "decoder's tanh skipped": (
        "d = torch.tanh",
        "tanh's derivative of the decoder is missing",
    ),
    "half of the standard deviation's derivative": (
        "std = torch.exp",
        "the chain factor 0.5 of exp(0.5 logvar) is missing in the derivative (the value is right)",
    ),
    "standard deviation missing in its own derivative": (
        "std = torch.exp",
        "the derivative of exp, the standard deviation itself, is missing: 0.5 noise for 0.5 "
        "noise std",
    ),
    "noise forgotten": (
        "z = mu + std * noise",
        "the factor noise is missing in the gradient of the standard deviation",
    ),
    "no gradient through the sampled scale": (
        "z = mu + std * noise",
        "the path from z through the standard deviation to logvar is missing; only the KL's "
        "is there",
    ),
    "KL forgotten for the mean": (
        "kl = -0.5",
        "the KL divergence's gradient by mu, mu / n, is missing",
    ),
    "KL not divided by the samples": (
        "(reconstruction + kl) / len(x)",
        "the KL's term is not divided by the number of samples",
    ),
    "standard deviation for variance in the KL": (
        "logvar.exp()",
        "in the KL's derivative the standard deviation exp(logvar / 2) stands for the "
        "variance exp(logvar)",
    ),
    "encoder without the log variance's path": (
        "logvar = h @",
        "the path from logvar back to the encoder is missing: the encoder gets mu's only",
    ),
}
