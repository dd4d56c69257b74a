"""A large model is searched on a few samples, within a budget; a search that is cut off says so."""

import io
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.recording.slips.finding import claims, turns
from autograd_ref.reference.effort import budget, waiting
from autograd_ref.report.report import Report

A = NDArray[Any]
Parameters = dict[str, A]
Wrong = Callable[[A, A, A], A]
RANDOM = np.random.default_rng(0)
S = 40
POINT = {
    "W": RANDOM.normal(size=(3, 4)),
    "b": RANDOM.normal(size=4),
    "V": RANDOM.normal(size=(4, 2)),
}
DATA = RANDOM.normal(size=(S, 3)), RANDOM.normal(size=(S, 2))


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LARGE", 200)


def loss(p: Any, x: Any, y: Any) -> Any:
    h = torch.tanh(x @ p["W"] + p["b"])
    return ((h @ p["V"] - y) ** 2).mean()


class ByHand:
    """The gradient with a wrong step, and the numbers of samples that it was asked about."""

    def __init__(self, dz: Wrong, *, squared: bool = True) -> None:
        self.dz, self.squared, self.sizes = dz, squared, list[int]()

    def __call__(self, p: Parameters, x: A, y: A) -> tuple[A, Parameters]:
        self.sizes.append(len(x))
        h = np.tanh(x @ p["W"] + p["b"])
        e = h @ p["V"] - y
        de = (2 if self.squared else 1) * e / e.size
        dz = self.dz(de @ p["V"].T, h, x @ p["W"] + p["b"])
        return (e**2).mean(), {"W": x.T @ dz, "b": dz.sum(0), "V": h.T @ de}


def at_its_input(dh: A, _h: A, z: A) -> A:
    return dh * (1 - z**2)


def checked(gradients: ByHand, **options: Any) -> Report:
    return check_gradients(gradients, POINT, *DATA, loss=loss, **options)


def stopped(report: Report) -> list[str]:
    return [note.text for note in report.pattern if note.kind == "search stopped"]


@pytest.mark.untraced
def test_a_mistake_is_found_on_a_few_samples_and_holds_for_all() -> None:
    gradients = ByHand(at_its_input)
    (cause,) = checked(gradients).causes
    assert "the derivative of tanh" in cause.explanation
    assert set(gradients.sizes) == {S, 5}
    assert cause.blocks == ("W", "b")


@pytest.mark.untraced
def test_two_mistakes_are_found_on_a_few_samples() -> None:
    gradients = ByHand(lambda dh, h, _z: dh * (1 - h), squared=False)
    (cause, *_others) = checked(gradients).causes
    assert "tanh" in cause.explanation
    assert "mean" in cause.explanation or "square" in cause.explanation or "2" in cause.explanation
    assert 5 in gradients.sizes


def test_a_number_of_samples_that_is_missing_is_that_of_all() -> None:
    def penalised(p: Any, x: Any, y: Any) -> Any:
        return loss(p, x, y) + (p["W"] ** 2).sum()

    def by_hand(p: Parameters, x: A, y: A) -> tuple[A, Parameters]:
        value, found = ByHand(lambda dh, h, _z: dh * (1 - h**2))(p, x, y)
        sizes.append(len(x))
        return value + (p["W"] ** 2).sum(), {**found, "W": found["W"] * len(x) + 2 * p["W"]}

    sizes = list[int]()
    (cause, *_others) = check_gradients(by_hand, POINT, *DATA, loss=penalised).causes
    assert str(S) in cause.explanation
    assert set(sizes) == {S, 5}


@pytest.mark.untraced
def test_where_it_does_not_show_on_a_few_samples_all_are_searched() -> None:
    def from_the_eleventh_on(dh: A, h: A, z: A) -> A:
        return dh * (1 - (h if len(h) <= 10 else z) ** 2)

    (cause,) = checked(ByHand(from_the_eleventh_on)).causes
    assert "the derivative of tanh" in cause.explanation


def refuses(dh: A, h: A, z: A) -> A:
    if len(h) != S:
        raise ValueError(len(h))
    return at_its_input(dh, h, z)


def overflows(dh: A, h: A, z: A) -> A:
    return at_its_input(dh, h, z) if len(h) == S else dh * np.inf


def of_another_shape(dh: A, h: A, z: A) -> A:
    return at_its_input(dh, h, z) if len(h) == S else np.zeros((len(h), 3))


@pytest.mark.parametrize("dz", [refuses, overflows, of_another_shape])
def test_where_a_few_samples_are_refused_all_are_searched(dz: Wrong) -> None:
    (cause,) = checked(ByHand(dz)).causes
    assert "the derivative of tanh" in cause.explanation


def test_where_no_other_calls_are_wished_there_are_none() -> None:
    gradients = ByHand(at_its_input)
    assert checked(gradients, elsewhere=False).causes
    assert set(gradients.sizes) == {S}


@pytest.mark.untraced
def test_what_nobody_derived_is_not_claimed_on_a_few_samples_either() -> None:
    noise = np.random.default_rng(3).normal(size=4)
    report = checked(ByHand(lambda dh, h, _z: dh * (1 - h**2) * noise))
    assert not report.causes
    assert not stopped(report)


def test_what_holds_on_a_few_samples_and_not_on_all_is_not_claimed() -> None:
    noise = np.random.default_rng(3).normal(size=4)

    def otherwise(dh: A, h: A, z: A) -> A:
        return at_its_input(dh, h, z) if len(h) <= 10 else dh * (1 - h**2) * noise

    assert not checked(ByHand(otherwise)).causes


@pytest.mark.untraced
def test_a_search_without_time_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "SECONDS", 0.0)
    report = checked(ByHand(at_its_input))
    (said,) = stopped(report)
    assert "stopped after 0 s of computing" in said
    assert said in " ".join(str(report).split())
    assert not report.causes


@pytest.mark.untraced
def test_a_search_that_is_cut_off_says_what_it_had_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def later() -> float:
        now[0] += 0.1
        return now[0]

    monkeypatch.setattr(budget, "thread_time", later)
    monkeypatch.setattr(budget, "SECONDS", 1.0)
    (said,) = stopped(checked(ByHand(lambda dh, h, _z: dh * np.cos(3 * h + 1))))
    assert "it had tried" in said
    assert "places on a few samples" in said


def test_a_search_that_would_take_too_much_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "BYTES", 100)
    (said,) = stopped(checked(ByHand(at_its_input)))
    assert "GB" in said


def test_steps_of_a_loop_that_are_left_out_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_a_loop(p: Any, x: Any) -> Any:
        h = x
        for _turn in range(3):
            h = torch.tanh(h @ p["U"])
        return h.sum()

    def by_hand(p: Parameters, x: A) -> Parameters:
        h = [x]
        for _turn in range(3):
            h.append(np.tanh(h[-1] @ p["U"]))
        d, found = np.ones_like(x), np.zeros_like(p["U"])
        for before, after in zip(h[-2::-1], h[:0:-1], strict=True):
            dz = d * np.cos(3 * after + 1)
            found += before.T @ dz
            d = dz @ p["U"].T
        return {"U": found}

    monkeypatch.setattr(turns, "MOST_TURNS", 30)
    point = {"U": np.random.default_rng(0).normal(size=(3, 3)) / 3}
    (said,) = stopped(check_gradients(by_hand, point, DATA[0][:5], loss=in_a_loop))
    assert "steps in every turn" in said


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    found = Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(waiting, "PATIENCE", -1.0)
    monkeypatch.setenv("TERM", "xterm")
    return found


@pytest.mark.untraced
def test_whoever_waits_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_a_terminal(monkeypatch)
    assert checked(ByHand(at_its_input)).causes
    assert "wrong step" in terminal.getvalue()


@pytest.mark.untraced
def test_an_interrupted_search_leaves_everything_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = at_a_terminal(monkeypatch)

    def interrupted(dh: A, h: A, z: A) -> A:
        if len(h) != S:
            raise KeyboardInterrupt
        return at_its_input(dh, h, z)

    trace, hidden, back = sys.gettrace(), "\x1b[?25l", "\x1b[?25h"
    with pytest.raises(KeyboardInterrupt):
        _ = checked(ByHand(interrupted))
    assert sys.gettrace() is trace
    assert terminal.getvalue().count(hidden) == terminal.getvalue().count(back) > 0
    assert checked(ByHand(at_its_input)).causes
