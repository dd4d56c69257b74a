"""A pool of threads that wait for work: starting one costs as much as a small gradient."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import TypeVar

import numpy as np

from manual_backprop.cores import go_to, other_cores

SOON = 5e-4
"""Seconds to wait for a thread before going to sleep; being woken takes a fifth of that."""

T = TypeVar("T")
Stopped = list[BaseException]
"""The errors so far; empty at first."""


def shared(
    tasks: Sequence[T], worker: Callable[[Iterator[T], Stopped], None], threads: int
) -> None:
    """Run the worker in this many threads, each taking tasks in turn until none is left.

    The first error of any worker stops all, and is raised. The caller works too, and does not wait
    for a thread that has not begun.
    """
    waiting = list(tasks)[::-1]
    stopped: Stopped = []

    def taken() -> Iterator[T]:
        with suppress(IndexError):  # nothing left
            while not stopped:
                yield waiting.pop()

    def work() -> None:
        try:
            worker(taken(), stopped)
        except BaseException as error:
            stopped.append(error)
            raise

    helpers: list[Helper] = []
    try:
        helpers = helped_by(threads - 1, work) if threads > 1 else []
        work()
    except BaseException as error:
        stopped.append(error)
        raise
    finally:
        for helper in helpers:
            helper.finish()
    if stopped:
        raise stopped[0]


def in_halves(count: int, of: Callable[[slice], None], threads: int) -> None:
    """Call `of` for each half of the rows, in two threads; the first half is a little longer."""

    def worker(halves: Iterator[slice], _stopped: Stopped) -> None:
        for half in halves:
            of(half)

    middle = count * 17 // 32  # the first thread begins first
    shared((slice(0, middle), slice(middle, count)), worker, threads)


class Helper:
    """Work for another thread."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._begun, self._ended = Lock(), Lock()
        _ = self._ended.acquire()

    def work(self) -> None:
        """Do the work unless another thread has begun it; errors are left to the work itself."""
        if self._begun.acquire(blocking=False):
            with suppress(BaseException):
                self._work()
            self._ended.release()

    def finish(self) -> None:
        """Wait until the work has ended; if it has not begun, make sure that it never does."""
        if self._begun.acquire(blocking=False):
            return
        soon = perf_counter() + SOON
        while self._ended.locked() and perf_counter() < soon:
            _ = np.dot(_ZEROS, _ZEROS)  # keeps the core awake, and does not hold Python's lock
        with self._ended:
            pass


_ZEROS = np.zeros((48, 48))


def helped_by(count: int, work: Callable[[], None]) -> list[Helper]:
    """Ask this many threads to do the work on other cores, with the caller's NumPy settings.

    They may come too late, or never begin if the system gives no more threads.
    """
    elsewhere = other_cores()

    def there() -> None:
        go_to(elsewhere)
        work()

    with suppress(RuntimeError):  # no more threads, or the interpreter is about to end
        while len(_threads) < count:
            thread = Thread(target=_serve, args=(_asked,), name="tiles", daemon=True)
            thread.start()
            _threads.append(thread)
    helpers = [Helper(partial(copy_context().run, there)) for _ in range(count)]
    for helper in helpers[: len(_threads)]:
        _asked.put(helper)
    return helpers


def _serve(asked: SimpleQueue[Helper]) -> None:
    while True:
        asked.get().work()


_threads: list[Thread] = []
_asked: SimpleQueue[Helper] = SimpleQueue()


def _in_child() -> None:
    """Empty the pool after a fork: the child has neither its threads nor their work."""
    global _asked  # noqa: PLW0603 - a process has one queue, and a child needs its own
    _threads.clear()
    _asked = SimpleQueue()


with suppress(AttributeError):  # not on every system
    os.register_at_fork(after_in_child=_in_child)
