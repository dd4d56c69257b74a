"""Above 300 parameters of a NumPy loss, what is linear in the gradient is named all the same."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report.report import Report

A = NDArray[Any]
X, W = (
    np.random.default_rng(1).normal(size=(30, 20)),
    np.random.default_rng(2).normal(size=(20, 25)),
)


def loss(W: A) -> float:
    return float(np.log(np.cosh(X @ W)).sum() / len(X))


def gradient(W: A) -> A:
    return X.T @ np.tanh(X @ W) / len(X)


def kinds(report: Report) -> list[str]:
    return [cause.kind for cause in report.causes]


NAMED: dict[str, tuple[Any, str, str]] = {
    "twice": (lambda W: 2 * gradient(W), "twice", "by a factor 2"),
    "the sign": (lambda W: -gradient(W), "sign flipped", "except for the sign"),
    "1.5": (lambda W: 1.5 * gradient(W), "a constant factor", "a factor 1.5"),
    "1.0001": (lambda W: 1.0001 * gradient(W), "a constant factor", "1 + 0.0001"),
    "-rate g": (lambda W: -0.01 * gradient(W), "a step", "-0.01 times"),
    "W - rate g": (lambda W: W - 0.01 * gradient(W), "updated parameters", "minus 0.01"),
    "weight decay": (lambda W: gradient(W) + 0.1 * W, "weight decay", "0.1 times the parameter"),
    "the parameter": (lambda W: W, "the parameter itself", "not its gradient"),
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", NAMED)
def test_what_shows_along_any_direction_is_named(case: str) -> None:
    wrong, kind, said = NAMED[case]
    report = check_gradients(wrong, W, loss=loss)
    assert report.verdict == "mismatch"
    assert kinds(report) == [kind]
    assert said in report.causes[0].explanation
    assert report.causes[0].residual < 1e-9
    assert not report.pattern


def test_it_is_named_in_float32_as_well() -> None:
    report = check_gradients(lambda W: np.float32(1.5) * gradient(W), W.astype("f4"), loss=loss)
    assert kinds(report) == []  # of another dtype: nothing is compared
    report = check_gradients(
        lambda W: (1.5 * gradient(W.astype("f8"))).astype("f4"), W.astype("f4"), loss=loss
    )
    assert kinds(report) == ["a constant factor"]


@pytest.mark.parametrize(
    "factors", [np.arange(25.0), np.where(np.arange(25) == 3, 1.1, 1.0), 1 + X[0, 0] * W]
)
def test_what_shows_entry_by_entry_alone_needs_all_of_them_and_that_is_said(factors: A) -> None:
    report = check_gradients(lambda W: gradient(W) * factors, W, loss=loss)
    assert report.verdict == "mismatch"
    assert kinds(report) == []
    assert "thorough=True" in report.pattern[0].text


def both(p: dict[str, A]) -> float:
    return loss(p["W"]) + float((p["b"] ** 2).sum())


@pytest.mark.parametrize(("of_b", "expected"), [(1.5, ["a constant factor"]), (1.25, [])])
def test_all_wrong_blocks_have_to_show_the_same(of_b: float, expected: list[str]) -> None:
    report = check_gradients(
        lambda p: {"W": 1.5 * gradient(p["W"]), "b": of_b * 2 * p["b"]},
        {"W": W, "b": np.arange(1.0, 5.0)},
        loss=both,
    )
    assert kinds(report) == expected
    assert all(cause.blocks == ("W", "b") for cause in report.causes)


def test_a_gradient_that_cannot_be_compared_needs_no_other_cause() -> None:
    report = check_gradients(lambda W: gradient(W)[:, :3], W, loss=loss)
    assert report.verdict == "mismatch"
    assert (report.causes, report.pattern) == ((), ())
