"""Where threads run.

Linux likes to begin a thread on the core of whoever woke it, and to fetch one there; some
milliseconds later it moves one of the two away again. Until then they take turns, while another
core is idle: longer than most gradients take. So for short work everybody is told where to be.
"""

import ctypes
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache
from threading import local


def cores() -> int:
    """How many the caller may use."""
    return len(_allowed()) or os.cpu_count() or 1


def other_cores() -> set[int]:
    """Those that the caller may use but the one where it is; that too, where it is the only one."""
    return (_allowed() - {_here()}) or _allowed()


def go_to(cores: set[int]) -> None:
    """The caller runs on one of them from now on, if the system can do that."""
    if cores and cores != getattr(_caller, "told", None):
        _caller.told = cores
        _go(cores)


@contextmanager
def staying_here() -> Generator[None]:
    """The caller stays on the core where it is."""
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
    """Of the caller, before it was told to stay; none where the system does not say."""
    before: set[int] | None = getattr(_caller, "before", None)
    if before is not None:
        return before
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _here() -> int | None:
    """Where the caller runs, as far as the system says."""
    found = _sched_getcpu()
    return None if found is None else found()


@cache
def _sched_getcpu() -> Callable[[], int] | None:
    with suppress(OSError, TypeError):
        return getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return None
