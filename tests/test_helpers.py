"""Threads that wait for work, and share it with their caller."""

import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from manual_backprop import helpers
from manual_backprop.helpers import Helper, Stopped, helped_by, in_halves, shared


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_every_task_is_done_once(count: int, threads: int) -> None:
    done: list[int] = []

    def worker(tasks: Iterator[int], _stopped: Stopped) -> None:
        done.extend(tasks)

    shared(range(count), worker, threads)
    assert sorted(done) == list(range(count))


@pytest.mark.parametrize("pause", [0.0, 3 * helpers.SOON])
def test_two_work_at_the_same_time(pause: float) -> None:
    """And whoever is last is waited for, long or not."""
    both, mine, ended = threading.Barrier(2, timeout=10), threading.get_ident(), list[int]()

    def worker(tasks: Iterator[int], _stopped: Stopped) -> None:
        for task in tasks:
            _ = both.wait()
            if threading.get_ident() != mine:
                time.sleep(pause)
            ended.append(task)

    shared(range(2), worker, 2)
    assert sorted(ended) == [0, 1]


@pytest.mark.parametrize("fails", ["caller", "helper"])
def test_the_first_error_stops_all_and_is_raised(fails: str) -> None:
    both, mine, begun = threading.Barrier(2, timeout=10), threading.get_ident(), list[int]()

    def worker(tasks: Iterator[int], stopped: Stopped) -> None:
        for task in tasks:
            begun.append(task)
            if task < 2:
                _ = both.wait()
            if (threading.get_ident() == mine) == (fails == "caller"):
                raise ZeroDivisionError("mine")
            while not stopped:
                time.sleep(0)

    with pytest.raises(ZeroDivisionError, match="mine"):
        shared(range(9), worker, 2)
    assert sorted(begun) == [0, 1]


def test_an_interrupt_while_helpers_are_asked_stops_them(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended, real = threading.Event(), threading.Event(), helped_by

    def interrupted(count: int, work: Any) -> Any:
        _ = real(count, work)
        assert begun.wait(10)
        raise KeyboardInterrupt

    def worker(_tasks: Iterator[int], stopped: Stopped) -> None:
        begun.set()
        while not stopped:
            time.sleep(0)
        ended.set()

    monkeypatch.setattr(helpers, "helped_by", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shared(range(2), worker, 2)
    assert ended.wait(10)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_halves_are_of_all(count: int, threads: int) -> None:
    rows = [0] * count

    def of(half: slice) -> None:
        rows[half] = [row + 1 for row in rows[half]]

    in_halves(count, of, threads)
    assert rows == [1] * count


def test_who_comes_too_late_does_nothing() -> None:
    done: list[int] = []
    late = Helper(lambda: done.append(1))
    late.finish()
    late.work()
    assert done == []


@pytest.fixture
def none_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "_threads", [])
    monkeypatch.setattr(helpers, "_asked", SimpleQueue())


@pytest.mark.usefixtures("none_yet")
def test_without_another_thread_the_caller_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    done: list[int] = []

    def worker(tasks: Iterator[int], _stopped: Stopped) -> None:
        done.extend(tasks)

    shared(range(5), worker, 3)
    assert done == list(range(5))
    assert helpers._asked.empty()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.usefixtures("none_yet")
def test_a_forked_child_begins_anew() -> None:
    found: SimpleQueue[int] = SimpleQueue()

    def one() -> int:
        (helper,) = helped_by(1, lambda: found.put(threading.get_ident()))
        identity = found.get(timeout=10)
        helper.finish()
        return identity

    first = one()
    assert one() == first
    helpers._in_child()  # pyright: ignore[reportPrivateUsage]
    assert one() != first, "the parent's thread would not be there"
