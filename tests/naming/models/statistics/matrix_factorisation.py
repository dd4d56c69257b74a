"""Matrix factorisation with user and item biases on observed ratings only, squared error plus
ridge per observed rating.
"""

from typing import Any

import numpy as np
from numpy.random import Generator

LAMBDA = 0.15


def point(random: Generator) -> Any:
    users, items, rank = 5, 4, 3
    model = {
        "P": random.normal(size=(users, rank)),
        "Q": random.normal(size=(items, rank)),
        "bu": random.normal(size=users),
        "bi": random.normal(size=items),
        "level": np.array(random.normal()),
    }
    pairs = random.permutation(users * items)[:13]
    # every user and item has one rating at least
    pairs = np.unique(np.concatenate([pairs, np.arange(users) * items + np.arange(users) % items]))
    u, i = pairs // items, pairs % items
    return model, (u, i, random.uniform(1, 5, size=len(u)))


def loss(model: Any, u: Any, i: Any, rating: Any) -> Any:
    p, q = model["P"][u], model["Q"][i]
    user_bias, item_bias = model["bu"][u], model["bi"][i]
    interaction = (p * q).sum(1)
    predicted = model["level"] + user_bias + item_bias + interaction
    squared = (rating - predicted) ** 2
    factor_ridge = LAMBDA * (p.square().sum(1) + q.square().sum(1))
    bias_ridge = LAMBDA * (user_bias**2 + item_bias**2)
    return (squared + factor_ridge + bias_ridge).mean()


def gradients(model: Any, u: Any, i: Any, rating: Any, mistake: str | None = None) -> Any:
    P, Q, bu, bi = model["P"], model["Q"], model["bu"], model["bi"]
    n = len(rating)
    g = {name: np.zeros_like(value) for name, value in model.items()}
    for a, b, r in zip(u, i, rating, strict=True):
        predicted = model["level"] + bu[a] + bi[b] + P[a] @ Q[b]
        if mistake == "level not in the prediction":
            predicted = predicted - model["level"]
        error = r - predicted
        if mistake == "sign of the error":
            error = -error
        d = -error if mistake == "two of the square forgotten" else -2 * error

        ridge_p, ridge_q = 2 * LAMBDA * P[a], 2 * LAMBDA * Q[b]
        if mistake == "ridge on Q missing":
            ridge_q = 0
        elif mistake == "two of the factors' ridge forgotten":
            ridge_p, ridge_q = LAMBDA * P[a], LAMBDA * Q[b]
        if mistake == "P's own factor":
            g["P"][a] += d * P[a] + ridge_p
        else:
            g["P"][a] += d * Q[b] + ridge_p
        if mistake == "Q set by the last rating":
            g["Q"][b] = d * P[a] + ridge_q
        else:
            g["Q"][b] += d * P[a] + ridge_q
        bias_ridge = 0 if mistake == "ridge on the biases missing" else 2 * LAMBDA
        g["bu"][a] += d + bias_ridge * bu[a]
        g["bi"][b] += d + bias_ridge * bi[b]
        g["level"] += d
    if mistake == "ridge once per user":
        g["P"] += 2 * LAMBDA * P * (1 - np.bincount(u, minlength=len(P))[:, None])
    if mistake == "mean over all cells":
        n = len(P) * len(Q)
    return {name: value / n for name, value in g.items()}


MISTAKES: dict[str, tuple[str, str]] = {
    "level not in the prediction": (
        'predicted = model["level"]',
        "the term level is missing in the prediction",
    ),
    "sign of the error": (
        "squared = (rating - predicted)",
        "the data term's sign is wrong: rating - predicted exchanged for predicted - rating",
    ),
    "two of the square forgotten": (
        "squared = (rating - predicted)",
        "the factor 2 of the squared error's derivative is missing (the ridge has its own)",
    ),
    "ridge on Q missing": (
        "factor_ridge = ",
        "the ridge's term of Q is missing",
    ),
    "two of the factors' ridge forgotten": (
        "factor_ridge = ",
        "the factor 2 of the square's derivative is missing in the ridge of P and Q",
    ),
    "P's own factor": (
        "interaction = (p * q)",
        "P's gradient is multiplied by P itself, not by the other factor, Q",
    ),
    "Q set by the last rating": (
        'model["Q"][i]',
        "in the loop over ratings Q's row is set (=) and not accumulated (+=): only the "
        "item's last rating counts",
    ),
    "ridge on the biases missing": (
        "bias_ridge = ",
        "the biases' ridge is missing",
    ),
    "ridge once per user": (
        "factor_ridge = ",
        "P's ridge is counted once per user and not once per observed rating",
    ),
    "mean over all cells": (
        ".mean()",
        "it is divided by the number of all cells, users times items, and not of the observed "
        "ratings",
    ),
}
