"""Bag of words: an embedding table, the mean over each text's words (padding left out), a tanh
layer, logistic loss.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator

PAD = 0


def point(random: Generator) -> Any:
    parameters = {
        "table": random.normal(size=(7, 4)),
        "A": random.normal(size=(3, 4)),
        "u": random.normal(size=3),
        "b": random.normal(size=1),
    }
    words = np.array(
        [
            [1, 2, 2, 5, 0, 0],
            [3, 6, 0, 0, 0, 0],
            [4, 1, 6, 6, 6, 2],
            [5, 2, 4, 0, 0, 0],
            [6, 3, 3, 1, 2, 0],
        ]
    )
    positive = np.array([1, 0, 0, 1, 1.0])
    return parameters, (random.permutation(words, axis=0), positive)


def loss(parameters: Any, words: Any, positive: Any) -> Any:
    vectors = F.embedding(words, parameters["table"])
    present = (words != PAD).to(vectors.dtype).unsqueeze(-1)
    length = present.sum(dim=1)
    mean = (vectors * present).sum(dim=1) / length
    hidden = torch.tanh(mean @ parameters["A"].T)
    logit = hidden @ parameters["u"] + parameters["b"]
    return F.binary_cross_entropy_with_logits(logit, positive)


def gradients(parameters: Any, words: Any, positive: Any, mistake: str | None = None) -> Any:
    E, A, u, b = parameters["table"], parameters["A"], parameters["u"], parameters["b"]
    dE, dA, du, db = (np.zeros_like(v) for v in (E, A, u, b))
    n = len(words)
    for text, y in zip(words, positive, strict=True):
        real = [w for w in text if w != PAD]
        if mistake == "padding counted as words":
            real = list(text)
        count = len(real)
        if mistake == "divided by the padded length":
            count = len(text)
        elif mistake == "sum for the mean of the words":
            count = 1
        mean = sum(E[w] for w in real) / count
        hidden = np.tanh(A @ mean)
        p = 1 / (1 + np.exp(-(u @ hidden + b[0])))

        dlogit = (p - y) / n
        if mistake == "target forgotten":
            dlogit = p / n
        elif mistake == "mean over the texts forgotten":
            dlogit = p - y
        du += dlogit * hidden
        db += dlogit
        da = dlogit * u * (1 - hidden**2)
        if mistake == "tanh of the mean's derivative at the wrong value":
            da = dlogit * u * (1 - (A @ mean) ** 2)
        dA += np.outer(da, mean)
        dmean = A.T @ da
        if mistake == "repeated words counted once":
            dE[real] += dmean / count  # numpy adds once per distinct index
        elif mistake == "rows set instead of added":
            for w in real:
                dE[w] = dmean / count
        elif mistake == "length forgotten on the way back":
            for w in real:
                dE[w] += dmean
        elif mistake == "gradient given to the row of padding":
            for w in text:
                dE[w] += dmean / count
        else:
            for w in real:
                dE[w] += dmean / count
    return {"table": dE, "A": dA, "u": du, "b": db}


MISTAKES: dict[str, tuple[str, str]] = {
    "padding counted as words": (
        "present = (words != PAD)",
        "the mask is forgotten: padding counts as words, in the sum and in the length",
    ),
    "divided by the padded length": (
        "length = present.sum",
        "the mean divides by the padded length 6 instead of the number of real words",
    ),
    "sum for the mean of the words": (
        "/ length",
        "the division by the number of words is missing: a sum of the embeddings for the mean",
    ),
    "target forgotten": (
        "F.binary_cross_entropy_with_logits",
        "the target is not subtracted: p for p - y",
    ),
    "mean over the texts forgotten": (
        "F.binary_cross_entropy_with_logits",
        "the 1/n of the mean over the texts is missing",
    ),
    "tanh of the mean's derivative at the wrong value": (
        "torch.tanh",
        "tanh's derivative is evaluated with its input for its output: 1 - a**2 for 1 - tanh(a)**2",
    ),
    "repeated words counted once": (
        "F.embedding",
        "a word that occurs twice in a text is counted once: dE[words] += does not accumulate "
        "repeated indices",
    ),
    "rows set instead of added": (
        "F.embedding",
        "in the loop the table's rows are set (=) and not accumulated (+=): only the last "
        "occurrence of a word counts",
    ),
    "length forgotten on the way back": (
        "/ length",
        "the factor 1/length is missing on the way back to the embeddings (the forward mean "
        "has it)",
    ),
    "gradient given to the row of padding": (
        "vectors * present",
        "the mask is missing on the way back: the row of the padding gets a gradient",
    ),
}
