"""Single-head self-attention with a causal mask over one sequence, a read-out of each position,
mean cross-entropy of the next symbol.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def point(random: Generator) -> Any:
    T, d, dk, dv, classes = 5, 4, 3, 2, 6
    parameters = {
        "Wq": random.normal(size=(d, dk)),
        "Wk": random.normal(size=(d, dk)),
        "Wv": random.normal(size=(d, dv)),
        "Wo": random.normal(size=(dv, classes)),
    }
    return parameters, (random.normal(size=(T, d)), random.integers(0, classes, size=T))


def loss(parameters: Any, X: Any, t: Any) -> Any:
    q = X @ parameters["Wq"]
    k = X @ parameters["Wk"]
    v = X @ parameters["Wv"]
    scores = q @ k.T / math.sqrt(q.shape[-1])
    mask = torch.ones_like(scores).triu(1).bool()
    attn = torch.softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
    context = attn @ v
    logits = context @ parameters["Wo"]
    return torch.nn.functional.cross_entropy(logits, t)


def softmax(s: Any) -> Any:
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gradients(parameters: Any, X: Any, t: Any, mistake: str | None = None) -> Any:
    Wq, Wk, Wv, Wo = (parameters[w] for w in ("Wq", "Wk", "Wv", "Wo"))
    T, dk = len(X), Wq.shape[1]
    q, k, v = X @ Wq, X @ Wk, X @ Wv
    c = dk if mistake == "root of the dimension forgotten" else np.sqrt(dk)
    s = q @ k.T / c
    causal = np.tril(np.ones((T, T), bool))
    if mistake == "mask forgotten":
        A = softmax(s)
    elif mistake == "mask after the softmax":
        A = softmax(s) * causal
    else:
        A = softmax(np.where(causal, s, -np.inf))
    logits = A @ v @ Wo
    dlogits = (softmax(logits) - np.eye(Wo.shape[1])[t]) / T

    dWo = (
        np.einsum("ij,ia,jb->ab", A, v, dlogits)
        if mistake == "attention transposed for Wo"
        else (A @ v).T @ dlogits
    )
    dcontext = dlogits @ Wo.T
    dv = A @ dcontext if mistake == "attention not transposed for v" else A.T @ dcontext
    dA = dcontext @ v.T

    # softmax, row by row
    if mistake == "softmax's off-diagonal terms missing":
        ds = A * (1 - A) * dA
    elif mistake == "softmax's sum over the queries":
        ds = A * (dA - (dA * A).sum(0, keepdims=True))
    elif mistake == "softmax's sum without A":
        ds = A * (dA - (dA * causal).sum(-1, keepdims=True))
    else:
        ds = A * (dA - (dA * A).sum(-1, keepdims=True))
    if mistake != "scale forgotten on the way back":
        ds = ds / c
    dq = ds @ k
    dk_ = ds @ q if mistake == "scores not transposed for k" else ds.T @ q
    return {"Wq": X.T @ dq, "Wk": X.T @ dk_, "Wv": X.T @ dv, "Wo": dWo}


MISTAKES: dict[str, tuple[str, str]] = {
    "root of the dimension forgotten": (
        "scores = q @ k.T",
        "the scores are divided by the dimension itself and not by its square root",
    ),
    "mask forgotten": (
        "masked_fill",
        "the causal mask is missing: every position attends to later ones",
    ),
    "mask after the softmax": (
        "masked_fill",
        "the mask is applied after the softmax, so that the rows are not normalised over the "
        "positions allowed",
    ),
    "attention transposed for Wo": (
        "context = attn @ v",
        "Wo's gradient uses the transposed attention matrix: attn.T @ v for attn @ v",
    ),
    "attention not transposed for v": (
        "context = attn @ v",
        "the attention matrix is not transposed on the way back to v",
    ),
    "softmax's off-diagonal terms missing": (
        "torch.softmax",
        "only the diagonal of the softmax's Jacobian, A (1 - A), is used: the off-diagonal "
        "terms are missing",
    ),
    "softmax's sum over the queries": (
        "torch.softmax",
        "the sum in the softmax's derivative is over the wrong axis: queries, not keys",
    ),
    "softmax's sum without A": (
        "torch.softmax",
        "the factor A is missing in the sum of the softmax's derivative: sum dA for sum dA A",
    ),
    "scale forgotten on the way back": (
        "scores = q @ k.T",
        "the chain factor 1/sqrt(d) of the scores is missing in the gradients of q and k",
    ),
    "scores not transposed for k": (
        "scores = q @ k.T",
        "the scores' gradient is not transposed on the way back to k",
    ),
}
