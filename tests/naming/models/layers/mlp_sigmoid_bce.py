"""A sigmoid network with several binary labels, one sample at a time, binary cross-entropy on
probabilities.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator


def sig(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def point(random: Generator) -> Any:
    theta = {
        "w_in": random.normal(size=(3, 5)),  # inputs x hidden
        "c_in": random.normal(size=5),
        "w_out": random.normal(size=(5, 2)),  # hidden x labels
        "c_out": random.normal(size=2),
    }
    x = random.normal(size=(4, 3))
    y = random.permutation([0, 1, 1, 0, 0, 1, 0, 1]).reshape(4, 2).astype(float)
    return theta, (x, y)


def loss(theta: Any, x: Any, y: Any) -> Any:
    hidden = torch.sigmoid(x @ theta["w_in"] + theta["c_in"])
    score = hidden @ theta["w_out"] + theta["c_out"]
    prob = torch.sigmoid(score)
    per_label = F.binary_cross_entropy(prob, y, reduction="none")
    per_sample = per_label.sum(dim=1)
    return per_sample.mean()


def gradients(theta: Any, x: Any, y: Any, mistake: str | None = None) -> Any:
    g = {name: np.zeros_like(value) for name, value in theta.items()}
    n, labels = y.shape
    for i in range(n):
        a = x[i] @ theta["w_in"] + theta["c_in"]
        hid = sig(a)
        s = hid @ theta["w_out"] + theta["c_out"]
        p = sig(s)

        # d loss_i / d score
        if mistake == "derivative of squared error":
            ds = (p - y[i]) * p * (1 - p)
        elif mistake == "sigmoid's derivative of the output skipped":
            ds = (p - y[i]) / (p * (1 - p))
        elif mistake == "term of the zeros missing":
            ds = -y[i] * (1 - p)
        elif mistake == "score for probability":
            ds = s - y[i]
        else:
            ds = p - y[i]
        if mistake == "mean over the labels":
            ds = ds / labels

        dhid = theta["w_out"] @ ds
        if mistake == "hidden sigmoid's derivative at its output":
            da = dhid * sig(hid) * (1 - sig(hid))
        elif mistake == "derivative of tanh in the hidden layer":
            da = dhid * (1 - hid**2)
        elif mistake == "only one factor of the hidden sigmoid's derivative":
            da = dhid * (1 - hid)
        else:
            da = dhid * hid * (1 - hid)

        g["w_out"] += np.outer(hid, ds)
        g["c_out"] += ds
        g["w_in"] += np.outer(x[i], da)
        if mistake == "bias of the last sample only":
            g["c_in"] = da
        else:
            g["c_in"] += da
    return {name: value / n for name, value in g.items()}


MISTAKES: dict[str, tuple[str, str]] = {
    "derivative of squared error": (
        "F.binary_cross_entropy",
        "p - y times the sigmoid's derivative is the gradient of half the squared error, not "
        "of the cross-entropy",
    ),
    "sigmoid's derivative of the output skipped": (
        "prob = torch.sigmoid(score)",
        "the output sigmoid's derivative p (1 - p) is missing: the gradient stops at the "
        "probability",
    ),
    "term of the zeros missing": (
        "F.binary_cross_entropy",
        "the term (1 - y) log(1 - p) of the cross-entropy is not differentiated; only y log p is",
    ),
    "score for probability": (
        "prob = torch.sigmoid(score)",
        "the score before the sigmoid is used where the probability is due: score - y for p - y",
    ),
    "mean over the labels": (
        "per_label.sum(dim=1)",
        "the labels are summed, not averaged: a factor 1/2, one over the number of labels, "
        "too much",
    ),
    "hidden sigmoid's derivative at its output": (
        "hidden = torch.sigmoid",
        "the hidden sigmoid's derivative is taken at its output: the sigmoid is applied twice",
    ),
    "derivative of tanh in the hidden layer": (
        "hidden = torch.sigmoid",
        "1 - h**2 is tanh's derivative, the hidden layer has the sigmoid: h (1 - h)",
    ),
    "only one factor of the hidden sigmoid's derivative": (
        "hidden = torch.sigmoid",
        "the factor h of the sigmoid's derivative h (1 - h) is missing",
    ),
    "bias of the last sample only": (
        '+ theta["c_in"]',
        "in the loop over samples c_in's gradient is set (=) and not accumulated (+=): only "
        "the last sample counts",
    ),
}
