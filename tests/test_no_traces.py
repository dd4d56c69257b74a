"""Nothing that another thread could see is changed by a check, and afterwards all is as before."""

import os
import random
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import check_backward, check_gradients
from autograd_ref.calls import random_state
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, initialize, loss_and_gradients

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
LEGACY: Any = np.random
"""The generator that NumPy's users share, whether they know it or not."""
X, W = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=3)
State = dict[str, object]


def generators() -> State:
    """The states of the random generators of the process."""
    words = LEGACY.get_bit_generator().state
    return {
        "random": random.getstate(),
        "numpy.random": (words["state"]["key"].tobytes(), words["state"]["pos"]),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


def state() -> State:
    """All that belongs to the process, or to a thread, and that a check might change."""
    return {
        **generators(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "errstate": np.geterr(),
        "print": np.get_printoptions(),
        "cwd": Path.cwd(),
        "path": list(sys.path),
        "environ": dict(os.environ),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "recursion": sys.getrecursionlimit(),
    }


def in_another_thread() -> State:
    found: list[State] = []
    thread = threading.Thread(target=lambda: found.append(state()))
    thread.start()
    thread.join()
    return found[0]


def torch_loss(w: Any, X: Any) -> Any:
    return (torch.log1p((X @ w) ** 2) * torch.tensor(0.1)).sum()


def numpy_loss(w: Any, X: Any) -> float:
    return float(0.1 * np.log1p(np.asarray(X @ w) ** 2).sum())


def gradient(w: A, X: A, factor: float = 1.0) -> A:
    z = X @ w
    return 0.1 * factor * X.T @ (2 * z / (1 + z**2))


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 3 * x**2 * upstream[0]


SHAPE = NetworkShape(3, 4, 2)
NETWORK = initialize(SHAPE, 0, std=0.5), X, np.array([0, 1, 1, 0, 1, 0])

CHECKS: dict[str, Callable[[], Report]] = {
    "PyTorch": lambda: check_gradients(gradient, W, X, loss=torch_loss),
    "PyTorch, wrong": lambda: check_gradients(
        lambda w, X: gradient(w, X, 2), W, X, loss=torch_loss
    ),
    "NumPy": lambda: check_gradients(gradient, W, X, loss=numpy_loss),
    "NumPy, wrong": lambda: check_gradients(lambda w, X: gradient(w, X, 2), W, X, loss=numpy_loss),
    "network": lambda: check_gradients(loss_and_gradients, *NETWORK),
    "operation": lambda: check_backward(Cube.apply, lambda x: x**3, torch.arange(1.0, 5.0)),
}


MOST = 40
"""Calls at which another thread looks."""


@pytest.mark.untraced
@pytest.mark.parametrize("case", CHECKS)
def test_another_thread_sees_nothing_change_while_the_code_of_the_caller_runs(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = in_another_thread(), list[State]()

    def watched(function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            if len(seen) < MOST:
                seen.append(in_another_thread())
            return function(*arguments)

        return call

    for name in ("gradient", "torch_loss", "numpy_loss", "loss_and_gradients"):
        monkeypatch.setitem(globals(), name, watched(globals()[name]))
    here = state()
    _ = CHECKS[case]()
    assert state() == here
    assert len(seen) > 2 or case == "operation"
    for other in seen:
        assert other == before


def test_what_another_thread_could_see_is_found_by_this_test(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = in_another_thread()
    for change in (
        lambda: torch.set_default_dtype(torch.float64),
        lambda: warnings.simplefilter("ignore"),
        lambda: LEGACY.seed(0),
        lambda: monkeypatch.setenv("A", "1"),
    ):
        with random_state.kept(), warnings.catch_warnings():
            try:
                _ = change()
                assert in_another_thread() != before
            finally:
                torch.set_default_dtype(torch.float32)
                monkeypatch.undo()


@pytest.mark.untraced
def test_checks_in_eight_threads_at_once_report_what_they_report_one_by_one() -> None:
    one_by_one = {case: str(check()) for case, check in CHECKS.items()}
    cases = [*CHECKS] * 2
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda case: str(CHECKS[case]()), cases))
    for case, text in zip(cases, together, strict=True):
        assert text == one_by_one[case]
    assert torch.get_default_dtype() == torch.float32


def draws(w: A, X: A) -> A:
    """A right gradient that draws from all generators, and seeds some."""
    _ = random.random(), LEGACY.normal(), torch.rand(3)
    random.seed(3)
    LEGACY.seed(3)
    _ = torch.manual_seed(3)
    return gradient(w, X)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_generators_of_the_process_are_as_before_unless_other_threads_may_use_them(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    before = generators()
    assert check_gradients(draws, W, X, loss=torch_loss).passed
    assert (generators() == before) == (threads == 1)


def test_they_are_as_before_when_the_code_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)

    def raises(w: A, X: A) -> A:
        _ = draws(w, X)
        raise ZeroDivisionError("mine")

    before = generators()
    with pytest.raises(ZeroDivisionError, match="mine"):
        _ = check_gradients(raises, W, X, loss=torch_loss)
    assert generators() == before


@pytest.mark.untraced
def test_a_warning_that_the_caller_made_an_error_is_no_accusation() -> None:
    """The suite makes errors of warnings, and the filters stay: elsewhere it is an exception."""

    def warns(w: A, X: A) -> A:
        if w[0] != W[0]:
            warnings.warn("elsewhere", stacklevel=1)
        return gradient(w, X)

    for loss in (torch_loss, numpy_loss):
        report = check_gradients(warns, W, X, loss=loss)
        assert report.passed
        assert [note.kind for note in report.warnings] == ["raises elsewhere"]
        wrong = check_gradients(lambda w, X: 2 * warns(w, X), W, X, loss=loss)
        assert wrong.verdict == "mismatch"
