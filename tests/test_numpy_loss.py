"""A loss in NumPy as the reference: right gradients are believed, wrong ones are not."""

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
W = RANDOM.normal(size=3)
MIXED = np.array([1e-3, 1.0, 10.0])
Pair = tuple[Callable[[A], Any], Callable[[A], A], A]


def by_numpy_alone(loss: Callable[[A], Any]) -> Callable[[A], Any]:
    """Tensors are refused, as by code that calls into C."""

    def wrapped(w: A) -> Any:
        if isinstance(w, torch.Tensor):
            raise TypeError("arrays only")
        return loss(w)

    return wrapped


def sum_of_logarithms(w: A) -> float:
    """math.log raises outside its domain, which a step away from 0.01 may be."""
    return sum(math.log(float(v)) for v in w)


PAIRS: dict[str, Pair] = {
    "reciprocals of mixed size": (lambda w: (1 / w).sum(), lambda w: -1 / w**2, MIXED),
    "entropy near zero": (
        lambda w: (w * np.log(w)).sum(),
        lambda w: np.log(w) + 1,
        np.array([1e-12, 0.3, 0.7]),
    ),
    "raises nearby": (sum_of_logarithms, lambda w: 1 / w, np.array([0.01, 1.0, 5.0])),
    "cancels near a minimum": (
        lambda w: ((w**2 - 1) ** 2).sum(),
        lambda w: 4 * w * (w**2 - 1),
        1 + 1e-3 * W,
    ),
    "oscillates": (lambda w: np.sin(10 * w).sum(), lambda w: 10 * np.cos(10 * w), W),
    "in float32": (
        lambda w: float(np.float32((w**2).sum())),
        lambda w: 2 * w,
        W,
    ),
    "by Python's own numbers": (lambda w: float((w**2).sum()), lambda w: 2 * w, W),
    "in an array of one": (lambda w: (w**2).sum(keepdims=True), lambda w: 2 * w, W),
}


@pytest.mark.untraced
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_a_right_gradient_is_no_mismatch_and_a_wrong_one_is(name: str, dtype: str) -> None:
    loss, gradients, w = PAIRS[name]
    w = w.astype(dtype)

    def scaled(factor: float) -> Callable[[A], A]:
        return lambda w: (factor * gradients(w)).astype(w.dtype)

    right = check_gradients(scaled(1.0), w, loss=by_numpy_alone(loss))
    assert right.verdict == "match", right
    assert right.blocks[0].resolution is not None
    assert right.blocks[0].resolution < 1e-2
    assert check_gradients(scaled(1.02), w, loss=by_numpy_alone(loss)).verdict == "mismatch"


@pytest.mark.untraced
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_at_a_kink_either_slope_is_right_and_no_other(slope: float) -> None:
    at_zero = np.array([0.0, -1.0, 2.0, 0.5])

    def loss(w: A) -> float:
        return float(np.maximum(w, 0).sum() + 10 * (w**2).sum())

    def gradients(w: A, at: float = slope) -> A:
        return np.where(w == 0, at, w > 0) + 20 * w

    report = check_gradients(gradients, at_zero, loss=by_numpy_alone(loss))
    assert report.verdict == "match", report
    assert [note.kind for note in report.warnings] == ["kink"]
    assert "parameters[0]" in report.warnings[0].text
    for wrong in (-0.5, 1.5):
        bad = check_gradients(partial(gradients, at=wrong), at_zero, loss=by_numpy_alone(loss))
        assert bad.verdict == "mismatch"


def test_no_warning_reaches_the_caller(recwarn: pytest.WarningsRecorder) -> None:
    """A float made of an array of NumPy's gives a DeprecationWarning from PyTorch's tensors."""
    report = check_gradients(lambda w: 2 * w, W, loss=lambda w: float((w**2).sum()))
    assert report.verdict == "match"
    assert not recwarn.list


def test_a_loss_that_changes_its_data_changes_nobodys() -> None:
    X, y = RANDOM.uniform(1, 2, (9, 3)), RANDOM.normal(size=9)

    def centred(w: A, X: A, y: A) -> float:
        X -= X.mean(0)
        return float(np.mean((X @ w - y) ** 2))

    def gradients(w: A, X: A, y: A) -> A:
        C = X - X.mean(0)
        return 2 * C.T @ (C @ w - y) / len(y)

    before = X.copy()
    assert check_gradients(gradients, W, X, y, loss=centred).verdict == "match"
    assert np.array_equal(X, before)


def test_what_it_warns_of_elsewhere_is_not_passed_on() -> None:
    """The suite makes errors of warnings."""

    def loss(w: A) -> float:
        if (w < 0).any():
            warnings.warn("negative", stacklevel=1)
        return float((w**2).sum())

    at_the_edge = np.array([0.0, 1.0])
    assert check_gradients(lambda w: 2 * w, at_the_edge, loss=by_numpy_alone(loss)).verdict in (
        "match",
        "inconclusive",
    )


def test_a_ufunc_of_numpys_in_a_loss_for_tensors_is_no_warning() -> None:
    X = RANDOM.uniform(1, 2, (9, 3))

    def loss(w: Any, X: Any) -> Any:
        return (np.log(X) @ w).sum()

    assert check_gradients(lambda w, X: np.log(X).sum(0), W, X, loss=loss).verdict == "match"


TIMES = np.linspace(0, 1e6, 200)
WAVE = np.cos(2 * np.pi * TIMES)
NARROW: dict[str, tuple[Callable[[A], Any], Callable[[A], A], A]] = {
    "a frequency over a million cycles": (
        lambda f: ((np.cos(2 * np.pi * f * TIMES) - WAVE) ** 2).sum(),
        lambda f: np.asarray(
            -(
                4
                * np.pi
                * TIMES
                * (np.cos(2 * np.pi * f * TIMES) - WAVE)
                * np.sin(2 * np.pi * f * TIMES)
            ).sum()
        ),
        np.array(1 + 1e-7),
    ),
    "a step of width 1e-7": (
        lambda x: x**2 + 1e-7 * np.tanh((x - 1) / 1e-7),
        lambda x: np.asarray(2 * x + 1 / np.cosh((x - 1) / 1e-7) ** 2),
        np.array(1 + 1e-7),
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("name", NARROW)
def test_what_varies_over_a_hair_is_measured_over_less(name: str) -> None:
    loss, gradients, at = NARROW[name]
    right = check_gradients(gradients, at, loss=by_numpy_alone(loss))
    assert right.verdict == "match", right
    wrong = check_gradients(lambda x: 1.01 * gradients(x), at, loss=by_numpy_alone(loss))
    assert wrong.verdict == "mismatch"


@pytest.mark.untraced
def test_units_of_measurement_hide_nothing() -> None:
    """A capacity in farads is 1e-12, and a resistance 1e5."""
    t = np.linspace(0, 5e-9, 20)
    y = np.exp(-t / 1.3e-9)

    def loss(p: A) -> Any:
        return ((np.exp(-t / (p[0] * p[1])) - y) ** 2).sum()

    def gradients(p: A) -> A:
        decay = np.exp(-t / (p[0] * p[1]))
        r = 2 * (decay - y) * decay * t / (p[0] * p[1])
        return np.array([(r / p[0]).sum(), (r / p[1]).sum()])

    def by_torch(p: torch.Tensor) -> torch.Tensor:
        tau = p[0] * p[1]
        return ((torch.exp(-torch.as_tensor(t) / tau) - torch.as_tensor(y)) ** 2).sum()

    at = np.array([1e5, 1e-14])
    for one in (by_numpy_alone(loss), by_torch):
        assert check_gradients(gradients, at, loss=one).verdict != "mismatch"
        for wrong in ([-1.0, 1.0], [1.0, 1.005], [1.05, 1.0]):
            report = check_gradients(lambda p, by=wrong: by * gradients(p), at, loss=one)
            assert report.verdict == "mismatch", (one, wrong)


@pytest.mark.parametrize(("z", "verdict"), [(-10.0, "match"), (-20.0, "inconclusive")])
def test_textbook_formulas_that_round_to_a_unit_of_one_are_not_accused(
    z: float, verdict: str
) -> None:
    """Few units of roundoff further on, 1 + exp(z) still rounds the same way."""
    report = check_gradients(
        lambda z: 1 - 1 / (1 + np.exp(z)),
        np.array([z, z + 0.3]),
        loss=by_numpy_alone(lambda z: np.log1p(np.exp(z)).sum()),
    )
    assert report.verdict == verdict, report
    assert [note.kind for note in report.warnings] == ["digits lost"]


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-8])
def test_what_cancels_near_a_minimum_may_be_written_either_way(distance: float) -> None:
    at = np.array([1 + distance, 1 - 2 * distance])
    for gradients in (lambda w: 4 * w * (w**2 - 1), lambda w: 4 * w**3 - 4 * w):
        report = check_gradients(
            gradients, at, loss=by_numpy_alone(lambda w: ((w**2 - 1) ** 2).sum())
        )
        assert report.verdict != "mismatch", report


def test_the_loss_of_the_hand_side_is_judged_to_its_last_digits() -> None:
    def gradients(w: A, off: float) -> tuple[float, A]:
        return float((w**2).sum()) * (1 + off), 2 * w

    loss = by_numpy_alone(lambda w: (w**2).sum())
    for off, verdict in ((0.0, "match"), (1e-13, "mismatch")):
        report = check_gradients(lambda w, by=off: gradients(w, by), W, loss=loss)
        assert report.loss is not None
        assert report.loss.verdict == verdict


def drawn_for_each_cell(w: A, at: A, size: float) -> A:
    """Normal numbers that are the same all over a cell; `at` is the centre of one."""
    cell = np.round((w / at - 1) / size).astype(np.int64) + 1_000_000
    return np.random.default_rng(cell).normal(size=w.shape)


@pytest.mark.parametrize(("cell", "verdict"), [(1.2e-7, "match"), (5e-7, "mismatch")])
def test_how_far_points_are_where_formulas_are_not_known(cell: float, verdict: str) -> None:
    """16 times the root of a unit of roundoff, 1.7e-7: over less an error is a mistake."""
    at = np.array([1.0, -2.0, 0.5])

    def gradients(w: A) -> A:
        return 2 * w * (1 + 1e-9 * drawn_for_each_cell(w, at, cell))

    report = check_gradients(gradients, at, loss=by_numpy_alone(lambda w: (w**2).sum()))
    assert report.verdict == verdict, report


@pytest.mark.untraced
@pytest.mark.parametrize("distance", [4e-7, 2e-6])
def test_near_a_minimum_random_errors_are_noise_and_steady_ones_are_mistakes(
    distance: float,
) -> None:
    at = np.full(3, 1 + distance)
    loss = by_numpy_alone(lambda w: ((w**2 - 1) ** 2).sum())

    def gradients(w: A, off: A) -> A:
        return 4 * w * (w**2 - 1) + 1e-10 * off

    def drawn(w: A) -> A:
        return gradients(w, drawn_for_each_cell(w, at, 1e-9))

    assert check_gradients(drawn, at, loss=loss).verdict == "inconclusive"
    off = drawn_for_each_cell(at, at, 1e-9)
    steady = check_gradients(lambda w: gradients(w, off), at, loss=loss)
    assert steady.verdict == "mismatch"


@pytest.mark.parametrize(("off", "verdict"), [(1e-15, "match"), (4e-15, "mismatch")])
def test_the_loss_may_be_off_by_16_units_of_roundoff(off: float, verdict: str) -> None:
    def gradients(w: A) -> tuple[float, A]:
        return float((w**2).sum()) * (1 + off), 2 * w

    report = check_gradients(gradients, W, loss=by_numpy_alone(lambda w: (w**2).sum()))
    assert report.loss is not None
    assert report.loss.verdict == verdict
