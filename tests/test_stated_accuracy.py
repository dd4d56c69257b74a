"""accuracy=: what a solver, an integrator or an iteration leaves is allowed, and no more."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import assert_gradients_match, check_gradients
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from tests.undiagnosed import undiagnosed

pytestmark = pytest.mark.usefixtures("each_backend")

A = NDArray[Any]
RATES = np.array([0.3, 0.5, 0.7])


def fixed_points(a: Tensor) -> Tensor:
    """The solutions of x = cos(a x), to six digits."""
    x = torch.zeros_like(a)
    for _step in range(200):
        following = torch.cos(a * x)
        if float((following - x).abs().max()) < 1e-6:
            return following
        x = following
    raise ArithmeticError("no fixed point")


def iterated(a: Any) -> Any:
    return (fixed_points(torch.as_tensor(a)) ** 2).sum()


def implicit(a: A) -> A:
    """By the implicit function theorem, at the fixed point itself."""
    x = np.zeros_like(a)
    for _step in range(200):
        x = np.cos(a * x)
    slope = -np.sin(a * x)
    return 2 * x * slope * x / (1 - slope * a)


GRID = np.linspace(0, 1, 41)


def trapezoid(w: Any) -> Any:
    """The integral of exp(-w0 t) cos(w1 t) over [0, 1], to four digits."""
    return np.trapezoid(np.exp(-w[0] * GRID) * np.cos(w[1] * GRID), GRID)


def integral(w: A) -> A:
    """The derivatives of the integral, in closed form."""
    c = complex(-w[0], w[1])
    by_c = (np.exp(c) * (c - 1) + 1) / c**2
    return np.array([-by_c.real, -by_c.imag])


def euler(k: Any) -> Any:
    """y(1) of y' = -k0 y + k1, in 25 steps."""
    y = 1.0
    for _step in range(25):
        y = y + (-k[0] * y + k[1]) / 25
    return y**2


def sensitivities(k: A) -> A:
    decay = np.exp(-k[0])
    y = decay + k[1] / k[0] * (1 - decay)
    by_rate = -decay + k[1] * (decay / k[0] - (1 - decay) / k[0] ** 2)
    return 2 * y * np.array([by_rate, (1 - decay) / k[0]])


CASES: dict[str, tuple[Any, Any, A, float]] = {
    "an iteration": (iterated, implicit, RATES, 1e-4),
    "a quadrature": (trapezoid, integral, np.array([0.8, 2.5]), 1e-3),
    "Euler steps": (euler, sensitivities, np.array([0.7, 0.4]), 3e-2),
}


def notes(report: Report) -> dict[str, str]:
    return {note.kind: note.text for note in report.warnings}


@pytest.mark.untraced
@pytest.mark.parametrize("case", CASES)
def test_what_a_method_leaves_is_a_match_if_it_is_stated_and_no_match_if_not(case: str) -> None:
    loss, gradients, x, accuracy = CASES[case]
    assert undiagnosed(gradients, x, loss=loss).verdict == "mismatch"
    report = assert_gradients_match(gradients, x, loss=loss, accuracy=accuracy)
    assert f"accuracy={accuracy:g}" in notes(report)["accuracy"]
    assert "Rounding alone would have allowed gradient" in notes(report)["accuracy"]
    assert "times)" in notes(report)["accuracy"]


@pytest.mark.untraced
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("entry", [0, -1])
def test_what_is_wrong_by_more_than_the_accuracy_is_a_mismatch(case: str, entry: int) -> None:
    loss, gradients, x, accuracy = CASES[case]

    def wrong(x: A) -> A:
        found = gradients(x).copy()
        found[entry] += 3 * accuracy * np.abs(found).max()
        return found

    report = check_gradients(wrong, x, loss=loss, accuracy=accuracy)
    assert report.verdict == "mismatch", report


@pytest.mark.untraced
def test_a_mistake_is_named_through_what_the_accuracy_allows() -> None:
    report = check_gradients(lambda a: -implicit(a), RATES, loss=iterated, accuracy=1e-4)
    assert next(cause.kind for cause in report.causes) == "sign flipped", report


def test_an_accuracy_that_is_not_needed_changes_no_match_and_the_report_says_so() -> None:
    w = np.array([3.0, 1e-9, -2.0])
    report = check_gradients(lambda w: 2 * w, w, loss=lambda w: (w**2).sum(), accuracy=1e-6)
    assert report.verdict == "match"
    text = notes(report)["accuracy"]
    assert "rounding alone explains all differences" in text
    assert "1 of 3 entries are smaller than that" in text


def test_the_loss_may_be_as_inaccurate() -> None:
    def with_loss(error: float) -> Any:
        return lambda w: (float((w**2).sum()) * (1 + error), 2 * w)

    for error, verdict in ((1e-5, "match"), (-3e-4, "mismatch")):
        report = check_gradients(
            with_loss(error), RATES, loss=lambda w: (w**2).sum(), accuracy=1e-4
        )
        assert report.verdict == verdict, report


def test_what_is_missing_has_no_digits_to_speak_of() -> None:
    report = check_gradients(
        lambda p: {"a": 2 * p["a"] * (1 + 1e-7)},
        {"a": RATES, "b": RATES},
        loss=lambda p: (p["a"] ** 2 + p["b"]).sum(),
        accuracy=1e-6,
    )
    assert report.verdict == "mismatch"
    assert "allowed a " in notes(report)["accuracy"]


def test_an_accuracy_of_a_tenth_says_itself_that_it_shows_little() -> None:
    w = np.ones(200)
    report = check_gradients(lambda w: 2.2 * w, w, loss=lambda w: (w**2).sum(), accuracy=0.2)
    assert report.verdict == "match", report
    assert "a match says little" in notes(report)["accuracy"]
    report = check_gradients(lambda w: 2.6 * w, w, loss=lambda w: (w**2).sum(), accuracy=0.2)
    assert report.verdict == "mismatch", report


def test_what_rounding_leaves_open_is_decided_in_float64_alone() -> None:
    """An accuracy is no reason to believe what no number in float16 can show."""

    def cancelling(w: Tensor) -> Tensor:
        return ((w + 1000) - 1000).pow(2).sum()

    w = np.array([0.5, 0.25], np.float16)
    report = check_gradients(lambda w: 2 * w, w, loss=cancelling, accuracy=1e-2)
    assert report.verdict == "match", report
    assert report.blocks[0].resolution is not None
    assert report.blocks[0].resolution < 0.08  # and not ten, the tolerance of its entries

    def only_in_float16(w: A) -> A:
        if w.dtype != np.float16:
            raise TypeError("w needs to be in float16")
        return 2 * w

    report = check_gradients(only_in_float16, w, loss=cancelling, accuracy=1e-2)
    assert report.verdict == "inconclusive", report
    report = check_gradients(lambda w: w * w.dtype.type(2.5), w, loss=cancelling, accuracy=1e-2)
    assert report.verdict == "mismatch", report


def test_the_built_in_network_may_be_inaccurate_too() -> None:
    p = initialize(NetworkShape(inputs=2, hidden=3, outputs=2), seed=0)
    data = np.arange(8.0).reshape(4, 2) / 8, np.array([0, 1, 1, 0])

    def inaccurate(p: Parameters, X: A, Y: A) -> Any:
        value, gradients = loss_and_gradients(p, X, Y)
        return value, Parameters(*(g * (1 + 1e-5) for g in gradients))

    assert check_gradients(inaccurate, p, *data).verdict == "mismatch"
    assert check_gradients(inaccurate, p, *data, accuracy=1e-4).verdict == "match"


@pytest.mark.parametrize(
    ("accuracy", "error", "message"),
    [
        ("1e-6", TypeError, "accuracy is of type str; it needs to be a number"),
        (True, TypeError, "accuracy is of type bool"),
        (1e-6 + 0j, TypeError, "accuracy is of type complex"),
        (0, ValueError, "accuracy is 0; it needs to be between 0 and 1"),
        (1.0, ValueError, "accuracy is 1.0; it needs to be between 0 and 1"),
        (-1e-3, ValueError, "accuracy is -0.001"),
        (float("nan"), ValueError, "accuracy is nan"),
    ],
)
def test_an_accuracy_that_is_none_is_refused(accuracy: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        _ = check_gradients(lambda w: 2 * w, RATES, loss=lambda w: (w**2).sum(), accuracy=accuracy)


@pytest.mark.untraced
def test_a_number_of_numpy_is_an_accuracy() -> None:
    accuracy: Any = np.float32(1e-4)
    report = check_gradients(implicit, RATES, loss=iterated, accuracy=accuracy)
    assert report.verdict == "match"
