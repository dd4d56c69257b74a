"""Where threads run: on another core than their caller's, where the system can tell."""

import ctypes
import os
from contextlib import nullcontext
from threading import Event
from typing import Any

import pytest

from manual_backprop import cores
from manual_backprop.helpers import helped_by

needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="the system does not say"
)


AT_FIRST = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()
"""Before any test has run, one of which might have left the caller on one core."""


@needs_affinity
@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("known", [True, False])
def test_a_helper_keeps_off_the_core_of_its_caller(
    monkeypatch: pytest.MonkeyPatch, *, known: bool, stays: bool
) -> None:
    allowed = os.sched_getaffinity(0)
    here = min(allowed) if known else None
    found: list[set[int]] = []
    monkeypatch.setattr(cores, "_here", lambda: here)
    done = Event()

    def look() -> None:
        found.append(os.sched_getaffinity(0))
        done.set()

    for _call in range(2):
        done.clear()
        with cores.staying_here() if stays else nullcontext():
            (helper,) = helped_by(1, look)
            assert done.wait(10)
            helper.finish()
    assert found == 2 * [(allowed - {here}) or allowed]
    assert os.sched_getaffinity(0) == allowed, "the caller stays where it may be"


@needs_affinity
def test_the_caller_stays_on_its_core_for_as_long_as_it_says() -> None:
    before, count = AT_FIRST, cores.cores()

    @cores.staying_here()
    def fails() -> None:
        within = os.sched_getaffinity(0)
        assert len(within) == 1
        assert within <= before
        assert cores.cores() == count, "so many could help, still"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert os.sched_getaffinity(0) == before


@needs_affinity
def test_with_one_core_there_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(cores, "_here", lambda: 3)
    with cores.staying_here():
        assert cores.other_cores() == {3}
    assert calls == []


def test_a_core_that_is_gone_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: Any) -> None:
        raise OSError("no such core")

    monkeypatch.setattr(os, "sched_setaffinity", refused, raising=False)
    cores.go_to({10_000, 10_001})


def test_where_the_system_says_nothing_there_is_still_a_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_arguments: Any) -> None:
        raise OSError("no such library")

    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(ctypes, "CDLL", missing)
    cores._sched_getcpu.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        assert cores.cores() == (os.cpu_count() or 1)
        assert cores.other_cores() == set()
        with cores.staying_here():
            cores.go_to(set())
    finally:
        cores._sched_getcpu.cache_clear()  # pyright: ignore[reportPrivateUsage]
