"""Log marginal likelihood of a Gaussian process (squared exponential kernel plus linear trend),
log parameters, by Cholesky.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def point(random: Generator) -> Any:
    parameters = {
        "log_length": np.array(0.5 + 0.1 * random.normal()),
        "log_signal": np.array(0.3 + 0.2 * random.normal()),
        "log_noise": np.array(-0.7 + 0.1 * random.normal()),
        "beta": random.normal(size=2),
    }
    x = np.sort(random.uniform(-2, 2, size=(6, 2)), axis=0)
    return parameters, (x, np.sin(2 * x[:, 0]) + 0.3 * random.normal(size=6))


def loss(parameters: Any, x: Any, y: Any) -> Any:
    n = len(y)
    length = parameters["log_length"].exp()
    distance2 = ((x[:, None, :] - x[None, :, :]) ** 2).sum(-1)
    K = parameters["log_signal"].exp() ** 2 * torch.exp(-distance2 / (2 * length**2))
    Ky = K + parameters["log_noise"].exp() ** 2 * torch.eye(n, dtype=x.dtype)
    L = torch.linalg.cholesky(Ky)
    r = y - x @ parameters["beta"]
    alpha = torch.cholesky_solve(r[:, None], L)[:, 0]
    quadratic = 0.5 * r @ alpha
    log_det = L.diagonal().log().sum()
    return quadratic + log_det + n / 2 * math.log(2 * math.pi)


def gradients(parameters: Any, x: Any, y: Any, mistake: str | None = None) -> Any:
    ell, sf, sn = (np.exp(parameters["log_" + k]) for k in ("length", "signal", "noise"))
    n = len(y)
    D = ((x[:, None] - x[None]) ** 2).sum(-1)
    K = sf**2 * np.exp(-D / (2 * ell**2))
    if mistake == "two of the kernel's exponent forgotten":
        K = sf**2 * np.exp(-D / ell**2)
    Ky = K + sn**2 * np.eye(n)
    if mistake == "noise not squared":
        Ky = K + sn * np.eye(n)
    inverse = np.linalg.inv(Ky)
    r = y if mistake == "trend not subtracted" else y - x @ parameters["beta"]
    alpha = inverse @ r

    # d loss / d Ky = (inverse - alpha alpha^T) / 2
    G = (inverse - np.outer(alpha, alpha)) / 2
    if mistake == "log determinant forgotten":
        G = -np.outer(alpha, alpha) / 2
    elif mistake == "half of the log determinant forgotten":
        G = inverse - np.outer(alpha, alpha) / 2
    elif mistake == "sign of the quadratic term":
        G = (inverse + np.outer(alpha, alpha)) / 2

    dK_dlog_length = K * D / ell**2
    if mistake == "chain factor of the log length":
        dK_dlog_length = K * D / ell**3  # with respect to ell itself
    dK_dlog_signal = K if mistake == "two of the signal's square forgotten" else 2 * K
    dK_dlog_noise = 2 * sn**2 * np.eye(n)
    if mistake == "noise not squared":
        dK_dlog_noise = sn * np.eye(n)
    elif mistake == "noise derivative on all entries":
        dK_dlog_noise = 2 * sn**2 * np.ones((n, n))
    dbeta = x.T @ alpha if mistake == "sign of the residual" else -x.T @ alpha
    return {
        "log_length": np.trace(G @ dK_dlog_length),
        "log_signal": np.trace(G @ dK_dlog_signal),
        "log_noise": np.trace(G @ dK_dlog_noise),
        "beta": dbeta,
    }


MISTAKES: dict[str, tuple[str, str]] = {
    "two of the kernel's exponent forgotten": (
        "torch.exp(-distance2",
        "the 2 of 2 length**2 is missing in the kernel's exponent when K is recomputed",
    ),
    "noise not squared": (
        "Ky = K +",
        "the noise is added as a standard deviation and not as its square, the variance",
    ),
    "trend not subtracted": (
        "r = y - x @",
        "the linear trend is not subtracted: y for the residual y - x beta",
    ),
    "log determinant forgotten": (
        "log_det =",
        "the gradient of the log determinant (the inverse of Ky) is missing",
    ),
    "half of the log determinant forgotten": (
        "log_det =",
        "the log determinant's term is twice too large: the sum of log L's diagonal is half "
        "of log det Ky",
    ),
    "sign of the quadratic term": (
        "quadratic = ",
        "the sign of the quadratic term's gradient by Ky, -alpha alpha^T / 2, is wrong",
    ),
    "chain factor of the log length": (
        'parameters["log_length"].exp()',
        "the chain factor length of exp(log_length) is missing: the derivative is by the "
        "length itself",
    ),
    "two of the signal's square forgotten": (
        'parameters["log_signal"].exp() ** 2',
        "the factor 2 of the squared signal's derivative is missing",
    ),
    "noise derivative on all entries": (
        "torch.eye",
        "the noise's derivative is on all entries of the matrix, not on the diagonal only: "
        "ones for the identity",
    ),
    "sign of the residual": (
        "r = y - x @",
        "the minus of -x beta in the residual is missing: beta's gradient has the wrong sign",
    ),
}
