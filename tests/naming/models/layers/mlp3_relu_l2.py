"""A three-layer ReLU regression network, samples in columns, mean squared error plus weight decay
on the matrices.
"""

from typing import Any

import numpy as np
import torch.nn.functional as F
from numpy.random import Generator

DECAY = 0.3


def point(random: Generator) -> Any:
    sizes = [3, 5, 5, 2]
    params = {}
    for layer in (1, 2, 3):
        params[f"W{layer}"] = random.normal(size=(sizes[layer], sizes[layer - 1]))
        params[f"b{layer}"] = random.normal(size=(sizes[layer], 1))
    return params, (random.normal(size=(3, 7)), random.normal(size=(2, 7)))


def loss(params: Any, X: Any, Y: Any) -> Any:
    A1 = F.relu(params["W1"] @ X + params["b1"])
    A2 = F.relu(params["W2"] @ A1 + params["b2"])
    prediction = params["W3"] @ A2 + params["b3"]
    data_term = ((prediction - Y) ** 2).mean()
    squares = sum((params[f"W{layer}"] ** 2).sum() for layer in (1, 2, 3))
    penalty = DECAY / 2 * squares
    return data_term + penalty


def gradients(params: Any, X: Any, Y: Any, mistake: str | None = None) -> Any:
    # forward pass, keep everything
    A, Z = {0: X}, {}
    for k in (1, 2, 3):
        Z[k] = params[f"W{k}"] @ A[k - 1] + params[f"b{k}"]
        A[k] = np.maximum(Z[k], 0) if k < 3 else Z[k]

    # backward pass, last layer first
    k, m = Y.shape
    dZ = 2 * (A[3] - Y) / (k * m)
    if mistake == "two of the square forgotten":
        dZ = (A[3] - Y) / (k * m)
    elif mistake == "mean over the samples only":
        dZ = 2 * (A[3] - Y) / m
    grads = {}
    for k in (3, 2, 1):
        grads[f"W{k}"] = dZ @ A[k - 1].T
        grads[f"b{k}"] = dZ.sum(axis=1, keepdims=True)
        if mistake == "biases averaged":
            grads[f"b{k}"] = dZ.mean(axis=1, keepdims=True)
        if k > 1:
            if mistake == "W2 not transposed" and k == 2:
                dA = params["W2"] @ dZ
            else:
                dA = params[f"W{k}"].T @ dZ
            on = Z[k - 1] > 0
            if mistake == "ReLU forgotten in the first layer" and k == 2:
                on = np.ones_like(Z[1])
            elif mistake == "ReLU's mask from the gradient":
                on = dA > 0
            elif mistake == "ReLU's mask of the layer above" and k == 2:
                on = Z[2] > 0
            dZ = dA * on

    # weight decay
    for k in (1, 2, 3):
        if mistake == "decay missing on W2" and k == 2:
            continue
        factor = 2 * DECAY if mistake == "half of the penalty forgotten" else DECAY
        grads[f"W{k}"] = grads[f"W{k}"] + factor * params[f"W{k}"]
        if mistake == "decay on the biases too":
            grads[f"b{k}"] = grads[f"b{k}"] + factor * params[f"b{k}"]
    return grads


MISTAKES: dict[str, tuple[str, str]] = {
    "two of the square forgotten": (
        "((prediction - Y) ** 2).mean()",
        "the factor 2 of the square's derivative is missing in the data term",
    ),
    "mean over the samples only": (
        "((prediction - Y) ** 2).mean()",
        "the mean is over all entries, 2 outputs times 7 samples; only the 7 samples are "
        "divided by: the data term is 2 times too large",
    ),
    "biases averaged": (
        '+ params["b',
        "the biases' gradients are a mean over the samples where a sum is due (the mean's 1/n "
        "is in dZ already)",
    ),
    "W2 not transposed": (
        'params["W2"] @ A1',
        "W2 is not transposed on the way back to A1",
    ),
    "ReLU forgotten in the first layer": (
        'F.relu(params["W1"]',
        "ReLU's derivative, the mask of positive inputs, is missing in the first layer",
    ),
    "ReLU's mask from the gradient": (
        "F.relu(",
        "ReLU's mask is taken where the incoming gradient is positive, instead of where its "
        "input Z is (both layers)",
    ),
    "ReLU's mask of the layer above": (
        'F.relu(params["W1"]',
        "the first ReLU's derivative uses the mask of Z2, the second layer's input, for Z1's",
    ),
    "decay missing on W2": (
        "squares = sum",
        "the penalty's term of W2 is missing",
    ),
    "half of the penalty forgotten": (
        "penalty = DECAY / 2",
        "the penalty's gradient is DECAY W; the 1/2 is not cancelled: 2 DECAY W",
    ),
    "decay on the biases too": (
        "squares = sum",
        "the biases are decayed too, but the penalty only holds the matrices",
    ),
}
