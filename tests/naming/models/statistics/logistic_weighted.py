"""Logistic regression with a weight per sample, a weight of the positive class and a ridge
penalty.
"""

from typing import Any

import numpy as np
import torch.nn.functional as F
from numpy.random import Generator

POSITIVE, RIDGE = 2.5, 0.2


def point(random: Generator) -> Any:
    parameters = {"coef": random.normal(size=4), "intercept": random.normal(size=1)}
    features = random.normal(size=(7, 4))
    label = np.array([0, 1, 1, 0, 1, 0, 0.0])
    weight = random.uniform(0.3, 2.0, size=7)
    return parameters, (features, label, weight)


def loss(parameters: Any, features: Any, label: Any, weight: Any) -> Any:
    margin = features @ parameters["coef"] + parameters["intercept"]
    positive = POSITIVE * label * F.softplus(-margin)
    negative = (1 - label) * F.softplus(margin)
    nll = (weight * (positive + negative)).sum() / weight.sum()
    ridge = RIDGE * parameters["coef"].square().sum()
    return nll + ridge


def gradients(
    parameters: Any, features: Any, label: Any, weight: Any, mistake: str | None = None
) -> Any:
    coef, intercept = parameters["coef"], parameters["intercept"]
    margin = features @ coef + intercept
    p = 1 / (1 + np.exp(-margin))

    # softplus' = sigmoid; softplus(-m)' = -sigmoid(-m) = p - 1
    d_positive = POSITIVE * label * (p - 1)
    d_negative = (1 - label) * p
    if mistake == "weight of the positives forgotten":
        d_positive = label * (p - 1)
    elif mistake == "weight of the positives on both classes":
        d_negative = POSITIVE * d_negative
    elif mistake == "minus of the margin forgotten":
        d_positive = POSITIVE * label * (1 - p)
    elif mistake == "sigmoid of m in place of -m":
        d_positive = -POSITIVE * label * p
    d_margin = d_positive + d_negative

    if mistake == "divided by the number of samples":
        d_margin = weight * d_margin / len(weight)
    elif mistake == "sample weights forgotten":
        d_margin = d_margin / len(weight)
    elif mistake == "sample weights forgotten in the sum alone":
        d_margin = d_margin / weight.sum()
    else:
        d_margin = weight * d_margin / weight.sum()

    d_coef = features.T @ d_margin
    d_intercept = np.array([d_margin.sum()])
    if mistake == "two of the ridge forgotten":
        d_coef = d_coef + RIDGE * coef
    elif mistake == "ridge divided by the weights":
        d_coef = d_coef + 2 * RIDGE * coef / weight.sum()
    else:
        d_coef = d_coef + 2 * RIDGE * coef
    if mistake == "intercept penalised":
        d_intercept = d_intercept + 2 * RIDGE * intercept
    return {"coef": d_coef, "intercept": d_intercept}


MISTAKES: dict[str, tuple[str, str]] = {
    "weight of the positives forgotten": (
        "positive = POSITIVE",
        "the factor POSITIVE, 2.5, of the positive samples is missing",
    ),
    "weight of the positives on both classes": (
        "negative = (1 - label)",
        "the factor POSITIVE, 2.5, is also on the negative samples, where the loss has none",
    ),
    "minus of the margin forgotten": (
        "F.softplus(-margin)",
        "the chain factor -1 of -margin is missing: the positives' term has the wrong sign",
    ),
    "sigmoid of m in place of -m": (
        "F.softplus(-margin)",
        "softplus's derivative is taken at margin instead of -margin: p for 1 - p",
    ),
    "divided by the number of samples": (
        "/ weight.sum()",
        "it is divided by the number of samples instead of the sum of the weights",
    ),
    "sample weights forgotten": (
        "weight * (positive + negative)",
        "the sample weights are left out, in the sum and in the normalisation: a plain mean",
    ),
    "sample weights forgotten in the sum alone": (
        "weight * (positive + negative)",
        "the factor weight of each sample is missing, though it is divided by the weights' sum",
    ),
    "two of the ridge forgotten": (
        "ridge = RIDGE",
        "the factor 2 of the square's derivative is missing in the ridge penalty",
    ),
    "ridge divided by the weights": (
        "ridge = RIDGE",
        "the ridge penalty is divided by the sum of weights too; in the loss it stands outside",
    ),
    "intercept penalised": (
        "ridge = RIDGE",
        "the ridge penalty is applied to the intercept too; the loss penalises coef only",
    ),
}
