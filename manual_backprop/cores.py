"""The cores on which threads run.

Linux often starts a thread on the core of the thread that woke it, and moves one of the two away
some milliseconds later. Until then they take turns while another core is idle, for longer than most
gradients take. So for short work every thread is pinned to a core.
"""

import ctypes
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache
from threading import local


def cores() -> int:
    """Return how many cores the calling thread may use."""
    return len(_allowed()) or os.cpu_count() or 1


def other_cores() -> set[int]:
    """Return the cores that the caller may use, without its current one if there are others."""
    return (_allowed() - {_here()}) or _allowed()


def go_to(cores: set[int]) -> None:
    """Move the calling thread to one of these cores for good, if the system can do that."""
    if cores and cores != getattr(_caller, "told", None):
        _caller.told = cores
        _go(cores)


@contextmanager
def staying_here() -> Generator[None]:
    """Pin the calling thread to its current core."""
    before, here = _allowed(), _here()
    if here is None or len(before) < 2:
        yield
        return
    try:
        _caller.before = before
        _go({here})
        yield
    finally:
        _go(before)
        _caller.before = None


_caller = local()


def _go(cores: set[int]) -> None:
    with suppress(OSError):
        os.sched_setaffinity(0, cores)


def _allowed() -> set[int]:
    """Return the caller's cores, as before it was pinned; none where the system does not say."""
    before: set[int] | None = getattr(_caller, "before", None)
    if before is not None:
        return before
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _here() -> int | None:
    """Return the caller's current core; None where the system does not say."""
    found = _sched_getcpu()
    return None if found is None else found()


@cache
def _sched_getcpu() -> Callable[[], int] | None:
    with suppress(OSError, TypeError):
        return getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return None
