"""Steps that are wrong at several places of a line, or of lines that follow each other."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import Report, check_gradients
from autograd_ref.reference.torch_loss import differentiate

A = NDArray[Any]
RANDOM = np.random.default_rng(6)
POINT = {"W": RANDOM.normal(size=(3, 4)), "scale": np.array([0.7, 1.3, 0.6, 1.1])}
X = RANDOM.normal(size=(5, 3))


def report_of(right: Any, wrong: Any) -> Report:
    def gradients(p: Any, x: A) -> dict[str, A]:
        return {str(path[0]): np.asarray(g) for path, g in differentiate(wrong, p, (x,))[1].items()}

    report = check_gradients(gradients, POINT, X, loss=right)
    assert report.verdict == "mismatch"
    return report


def staged(seen: Any) -> Any:
    def loss(p: Any, x: Any) -> Any:
        h = torch.tanh(x @ p["W"]) * p["scale"]
        one = torch.sin(h)
        two = torch.cos(seen(h))
        three = torch.exp(seen(h))
        four = one * h
        return (two * three + four).sum() + (two * one).sum()

    return loss


@pytest.mark.untraced
def test_a_value_that_is_not_followed_in_lines_after_each_other_is_named() -> None:
    report = report_of(staged(lambda h: h), staged(lambda h: h.detach()))
    (cause,) = report.causes
    assert cause.kind == "a path not followed"
    assert "torch.cos(seen(h))" in cause.explanation
    assert "torch.exp(seen(h))" in str(cause) or "alike in line" in cause.explanation


def weighted(twice: Any) -> Any:
    def loss(p: Any, x: Any) -> Any:
        h = torch.tanh(x @ p["W"]) * p["scale"]
        a, b, c, d = h, torch.sin(h), torch.cos(h), torch.exp(h)
        total = 3 * (a + twice(b) + twice(c) + 3 * d)
        return (total**2).sum()

    return loss


@pytest.mark.untraced
def test_one_number_that_is_forgotten_wherever_it_stands_in_a_line_is_named() -> None:
    def once_back(x: Any) -> Any:
        return x + x.detach()

    def right(p: Any, x: Any) -> Any:
        h = torch.tanh(x @ p["W"]) * p["scale"]
        a, b, c, d = h, torch.sin(h), torch.cos(h), torch.exp(h)
        total = 3 * (a + 2 * b + 2 * c + 3 * d)
        return (total**2).sum()

    (cause,) = report_of(right, weighted(once_back)).causes
    assert "`2 * b`" in cause.explanation
    assert "alike in `2 * c`" in cause.explanation
    assert "the factor 2 is left out" in cause.explanation or "factor 2" in cause.explanation


def test_a_division_by_a_square_that_is_too_many_is_named() -> None:
    def scaled(p: Any, x: Any) -> Any:
        z = (x @ p["W"]) / p["scale"]
        return torch.sin(z).sum()

    def gradients(p: Any, x: A) -> dict[str, A]:
        z = (x @ p["W"]) / p["scale"]
        dscale = -(np.cos(z) * z).sum(0) / p["scale"]
        return {"W": x.T @ np.cos(z) / p["scale"] ** 3, "scale": dscale}

    (cause,) = check_gradients(gradients, POINT, X, loss=scaled).causes
    assert cause.kind == "a square missing"
    assert "is divided by scale**2 once too often" in cause.explanation
