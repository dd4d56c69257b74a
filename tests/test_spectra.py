"""Mistakes on the way back through complex values and Fourier transforms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import Report, check_gradients

A = NDArray[Any]
RANDOM = np.random.default_rng(1)
N = 8
FILTER = RANDOM.normal(size=N // 2 + 1) + 1j * RANDOM.normal(size=N // 2 + 1)
TARGET = RANDOM.normal(size=N)
TURN = RANDOM.normal(size=N) + 1j * RANDOM.normal(size=N)
WAVE = RANDOM.normal(size=N)
POINT = {"w": RANDOM.normal(size=N)}
TWICE = np.array([1, 2, 2, 2, 1.0])


def filtered(p: Any, wave: Any, response: Any, target: Any) -> Any:
    spectrum = torch.fft.rfft(p["w"] * wave)
    passed = spectrum * response
    y = torch.fft.irfft(passed, n=8)
    return ((y - target) ** 2).sum()


def back(spectrum: A) -> A:
    """The transposed of rfft."""
    return np.fft.irfft(spectrum / TWICE, n=N) * N


def by_hand(how: str) -> Callable[..., Any]:
    def gradients(p: Any, wave: A, response: A, target: A) -> Any:
        y = np.fft.irfft(np.fft.rfft(p["w"] * wave) * response, n=N)
        dy = 2 * (y - target)
        dpassed = np.fft.rfft(dy) * TWICE / N
        if how == "rfft for the way back of irfft":
            dpassed = np.fft.rfft(dy)
        if how == "rfft over n for the way back of irfft":
            dpassed = np.fft.rfft(dy) / N
        if how == "irfft back in the other direction":
            dpassed = dpassed.conj()
        factor = response if how == "not conjugated" else response.conj()
        dspectrum = dpassed * factor
        if how == "conjugated":
            dspectrum = dspectrum.conj()
        if how == "irfft for the way back of rfft":
            return {"w": wave * np.fft.irfft(dspectrum, n=N)}
        if how == "irfft times n for the way back of rfft":
            return {"w": wave * np.fft.irfft(dspectrum, n=N) * N}
        return {"w": wave * back(dspectrum)}

    return gradients


def checked(how: str) -> Report:
    return check_gradients(by_hand(how), POINT, WAVE, FILTER, TARGET, loss=filtered)


NAMED = [
    ("not conjugated", "conjugated", "response is not conjugated"),
    ("conjugated", "the other direction", "`torch.fft.rfft(p["),
    ("irfft for the way back of rfft", "the inverse transform", "irfft stands for the way back"),
    (
        "irfft times n for the way back of rfft",
        "the inverse transform",
        "irfft stands for the way back: it counts twice what stands for two entries.",
    ),
    ("rfft for the way back of irfft", "the inverse transform", "does not divide by 8"),
    (
        "rfft over n for the way back of irfft",
        "the inverse transform",
        "rfft stands for the way back: it does not count twice what stands for two entries.",
    ),
    ("irfft back in the other direction", "the other direction", "torch.fft.irfft"),
]


@pytest.mark.untraced
@pytest.mark.parametrize(("how", "kind", "said"), NAMED)
def test_a_wrong_step_through_complex_values_is_named(how: str, kind: str, said: str) -> None:
    report = checked(how)
    assert kind in [cause.kind for cause in report.causes], report
    cause = next(cause for cause in report.causes if cause.kind == kind)
    assert said in cause.explanation


def test_the_right_gradient_through_complex_values_is_not_accused() -> None:
    assert checked("").verdict == "match"


def turned(p: Any, turn: Any, target: Any) -> Any:
    z = torch.fft.fft(p["w"] * turn)
    return (z.abs() ** 2 * target).sum()


@pytest.mark.parametrize("right", [True, False])
def test_a_complex_transform_in_the_other_direction_is_named(right: bool) -> None:
    def gradients(p: Any, turn: A, target: A) -> Any:
        dz = 2 * np.fft.fft(p["w"] * turn) * target
        dx = np.fft.ifft(dz) * N if right else np.fft.fft(dz)
        return {"w": (dx * turn.conj()).real}

    report = check_gradients(gradients, POINT, TURN, TARGET, loss=turned)
    kinds = [cause.kind for cause in report.causes]
    assert kinds == ([] if right else ["the other direction"]), report
    assert (report.verdict == "match") is right


@pytest.mark.untraced
def test_real_values_stand_for_complex_ones_where_they_fit() -> None:
    """As factors of what comes back, which is complex there."""

    def weighted(p: Any, wave: Any, response: Any, target: Any) -> Any:
        z = torch.fft.rfft(wave * p["w"])
        power = z.real**2 + z.imag**2 + z.abs()
        return (torch.log(power + 1) * response.real).sum() + (target * p["w"]).sum()

    def gradients(p: Any, *_data: Any) -> Any:
        return {"w": np.cos(p["w"])}

    report = check_gradients(gradients, POINT, WAVE, FILTER, TARGET, loss=weighted)
    assert report.verdict == "mismatch"
    assert not report.causes


@pytest.mark.parametrize("n", [7, 8])
def test_of_an_odd_spectrum_the_last_entry_stands_for_two_as_well(n: int) -> None:
    def loss(p: Any, wave: Any) -> Any:
        return (torch.fft.rfft(p["w"] * wave).abs() ** 2).sum()

    def gradients(p: Any, wave: A) -> Any:
        return {"w": wave * np.fft.irfft(2 * np.fft.rfft(p["w"] * wave), n=n) * n}

    report = check_gradients(gradients, {"w": POINT["w"][:n]}, WAVE[:n], loss=loss)
    assert [cause.kind for cause in report.causes] == ["the inverse transform"], report
