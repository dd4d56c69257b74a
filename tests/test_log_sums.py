"""Wrong terms in the sums of a backward pass over a chain are named, and no other wrong sums."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients

A = NDArray[np.float64]
RANDOM = np.random.default_rng(3)
POINT = {"E": RANDOM.normal(size=(6, 3)), "A": RANDOM.normal(size=(3, 3))}


def loss(p: Any) -> Any:
    """The logarithm of the sum over all paths."""
    a = p["E"][0]
    for t in range(1, len(p["E"])):
        a = torch.logsumexp(a[:, None] + p["A"] + p["E"][t], 0)
    return torch.logsumexp(a, 0)


def lse(x: A, axis: int) -> A:
    return np.log(np.exp(x).sum(axis, keepdims=True))


def gradients(p: dict[str, A], mistake: str = "", *, normalised: bool = False) -> dict[str, A]:
    """Counts by forward and backward sums."""
    E, T, steps = p["E"], p["A"], len(p["E"])
    alpha, beta = np.zeros_like(E), np.zeros_like(E)
    alpha[0] = E[0]
    for t in range(1, steps):
        alpha[t] = lse(alpha[t - 1][:, None] + T, 0)[0] + E[t]
    for t in range(steps - 2, -1, -1):
        term = {"left out": 0 * E[t], "before": E[t], "halved": E[t + 1] / 2}.get(mistake, E[t + 1])
        beta[t] = lse((T.T if mistake == "transposed" else T) + term + beta[t + 1], 1)[:, 0]
    nodes, pairs = np.exp(alpha + beta - lse(alpha[-1], 0)), np.zeros_like(T)
    for t in range(1, steps):
        pair = np.exp(alpha[t - 1][:, None] + T + E[t] + beta[t] - lse(alpha[-1], 0))
        pairs += pair / pair.sum() if normalised else pair
    return {"E": nodes / nodes.sum(1, keepdims=True) if normalised else nodes, "A": pairs}


def test_the_sums_without_a_mistake_are_right() -> None:
    for normalised in (False, True):
        report = check_gradients(partial(gradients, normalised=normalised), POINT, loss=loss)
        assert report.verdict == "match"


SAID = {
    "left out": "is left out",
    "before": "is that of the turn before",
    "transposed": "A is transposed",
}


@pytest.mark.untraced
@pytest.mark.parametrize("mistake", SAID)
@pytest.mark.parametrize("normalised", [False, True])
def test_a_wrong_term_on_the_way_back_is_named(mistake: str, *, normalised: bool) -> None:
    wrong = partial(gradients, mistake=mistake, normalised=normalised)
    report = check_gradients(wrong, POINT, loss=loss)
    [cause] = report.causes
    said = cause.explanation
    assert f"{SAID[mistake]} in the sums of the way back to a" in said
    assert said.endswith("which are normalised.") == normalised


def test_another_term_is_none_of_them() -> None:
    report = check_gradients(lambda p: gradients(p, "halved"), POINT, loss=loss)
    assert report.verdict == "mismatch"
    assert not report.causes
