"""Threads that wait for work: on another core than their caller's, where the system can tell."""

import ctypes
import os
from typing import Any

import pytest

from manual_backprop import helpers


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not say")
@pytest.mark.parametrize("known", [True, False])
def test_a_helper_keeps_off_the_core_of_its_caller(
    monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    allowed = os.sched_getaffinity(0)
    here = min(allowed) if known else None
    found: list[set[int]] = []
    monkeypatch.setattr(helpers, "_core", lambda: here)
    for _call in range(2):
        (helper,) = helpers.helped_by(1, lambda: found.append(os.sched_getaffinity(0)))
        helper.result(10)
    assert found == 2 * [(allowed - {here}) or allowed]
    assert os.sched_getaffinity(0) == allowed, "the caller stays where it may be"


def test_a_core_that_is_gone_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: Any) -> None:
        raise OSError("no such core")

    monkeypatch.setattr(helpers, "_allowed", lambda: {10_000, 10_001})
    monkeypatch.setattr(os, "sched_setaffinity", refused, raising=False)
    done: list[int] = []
    (helper,) = helpers.helped_by(1, lambda: done.append(1))
    helper.result(10)
    assert done == [1]


def test_where_the_system_says_nothing_helpers_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: Any) -> None:
        raise OSError("no such library")

    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(ctypes, "CDLL", missing)
    helpers._sched_getcpu.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        assert helpers.cores() == (os.cpu_count() or 1)
        done: list[int] = []
        (helper,) = helpers.helped_by(1, lambda: done.append(1))
        helper.result(10)
        assert done == [1]
    finally:
        helpers._sched_getcpu.cache_clear()  # pyright: ignore[reportPrivateUsage]


def test_without_another_thread_there_is_no_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended:
        def submit(self, *_arguments: Any) -> None:
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr(helpers, "_pool", Ended)
    assert helpers.helped_by(2, lambda: None) == []


def test_what_work_raises_comes_back() -> None:
    def fails() -> None:
        raise ZeroDivisionError("mine")

    (helper,) = helpers.helped_by(1, fails)
    with pytest.raises(ZeroDivisionError, match="mine"):
        helper.result(10)
