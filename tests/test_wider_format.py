"""A gradient that is right in float64 and lost in its own format: the format is the cause."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report.report import Report

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
W, X = 30 * RANDOM.normal(size=(3, 3)), 3 * RANDOM.normal(size=(10, 3))
T = np.eye(3)[RANDOM.integers(0, 3, 10)]
NARROW = tuple(array.astype(np.float32) for array in (W, X, T))
V = np.array([3.0, 8.0, 12.0], np.float32)


def cross_entropy(W: Any, X: Any, T: Any) -> Any:
    return -(T * torch.log_softmax(X @ W.T, 1)).sum(1).mean()


def shifted_by_the_maximum_of_all(W: A, X: A, T: A) -> A:
    z = X @ W.T
    p = np.exp(z - z.max())
    with np.errstate(invalid="ignore"):
        p /= p.sum(1, keepdims=True)
    return ((p - T).T @ X / len(X)).astype(X.dtype)


def quartic_root(w: Any) -> Any:
    return (w**4).sum() ** 0.25


def by_large_powers(w: A) -> A:
    """w^3 s^-3 by w^12 and s^12, which are beyond float32 for s = 3e3."""
    with np.errstate(over="ignore", invalid="ignore"):
        s = (w**4).sum() ** w.dtype.type(0.25)
        return w**3 * s**9 / s**12


def underflowing(w: A) -> A:
    with np.errstate(divide="ignore", invalid="ignore"):
        small = w * w.dtype.type(1e-30)
        return 2 * w * small**2 / small**2


def causes(report: Report) -> list[str]:
    return [cause.kind for cause in report.causes]


CASES: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "softmax, the maximum of the whole matrix": (
        shifted_by_the_maximum_of_all,
        NARROW,
        cross_entropy,
    ),
    "powers that overflow": (by_large_powers, (V * 1000,), quartic_root),
    "0/0 after an underflow": (underflowing, (V,), lambda w: (w**2).sum()),
    "in PyTorch": (
        lambda *given: torch.from_numpy(
            shifted_by_the_maximum_of_all(*(tensor.numpy() for tensor in given))
        ),
        tuple(torch.from_numpy(array) for array in NARROW),
        cross_entropy,
    ),
    "in float16": (
        lambda w: w * (w * 100) ** 2 / (w * 100) ** 2 * 2,
        (np.array([3.0, 5.0], np.float16),),
        lambda w: (w**2).sum(),
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", CASES)
def test_the_format_is_named_where_float64_is_right(case: str) -> None:
    gradients, arguments, loss = CASES[case]
    report = check_gradients(gradients, *arguments, loss=loss)
    assert report.verdict == "mismatch"
    assert "nan" in report.blocks[0].reason
    assert causes(report) == ["the number format"], report
    assert "right when called in float64" in report.causes[0].explanation
    assert "maximum of each row" in report.causes[0].fix


@pytest.mark.untraced
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", CASES)
def test_a_derivation_that_is_wrong_in_float64_as_well_is_not_excused(case: str) -> None:
    gradients, arguments, loss = CASES[case]
    report = check_gradients(lambda *given: 2 * gradients(*given), *arguments, loss=loss)
    assert report.verdict == "mismatch"
    assert causes(report) == []


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("size", "verdict"),
    [(1e3, "match"), (1e6, "inconclusive"), (1e7, "mismatch")],
)
def test_digits_lost_in_the_format_alone_are_its_own(size: float, verdict: str) -> None:
    """Five digits are left of w**2 in float32; then less than half of them; then one or none."""

    def cancelling(w: A) -> A:
        large = w.dtype.type(size)
        return 3 * ((w**2 + large) - large)

    report = check_gradients(cancelling, V / 7, loss=lambda w: (w**3).sum())
    assert report.verdict == verdict, report
    if verdict == "match":
        assert [note.kind for note in report.warnings] == ["digits lost"]
    elif verdict == "inconclusive":
        assert "in float32 more than half of its digits are lost" in report.blocks[0].reason
    else:
        assert causes(report)[0] in ("the number format", "in lower precision")


def test_what_is_lost_and_stays_finite_is_named_with_another_fix() -> None:
    """1 + 2^-30 is 1 in float32."""

    def gradients(w: A, labels: A) -> A:
        one = (w.dtype.type(1 + 2.0**-30) - 1) * 2**30
        part = np.cos(labels).astype(w.dtype)
        return 2 * w * (part + (1 - part) * one)

    report = check_gradients(gradients, V, np.arange(3), loss=lambda w, _labels: (w**2).sum())
    assert causes(report) == ["the number format"], report
    assert "maximum" not in report.causes[0].fix


def test_a_function_that_refuses_float64_is_not_excused() -> None:
    def narrow_only(w: A) -> A:
        if w.dtype != np.float32:
            raise TypeError("float32 only")
        return w * np.float32(np.nan)

    report = check_gradients(narrow_only, V, loss=lambda w: (w**2).sum())
    assert (report.verdict, causes(report)) == ("mismatch", [])


def test_in_float64_there_is_nothing_wider() -> None:
    report = check_gradients(lambda w: w * np.nan, V.astype("f8"), loss=lambda w: (w**2).sum())
    assert (report.verdict, causes(report)) == ("mismatch", [])
