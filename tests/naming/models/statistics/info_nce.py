"""Contrastive loss InfoNCE (symmetric, CLIP-like): two linear encoders, cosine similarities, a
learned log temperature.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator


def point(random: Generator) -> Any:
    parameters = {
        "Wi": random.normal(size=(4, 3)),
        "Wt": random.normal(size=(5, 3)),
        "log_scale": np.array([0.7 + 0.2 * random.normal()]),
    }
    return parameters, (random.normal(size=(6, 4)), random.normal(size=(6, 5)))


def loss(parameters: Any, image: Any, text: Any) -> Any:
    i = F.normalize(image @ parameters["Wi"], dim=1)
    t = F.normalize(text @ parameters["Wt"], dim=1)
    cosine = i @ t.T
    logits = parameters["log_scale"].exp() * cosine
    target = torch.arange(len(image))
    image_to_text = F.cross_entropy(logits, target)
    text_to_image = F.cross_entropy(logits.T, target)
    return (image_to_text + text_to_image) / 2


def unit(v: Any) -> Any:
    length = np.linalg.norm(v, axis=1, keepdims=True)
    return v / length, length


def unit_backward(g: Any, v_hat: Any, length: Any, mistake: Any) -> Any:
    """Jacobian of v / |v|, symmetric: (I - v_hat v_hat^T) / |v|."""
    if mistake == "norm taken for a constant":
        return g / length
    if mistake == "unit vectors' projection by the columns":
        return (g - v_hat * np.sum(g * v_hat, axis=0, keepdims=True)) / length
    if mistake == "division by the norm forgotten":
        return g - v_hat * np.sum(g * v_hat, axis=1, keepdims=True)
    return (g - v_hat * np.sum(g * v_hat, axis=1, keepdims=True)) / length


def softmax(s: Any, axis: Any) -> Any:
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def gradients(parameters: Any, image: Any, text: Any, mistake: str | None = None) -> Any:
    Wi, Wt, scale = parameters["Wi"], parameters["Wt"], np.exp(parameters["log_scale"])
    n = len(image)
    i, li = unit(image @ Wi)
    t, lt = unit(text @ Wt)
    cosine = i @ t.T
    logits = cosine if mistake == "temperature not in the softmax" else scale * cosine

    rows, columns = softmax(logits, 1), softmax(logits, 0)
    if mistake == "one direction only":
        dlogits = (rows - np.eye(n)) / (2 * n)
    elif mistake == "rows for both directions":
        dlogits = (rows - np.eye(n)) / n
    elif mistake == "half of the two directions forgotten":
        dlogits = (rows + columns - 2 * np.eye(n)) / n
    elif mistake == "one identity for two directions":
        dlogits = (rows + columns - np.eye(n)) / (2 * n)
    else:
        dlogits = (rows + columns - 2 * np.eye(n)) / (2 * n)

    dscale = np.sum(dlogits * cosine, keepdims=True).reshape(1)
    dlog_scale = dscale if mistake == "chain factor of the log temperature" else dscale * scale
    dcosine = dlogits * scale
    di = dcosine @ t
    dt = dcosine @ i if mistake == "similarities not transposed for the text" else dcosine.T @ i
    dWi = image.T @ unit_backward(di, i, li, mistake)
    dWt = text.T @ unit_backward(dt, t, lt, mistake)
    return {"Wi": dWi, "Wt": dWt, "log_scale": dlog_scale}


MISTAKES: dict[str, tuple[str, str]] = {
    "norm taken for a constant": (
        "F.normalize",
        "the path through the norm is missing: the projection off the unit vector is left out",
    ),
    "unit vectors' projection by the columns": (
        "F.normalize",
        "in the normalisation's derivative the sum is over the wrong axis: samples for features",
    ),
    "division by the norm forgotten": (
        "F.normalize",
        "the division by the norm is missing in the derivative of the normalisation",
    ),
    "temperature not in the softmax": (
        "logits = ",
        "the softmax is evaluated at the cosines, without the temperature's factor exp(log_scale)",
    ),
    "one direction only": (
        "text_to_image = ",
        "the term text to image is missing: only the softmax over the rows is differentiated",
    ),
    "rows for both directions": (
        "F.cross_entropy(logits.T",
        "the second direction's softmax is over the rows too; it is over the columns (logits "
        "transposed)",
    ),
    "half of the two directions forgotten": (
        "(image_to_text + text_to_image) / 2",
        "the 1/2 of the mean of both directions is missing",
    ),
    "one identity for two directions": (
        "text_to_image = ",
        "the target is subtracted once only; each direction has its own",
    ),
    "chain factor of the log temperature": (
        'parameters["log_scale"].exp()',
        "the derivative is by the scale, not by its log: the chain factor exp(log_scale) is "
        "missing",
    ),
    "similarities not transposed for the text": (
        "cosine = i @ t.T",
        "the similarities' gradient is not transposed on the way to the text's embeddings",
    ),
}
