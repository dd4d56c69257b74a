"""A linear-chain conditional random field: emissions from features, transitions, start scores; log
partition by the forward algorithm.
"""

from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def point(random: Generator) -> Any:
    T, D, S = 5, 3, 4
    parameters = {
        "W": random.normal(size=(D, S)),
        "trans": random.normal(size=(S, S)),
        "start": random.normal(size=S),
    }
    tags = np.append(random.permutation(S), random.integers(S))  # every tag once, one twice
    return parameters, (random.normal(size=(T, D)), tags)


def loss(parameters: Any, features: Any, tags: Any) -> Any:
    emission = features @ parameters["W"]
    trans = parameters["trans"]  # trans[i, j]: from i to j
    gold = parameters["start"][tags[0]] + emission[0, tags[0]]
    alpha = parameters["start"] + emission[0]
    for t in range(1, len(tags)):
        gold = gold + trans[tags[t - 1], tags[t]] + emission[t, tags[t]]
        alpha = torch.logsumexp(alpha[:, None] + trans, dim=0) + emission[t]
    log_partition = torch.logsumexp(alpha, dim=0)
    return log_partition - gold


def lse(a: Any, axis: Any) -> Any:
    top = a.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(a - top).sum(axis=axis))


def gradients(parameters: Any, features: Any, tags: Any, mistake: str | None = None) -> Any:
    """Expected minus observed counts, by forward and backward messages."""
    W, A, start = parameters["W"], parameters["trans"], parameters["start"]
    E = features @ W
    T, S = E.shape
    alpha, beta = np.zeros((T, S)), np.zeros((T, S))
    alpha[0] = E[0] if mistake == "start scores not in the forward pass" else start + E[0]
    for t in range(1, T):
        if mistake == "transitions transposed in the forward pass":
            alpha[t] = lse(alpha[t - 1][:, None] + A.T, 0) + E[t]
        else:
            alpha[t] = lse(alpha[t - 1][:, None] + A, 0) + E[t]
    for t in range(T - 2, -1, -1):
        if mistake == "emission missing in the backward pass":
            beta[t] = lse(A + beta[t + 1], 1)
        elif mistake == "emission of the wrong time in the backward pass":
            beta[t] = lse(A + E[t] + beta[t + 1], 1)
        else:
            beta[t] = lse(A + E[t + 1] + beta[t + 1], 1)

    node = alpha if mistake == "filtering for smoothing" else alpha + beta
    node = np.exp(node - lse(node, 1)[:, None])
    dE = node.copy()
    dA = np.zeros((S, S))
    for t in range(1, T):
        joint = alpha[t - 1][:, None] + A + E[t] + beta[t]
        if mistake == "independent neighbours":
            pair = np.outer(node[t - 1], node[t])
        else:
            pair = np.exp(joint - joint.max())
            pair /= pair.sum()
        dA = pair if mistake == "pairs set instead of added" else dA + pair
    dstart = node[0].copy()

    for t in range(T):
        dE[t, tags[t]] -= 1
        if t > 0 and mistake == "gold transitions backwards":
            dA[tags[t], tags[t - 1]] -= 1
        elif t > 0 and mistake != "gold transitions missing":
            dA[tags[t - 1], tags[t]] -= 1
    if mistake != "gold start missing":
        dstart[tags[0]] -= 1
    return {"W": features.T @ dE, "trans": dA, "start": dstart}


MISTAKES: dict[str, tuple[str, str]] = {
    "start scores not in the forward pass": (
        'alpha = parameters["start"]',
        "the start scores are missing in the forward recursion",
    ),
    "transitions transposed in the forward pass": (
        "alpha = torch.logsumexp",
        "the transition matrix is transposed in the forward recursion",
    ),
    "emission missing in the backward pass": (
        "alpha = torch.logsumexp",
        "the emission of the next step is missing in the backward messages",
    ),
    "emission of the wrong time in the backward pass": (
        "alpha = torch.logsumexp",
        "the backward messages use emission[t] for emission[t + 1]: off by one in time",
    ),
    "filtering for smoothing": (
        "alpha = torch.logsumexp",
        "the marginals use the forward messages only: what later steps say (beta) is missing",
    ),
    "independent neighbours": (
        "alpha[:, None] + trans",
        "the pair marginals are products of the single marginals; trans's coupling is missing "
        "in them",
    ),
    "pairs set instead of added": (
        "alpha[:, None] + trans",
        "in the loop the expected transitions are set (=) and not accumulated (+=): only the "
        "last step's are left",
    ),
    "gold transitions backwards": (
        "trans[tags[t - 1], tags[t]]",
        "the observed transitions are subtracted at [to, from] instead of [from, to]: transposed",
    ),
    "gold transitions missing": (
        "trans[tags[t - 1], tags[t]]",
        "the observed transitions are not subtracted",
    ),
    "gold start missing": (
        'gold = parameters["start"][tags[0]]',
        "the observed start tag is not subtracted from start's gradient",
    ),
}
