"""The progress bar of numerical derivatives: on a terminal, after a while, and gone when done."""

import io
import sys

import numpy as np
import pytest

from autograd_ref.reference.effort import waiting as module
from autograd_ref.reference.effort.waiting import waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, patience: float) -> str:
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(module, "PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")
    with waiting(3) as one_more:
        for _entry in range(3):
            one_more()
    return stderr.getvalue()


def test_it_shows_how_far_it_is_on_a_terminal_only_and_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "numerical derivatives" in shown(monkeypatch, Terminal(), -1.0)
    assert shown(monkeypatch, Terminal(), 100.0) == ""
    assert shown(monkeypatch, io.StringIO(), -1.0) == ""


def test_without_a_standard_error_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with waiting(1) as one_more:
        one_more()


def test_an_interrupted_check_leaves_the_terminal_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from autograd_ref import check_gradients

    terminal, calls = Terminal(), [0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "PATIENCE", -1.0)
    monkeypatch.setenv("TERM", "xterm")

    def loss(w: object) -> float:
        calls[0] += 1
        if calls[0] > 40:
            raise KeyboardInterrupt
        return float((np.asarray(w) ** 2).sum())

    with pytest.raises(KeyboardInterrupt):
        _ = check_gradients(lambda w: 2 * w, np.ones(9), loss=loss)
    hidden, back = "\x1b[?25l", "\x1b[?25h"
    assert terminal.getvalue().count(hidden) == terminal.getvalue().count(back) == 1
