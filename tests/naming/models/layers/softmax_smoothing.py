"""Softmax regression with label smoothing and a temperature."""

from typing import Any

import numpy as np
import torch.nn.functional as F

EPS, TEMPERATURE = 0.2, 1.7


def point(rng: Any) -> Any:
    parameters = {"W": rng.standard_normal((3, 5)), "b": rng.standard_normal(5)}
    return parameters, (rng.standard_normal((6, 3)), rng.integers(0, 5, 6))


def loss(parameters: Any, x: Any, target: Any) -> Any:
    k = parameters["b"].shape[0]
    scaled = (x @ parameters["W"] + parameters["b"]) / TEMPERATURE
    logp = F.log_softmax(scaled, dim=-1)
    hard = -logp.gather(1, target[:, None]).squeeze(1)
    uniform = -logp.sum(dim=-1) / k
    smoothed = (1 - EPS) * hard + EPS * uniform
    return smoothed.mean() * TEMPERATURE**2


def gradients(parameters: Any, x: Any, target: Any, mistake: str | None = None) -> Any:
    W, b = parameters["W"], parameters["b"]
    n, k = len(x), len(b)
    s = (x @ W + b) / TEMPERATURE
    if mistake == "softmax without the temperature":
        s = x @ W + b
    s = s - s.max(axis=-1, keepdims=True)
    q = np.exp(s)
    if mistake == "softmax normalised over the samples":
        q /= q.sum(axis=0, keepdims=True)
    else:
        q /= q.sum(axis=-1, keepdims=True)

    # target distribution: (1 - eps) one-hot + eps / k
    T = np.zeros((n, k))
    T[np.arange(n), target] = 1.0
    if mistake == "smoothing forgotten":
        pass
    elif mistake == "eps over the k - 1 other classes":
        T = np.where(T == 1, 1 - EPS, EPS / (k - 1))
    elif mistake == "eps not taken from the target":
        T = T + EPS / k
    elif mistake == "eps not shared among the classes":
        T = (1 - EPS) * T + EPS
    elif mistake == "uniform part missing":
        T = (1 - EPS) * T
    else:
        T = (1 - EPS) * T + EPS / k

    dscaled = (q - T) / n * TEMPERATURE**2
    if mistake == "factor T^2 forgotten":
        dscaled = (q - T) / n
    dlogits = dscaled if mistake == "chain factor 1/T forgotten" else dscaled / TEMPERATURE
    dW = np.einsum("ni,nk->ik", x, dlogits)
    db = dlogits.sum(axis=0)
    return {"W": dW, "b": db}


MISTAKES: dict[str, tuple[str, str]] = {
    "softmax without the temperature": (
        "scaled = (x @",
        "the softmax is evaluated at the logits before the division by the temperature",
    ),
    "softmax normalised over the samples": (
        "F.log_softmax(scaled, dim=-1)",
        "the softmax is normalised over the wrong axis: over the samples, not the classes",
    ),
    "smoothing forgotten": (
        "smoothed = (1 - EPS)",
        "the label smoothing is left out: the target is the plain one-hot vector",
    ),
    "eps over the k - 1 other classes": (
        "uniform = ",
        "eps is spread over the k - 1 wrong classes; the loss spreads it over all k, the "
        "right one included",
    ),
    "eps not taken from the target": (
        "smoothed = (1 - EPS)",
        "the factor 1 - EPS of the hard term is missing: the target's weights add up to 1 + EPS",
    ),
    "eps not shared among the classes": (
        "uniform = ",
        "the division by the number of classes k is missing in the uniform term",
    ),
    "uniform part missing": (
        "smoothed = (1 - EPS)",
        "the constant EPS / k of the uniform term is missing in the target (though the "
        "softmax counts it)",
    ),
    "factor T^2 forgotten": (
        "TEMPERATURE**2",
        "the factor TEMPERATURE**2 is missing",
    ),
    "chain factor 1/T forgotten": (
        "/ TEMPERATURE",
        "the chain factor 1/TEMPERATURE from scaled to the logits is missing",
    ),
}
