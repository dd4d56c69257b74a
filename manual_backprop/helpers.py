"""Threads that wait for work: to make one costs as much as a small gradient."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from threading import local


def cores() -> int:
    """How many this process may use."""
    return len(_allowed()) or os.cpu_count() or 1


def helped_by(count: int, work: Callable[[], None]) -> list[Future[None]]:
    """So many helpers begin to do the work, each as the caller has told NumPy.

    They are fewer where the system gives no more threads, or the interpreter is about to end.
    """
    found: list[Future[None]] = []
    with suppress(RuntimeError):
        for _ in range(count):
            found.append(_pool().submit(copy_context().run, _elsewhere, _core(), work))
    return found


def _elsewhere(here: int | None, work: Callable[[], None]) -> None:
    """On another core than the caller's.

    Linux likes to begin both on the same one, where they take turns for some milliseconds until
    one of them is moved: longer than most gradients take.
    """
    elsewhere = (_allowed() - {here}) or _allowed()
    if elsewhere and elsewhere != getattr(_mine, "cores", None):
        _mine.cores = elsewhere
        with suppress(OSError):
            os.sched_setaffinity(0, elsewhere)
    work()


_mine = local()


def _allowed() -> set[int]:
    """Cores of the process; none where the system does not say."""
    return set(os.sched_getaffinity(os.getpid())) if hasattr(os, "sched_getaffinity") else set()


def _core() -> int | None:
    """Where this thread runs, as far as the system says."""
    found = _sched_getcpu()
    return None if found is None else found()


@cache
def _sched_getcpu() -> Callable[[], int] | None:
    with suppress(OSError, TypeError):
        return getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return None


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=256, thread_name_prefix="tiles")


with suppress(AttributeError):  # not on every system; a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
