"""check_step: code that only updates is judged by the gradient that its step implies."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_step
from autograd_ref.report.report import Report

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X, Y, W = RANDOM.normal(size=(8, 3)), RANDOM.normal(size=8), RANDOM.normal(size=3)
RATE = 1e-3


def loss(w: Any, X: Any, y: Any) -> Any:
    return ((X @ w - y) ** 2).mean()


def gradient(w: Any, X: A, y: A) -> A:
    return X.T @ (X @ w - y) * X.dtype.type(2 / len(y))


def check(step: Any, w: Any = W, rate: float = RATE, **wishes: Any) -> Report:
    return check_step(step, w, X, Y, rate=rate, loss=wishes.pop("loss", loss), **wishes)


def updated(w: Any, X: A, y: A) -> Any:
    return w - RATE * gradient(w, X, y)


def in_place(w: Any, X: A, y: A) -> None:
    w -= RATE * gradient(w, X, y)


def in_place_with_loss(w: Any, X: A, y: A) -> float:
    before = float(loss(w, X, y))
    w -= RATE * gradient(w, X, y)
    return before


def in_place_and_returned(w: Any, X: A, y: A) -> Any:
    w -= RATE * gradient(w, X, y)
    return w


STEPS: dict[str, Any] = {
    "returned": updated,
    "in place": in_place,
    "in place, the loss returned": in_place_with_loss,
    "in place and returned": in_place_and_returned,
    "the loss first": lambda w, X, y: (loss(w, X, y), updated(w, X, y)),
    "the loss behind": lambda w, X, y: (updated(w, X, y), loss(w, X, y)),
    "as a list": lambda w, X, y: list(updated(w, X, y)),
}


def notes(report: Report) -> dict[str, str]:
    return {note.kind: note.text for note in report.warnings}


@pytest.mark.parametrize("case", STEPS)
def test_a_plain_step_is_a_match_however_it_is_handed_over(case: str) -> None:
    report = check(STEPS[case])
    assert report.verdict == "match", report
    assert (report.findings, report.warnings, report.loss) == ((), (), None)
    assert "(parameters - updated parameters) / rate, with rate=0.001" in report.reference


@pytest.mark.untraced
@pytest.mark.parametrize("factor", [2.0, -1.0, 1 + 1e-9])
@pytest.mark.parametrize("case", ["returned", "in place"])
def test_a_wrong_step_is_a_mismatch(case: str, factor: float) -> None:
    def one_entry_wrong(w: Any, X: A, y: A) -> Any:
        found = gradient(w, X, y)
        found[1] *= factor
        return w - RATE * found if case == "returned" else np.copyto(w, w - RATE * found)

    assert check(one_entry_wrong).verdict == "mismatch"


def test_the_parameters_of_the_caller_and_the_data_stay_as_they_are() -> None:
    w, data = W.copy(), X.copy()
    assert check_step(in_place, w, data, Y, rate=RATE, loss=loss).verdict == "match"
    assert np.array_equal(w, W)

    def spoils(w: Any, X: A, y: A) -> Any:
        found = updated(w, X, y)
        X *= 2
        return found

    assert [note.kind for note in check(spoils).findings] == ["changes its arguments"]


def test_a_step_in_a_nest_may_change_arrays_or_put_others_in_their_places() -> None:
    def nested(p: Any, X: Any, y: Any) -> Any:
        return loss(p["w"], X, y) + (p["layers"][0] ** 2).sum()

    def step(p: Any, X: A, y: A) -> None:
        p["w"] = p["w"] - RATE * gradient(p["w"], X, y)
        p["layers"][0] -= RATE * 2 * p["layers"][0]

    p = {"w": W, "layers": [np.ones((2, 2))]}
    assert check(step, p, loss=nested).verdict == "match"


def test_a_number_is_a_parameter() -> None:
    report = check_step(lambda b: b - 0.1 * 2 * b, 3.0, rate=0.1, loss=lambda b: b**2)
    assert report.verdict == "match", report


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_an_optimiser_of_pytorch_that_is_made_anew_is_a_plain_step(dtype: torch.dtype) -> None:
    def step(p: Any, X: Any, y: Any) -> Any:
        w = p["w"].requires_grad_()
        optimiser = torch.optim.SGD([w], lr=0.125)
        value = loss(w, X, y)
        value.backward()
        _ = optimiser.step()
        return value

    data = (torch.from_numpy(X).to(dtype), torch.from_numpy(Y).to(dtype))
    p = {"w": torch.from_numpy(W).to(dtype)}
    report = check_step(step, p, *data, rate=0.125, loss=lambda p, X, y: loss(p["w"], X, y))
    assert report.verdict == "match", report


@pytest.mark.untraced
def test_weight_decay_as_a_factor_is_a_plain_step() -> None:
    def decayed(w: Any, X: A, y: A) -> Any:
        return (1 - RATE * 0.1) * w - RATE * gradient(w, X, y)

    report = check(decayed, loss=lambda w, X, y: loss(w, X, y) + 0.05 * (w**2).sum())
    assert report.verdict == "match", report
    assert check(decayed).causes[0].kind == "weight decay"


@pytest.mark.parametrize("size", [1.0, 1e4, 1e10])
def test_what_an_update_rounds_off_is_no_mistake(size: float) -> None:
    """Parameters that are large beside their step keep few digits of it."""
    shift = size * np.ones(3)

    def near(w: Any, X: Any, y: Any) -> Any:
        return loss(w - (torch.from_numpy(shift) if isinstance(w, torch.Tensor) else shift), X, y)

    def step(w: Any, X: A, y: A) -> Any:
        return w - RATE * gradient(w - shift, X, y)

    report = check(step, W + shift, loss=near)
    assert report.verdict != "mismatch", report
    assert report.blocks[0].resolution is not None
    assert report.blocks[0].resolution > 1e-16 * size / RATE
    assert ("few digits of the step" in notes(report)) == (size > 1e6)


@pytest.mark.untraced
def test_another_rate_is_told_of_by_its_number() -> None:
    report = check(updated, rate=RATE / 4)
    assert "-0.001 times their gradients" in notes(report)["another rate"]
    report = check(lambda w, X, y: w + RATE * gradient(w, X, y))
    assert "0.001 times their gradients" in notes(report)["another rate"]
    assert [cause.kind for cause in report.causes] == ["sign flipped"]


def test_a_step_that_changes_nothing_is_told_how_to() -> None:
    def lost(w: Any, X: A, y: A) -> None:
        w = w - RATE * gradient(w, X, y)

    report = check(lost)
    assert report.verdict == "mismatch"
    assert "w -= ..." in notes(report)["no step"]


def test_momentum_is_no_plain_step() -> None:
    velocity = np.zeros(3)

    def step(w: Any, X: A, y: A) -> Any:
        velocity[:] = 0.9 * velocity + gradient(w, X, y)
        return w - RATE * velocity

    report = check(step)
    assert report.verdict == "mismatch"
    assert "momentum" in notes(report)["no plain step"]


def test_the_first_step_of_adam_is_named() -> None:
    def step(w: Any, X: A, y: A) -> Any:
        g = gradient(w, X, y)
        return w - RATE * g / (np.sqrt(g**2) + 1e-8)

    assert [cause.kind for cause in check(step).causes] == ["the sign of the gradient"]


@pytest.mark.untraced
def test_an_inaccurate_step_is_allowed_what_is_stated() -> None:
    def step(w: Any, X: A, y: A) -> Any:
        return w - RATE * gradient(w, X, y) * (1 + 1e-6)

    assert check(step).verdict == "mismatch"
    report = check(step, accuracy=1e-5)
    assert report.verdict == "match"
    assert "exceeded" in notes(report)["accuracy"]


def test_the_built_in_network_has_steps_too() -> None:
    from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients

    p = initialize(NetworkShape(inputs=2, hidden=3, outputs=2), seed=0)

    def step(p: Parameters, X: A, labels: A) -> Parameters:
        _value, g = loss_and_gradients(p, X, labels)
        return Parameters(*(block - RATE * by for block, by in zip(p, g, strict=True)))

    report = check_step(step, p, X[:, :2], np.arange(8) % 2, rate=RATE)
    assert report.verdict == "match", report


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda w, X, y: w[:2], "has shape (2,); it needs (3,)"),
        (lambda w, X, y: updated(w, X, y).astype("f4"), "has dtype float32; it needs float64"),
        (lambda w, X, y: np.zeros(3, int), "differs by"),
    ],
)
def test_updated_parameters_of_another_kind_are_a_mismatch(step: Any, reason: str) -> None:
    report = check(step)
    assert report.verdict == "mismatch"
    assert reason in report.blocks[0].reason


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda w, X, y: "done", "step returned one str; it needs to return the updated"),
        (lambda w, X, y: {"a": w}, "step returned"),
        (lambda w, X, y: (w, None, None), "step returned"),
    ],
)
def test_a_step_that_returns_no_parameters_is_refused(step: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _ = check(step)


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (0, ValueError, "rate is 0; it needs to be a positive number"),
        (-0.1, ValueError, "rate is -0.1"),
        (float("inf"), ValueError, "rate is inf"),
        ("0.1", TypeError, "rate is of type str; it needs to be a number"),
    ],
)
def test_a_rate_that_is_none_is_refused(rate: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        _ = check(updated, rate=rate)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="step is of type ndarray; it needs to be a function"):
        _ = check(W)


def test_an_error_of_the_step_is_the_callers() -> None:
    def fails(*_arguments: Any) -> Any:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        _ = check(fails)
