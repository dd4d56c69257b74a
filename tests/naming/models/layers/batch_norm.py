"""A perceptron with batch normalisation (training mode) before ReLU, squared error summed over
outputs, mean over samples.
"""

from typing import Any

import numpy as np
import torch.nn.functional as F
from numpy.random import Generator


def point(random: Generator) -> Any:
    parameters = {
        "W1": random.normal(size=(3, 5)),
        "gamma": random.uniform(0.5, 1.5, size=5),
        "beta": 0.5 * random.normal(size=5),
        "W2": random.normal(size=(5, 2)),
        "b2": random.normal(size=2),
    }
    return parameters, (random.normal(size=(7, 3)), random.normal(size=(7, 2)))


def loss(parameters: Any, X: Any, Y: Any) -> Any:
    a = X @ parameters["W1"]
    normalised = F.batch_norm(
        a, None, None, parameters["gamma"], parameters["beta"], training=True, eps=1e-3
    )
    h = F.relu(normalised)
    prediction = h @ parameters["W2"] + parameters["b2"]
    residual = prediction - Y
    return (residual**2).sum(1).mean()


class BatchNorm:
    """Forward and backward by the chain of the computation graph: centre, square, mean, root,
    inverse, scale.
    """

    def __init__(self, gamma: Any, beta: Any, mistake: Any) -> None:
        self.gamma, self.beta, self.mistake = gamma, beta, mistake

    def forward(self, a: Any) -> Any:
        n = len(a)
        self.centred = a - a.sum(0) / n
        variance = (self.centred**2).sum(0) / (n - 1 if self.mistake == "unbiased variance" else n)
        self.root = np.sqrt(variance + 1e-3)
        self.inverse = 1 / self.root
        self.hat = self.centred * self.inverse
        return self.gamma * self.hat + self.beta

    def backward(self, dout: Any) -> Any:
        n, mistake = len(dout), self.mistake
        dbeta = dout.sum(0)
        dgamma = (
            dout * (self.centred if mistake == "gamma from the centred value" else self.hat)
        ).sum(0)
        dhat = dout if mistake == "gamma forgotten on the way back" else dout * self.gamma
        dinverse = (dhat * self.centred).sum(0)
        droot = -dinverse / self.root**2
        if mistake == "sign of the reciprocal's derivative":
            droot = dinverse / self.root**2
        dvariance = droot / (2 * self.root)
        if mistake == "half of the root's derivative forgotten":
            dvariance = droot / self.root
        dcentred = dhat * self.inverse
        if mistake != "path through the variance stopped":
            dcentred = dcentred + 2 * self.centred * dvariance / n
        if mistake == "path through the mean stopped":
            da = dcentred
        elif mistake == "path through the mean not divided by n":
            da = dcentred - dcentred.sum(0)
        else:
            da = dcentred - dcentred.sum(0) / n
        return da, dgamma, dbeta


def gradients(parameters: Any, X: Any, Y: Any, mistake: str | None = None) -> Any:
    layer = BatchNorm(parameters["gamma"], parameters["beta"], mistake)
    a = X @ parameters["W1"]
    out = layer.forward(a)
    h = np.maximum(out, 0)
    residual = h @ parameters["W2"] + parameters["b2"] - Y

    dprediction = 2 * residual / len(X)
    dW2, db2 = h.T @ dprediction, dprediction.sum(0)
    dout = dprediction @ parameters["W2"].T
    dout[(a if mistake == "ReLU's mask from before the normalisation" else out) <= 0] = 0
    da, dgamma, dbeta = layer.backward(dout)
    return {"W1": X.T @ da, "gamma": dgamma, "beta": dbeta, "W2": dW2, "b2": db2}


MISTAKES: dict[str, tuple[str, str]] = {
    "unbiased variance": (
        "F.batch_norm",
        "the batch variance is divided by n - 1; batch norm divides by n when training",
    ),
    "gamma from the centred value": (
        "F.batch_norm",
        "gamma's gradient uses the centred input, before the division by the standard "
        "deviation, for the normalised value",
    ),
    "gamma forgotten on the way back": (
        "F.batch_norm",
        "the factor gamma is missing on the way back to the input (W1)",
    ),
    "sign of the reciprocal's derivative": (
        "F.batch_norm",
        "the sign of the path through the variance is wrong: the minus of (1/s)' = -1/s**2 is "
        "missing",
    ),
    "half of the root's derivative forgotten": (
        "F.batch_norm",
        "the path through the variance is twice too large: the root's derivative is 1 / (2 "
        "sqrt), the 1/2 is missing",
    ),
    "path through the variance stopped": (
        "F.batch_norm",
        "the gradient through the batch variance is missing: treated as a constant",
    ),
    "path through the mean stopped": (
        "F.batch_norm",
        "the gradient through the batch mean is missing: treated as a constant",
    ),
    "path through the mean not divided by n": (
        "F.batch_norm",
        "in the path through the batch mean the division by the number of samples is missing",
    ),
    "ReLU's mask from before the normalisation": (
        "F.relu(normalised)",
        "ReLU's mask is taken at a, the value before the batch normalisation, for the "
        "normalised value",
    ),
}
