"""Negative binomial regression with an offset (exposure) and a dispersion per group; log links;
mean log likelihood, negative.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def digamma(x: Any) -> Any:
    """Recurrence up to 12, then the asymptotic series."""
    x, value = np.asarray(x, float).copy(), 0.0
    value = np.zeros_like(x)
    while (x < 12).any():
        low = x < 12
        value[low] -= 1 / x[low]
        x[low] += 1
    s = 1 / x**2
    return (
        value
        + np.log(x)
        - 0.5 / x
        - s
        * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    )


def point(random: Generator) -> Any:
    parameters = {
        "beta": 0.4 * random.normal(size=3),
        "log_size": 0.5 + 0.3 * random.normal(size=2),
    }
    X = random.normal(size=(7, 3))
    exposure = random.uniform(0.5, 3.0, size=7)
    group = np.array([0, 1, 0, 1, 1, 0, 1])
    y = random.poisson(2.5 * exposure).astype(float)
    return parameters, (X, exposure, group, y)


def loss(parameters: Any, X: Any, exposure: Any, group: Any, y: Any) -> Any:
    eta = X @ parameters["beta"] + torch.log(exposure)
    mu = torch.exp(eta)
    r = torch.exp(parameters["log_size"])[group]
    binomial = torch.lgamma(y + r) - torch.lgamma(r) - torch.lgamma(y + 1)
    success = r * (torch.log(r) - torch.log(r + mu))
    failure = y * (eta - torch.log(r + mu))
    log_likelihood = binomial + success + failure
    return -log_likelihood.mean()


def gradients(
    parameters: Any, X: Any, exposure: Any, group: Any, y: Any, mistake: str | None = None
) -> Any:
    beta, log_size = parameters["beta"], parameters["log_size"]
    n = len(y)
    eta = X @ beta + np.log(exposure)
    if mistake == "offset without its logarithm":
        eta = X @ beta + exposure
    elif mistake == "offset forgotten":
        eta = X @ beta
    mu = np.exp(eta)
    r = np.exp(log_size)[group]

    # d log likelihood / d eta = y - (y + r) mu / (r + mu) = r (y - mu) / (r + mu)
    if mistake == "derivative of the Poisson":
        d_eta = y - mu
    elif mistake == "success term not in eta's derivative":
        d_eta = y - y * mu / (r + mu)
    elif mistake == "chain factor mu forgotten":
        d_eta = y - (y + r) / (r + mu)
    else:
        d_eta = r * (y - mu) / (r + mu)

    d_r = digamma(y + r) - digamma(r) + np.log(r / (r + mu)) + 1 - (y + r) / (r + mu)
    if mistake == "digammas forgotten":
        d_r = np.log(r / (r + mu)) + 1 - (y + r) / (r + mu)
    elif mistake == "one of r log r forgotten":
        d_r = d_r - 1
    elif mistake == "failure term not in r's derivative":
        d_r = d_r + y / (r + mu)
    d_log_size = d_r if mistake == "chain factor of the log size" else d_r * r
    per_group = np.array([d_log_size[group == k].sum() for k in (0, 1)])
    if mistake == "mean within each group":
        per_group = np.array([n * d_log_size[group == k].mean() for k in (0, 1)])
    return {"beta": -X.T @ d_eta / n, "log_size": -per_group / n}


MISTAKES: dict[str, tuple[str, str]] = {
    "offset without its logarithm": (
        "torch.log(exposure)",
        "the exposure is added without its logarithm",
    ),
    "offset forgotten": (
        "torch.log(exposure)",
        "the offset log(exposure) is missing",
    ),
    "derivative of the Poisson": (
        "log_likelihood = ",
        "beta's derivative y - mu is the Poisson's; the negative binomial's has the factor r "
        "/ (r + mu)",
    ),
    "success term not in eta's derivative": (
        "success = r *",
        "the term -r log(r + mu) is missing in beta's derivative",
    ),
    "chain factor mu forgotten": (
        "mu = torch.exp(eta)",
        "the chain factor mu, the derivative of exp(eta), is missing",
    ),
    "digammas forgotten": (
        "binomial = torch.lgamma",
        "the derivative of the lgamma terms by r, digamma(y + r) - digamma(r), is missing",
    ),
    "one of r log r forgotten": (
        "success = r *",
        "the derivative of r log r is log r + 1; the 1 is missing",
    ),
    "failure term not in r's derivative": (
        "failure = y *",
        "the term -y log(r + mu) is missing in r's derivative",
    ),
    "chain factor of the log size": (
        'torch.exp(parameters["log_size"])',
        "the derivative is by r, not by log_size: the chain factor r of exp is missing",
    ),
    "mean within each group": (
        ".mean()",
        "the dispersion's gradient is a mean within its group; it is a sum within the group, "
        "divided by all samples",
    ),
}
