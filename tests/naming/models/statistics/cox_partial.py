"""Cox proportional hazards: negative partial log likelihood (Breslow, no ties), a small nonlinear
risk score, ridge on beta.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator

RIDGE = 0.1


def point(random: Generator) -> Any:
    parameters = {"beta": random.normal(size=3), "gamma": 0.7 * random.normal(size=2)}
    time = random.permutation(np.arange(1.0, 8.0)) + random.uniform(0, 0.5, size=7)
    event = np.ones(7)
    event[np.argsort(time)[[1, 4]]] = 0  # two censored
    return parameters, (random.normal(size=(7, 3)), random.normal(size=(7, 2)), time, event)


def loss(parameters: Any, X: Any, dose: Any, time: Any, event: Any) -> Any:
    saturated = torch.tanh(dose) @ parameters["gamma"]
    risk = X @ parameters["beta"] + saturated.square()
    order = torch.argsort(time, descending=True)
    risk, event = risk[order], event[order]
    at_risk = torch.logcumsumexp(risk, dim=0)
    partial = (risk - at_risk) * event
    ridge = RIDGE * (parameters["beta"] ** 2).sum()
    return -partial.sum() / event.sum() + ridge


def gradients(
    parameters: Any, X: Any, dose: Any, time: Any, event: Any, mistake: str | None = None
) -> Any:
    beta, gamma = parameters["beta"], parameters["gamma"]
    squashed = np.tanh(dose)
    s = squashed @ gamma
    eta = X @ beta + s**2
    h = np.exp(eta)
    n = len(time)

    # d(-log L)/d eta_k = -event_k + sum over the events j with k at risk of h_k / sum of h at risk
    d = np.zeros(n)
    for j in range(n):
        if not event[j] and mistake != "censored subjects as events":
            continue
        risk_set = time >= time[j]
        if mistake == "subject itself not at risk":
            risk_set = time > time[j]
        elif mistake == "risk set of those who went before":
            risk_set = time <= time[j]
        elif mistake == "everyone always at risk":
            risk_set = np.ones(n, bool)
        elif mistake == "censored never at risk":
            risk_set = risk_set & ((event == 1) | (np.arange(n) == j))
        d[j] -= 1
        if not risk_set.any():
            continue
        share = np.where(risk_set, h, 0) / h[risk_set].sum()
        if mistake == "risk set's gradient to the subject alone":
            d[j] += share[j]
        elif mistake == "hazards forgotten in the risk set's mean":
            d += risk_set / risk_set.sum()
        else:
            d += share
    d /= n if mistake == "divided by all subjects" else event.sum()

    dbeta = X.T @ d + 2 * RIDGE * beta
    if mistake == "two of the ridge forgotten":
        dbeta = X.T @ d + RIDGE * beta
    ds = d if mistake == "square of the dose's effect forgotten" else 2 * s * d
    return {"beta": dbeta, "gamma": squashed.T @ ds}


MISTAKES: dict[str, tuple[str, str]] = {
    "censored subjects as events": (
        "* event",
        "the censored subjects are counted as events: the factor event is missing",
    ),
    "subject itself not at risk": (
        "at_risk = torch.logcumsumexp",
        "the risk set lacks the subject itself: time > t for time >= t",
    ),
    "risk set of those who went before": (
        "descending=True",
        "the risk set is the wrong way round: those with earlier times instead of later ones",
    ),
    "everyone always at risk": (
        "at_risk = torch.logcumsumexp",
        "the risk set is everyone, at every time: the restriction to those still at risk is "
        "missing (sum for cumulative sum)",
    ),
    "censored never at risk": (
        "at_risk = torch.logcumsumexp",
        "the censored subjects are left out of the risk sets",
    ),
    "risk set's gradient to the subject alone": (
        "at_risk = torch.logcumsumexp",
        "the log sum's gradient goes to the event's own subject only; the others at risk get none",
    ),
    "hazards forgotten in the risk set's mean": (
        "at_risk = torch.logcumsumexp",
        "the softmax weights exp(risk) of the risk set are missing: an unweighted mean",
    ),
    "divided by all subjects": (
        "/ event.sum()",
        "it is divided by the number of subjects and not by the number of events",
    ),
    "two of the ridge forgotten": (
        "ridge = RIDGE",
        "the factor 2 of the square's derivative is missing in the ridge",
    ),
    "square of the dose's effect forgotten": (
        "saturated.square()",
        "the chain factor 2 s of the square is missing",
    ),
}
