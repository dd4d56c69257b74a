"""Limit BLAS to one thread while tiles use the cores, so results do not depend on their number.

The limit is the library's, for the whole process, as OpenBLAS in NumPy's wheels has it (a BLAS
built on OpenMP has one for each thread, and there the bits may depend on the number of threads).
Where several callers are inside at once, the first sets it and the last takes it back.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Lock
from typing import Any


class _Limit:
    def __init__(self) -> None:
        self.lock = Lock()
        self.before: list[int] = []
        self.inside: list[object] = []


_limit = _Limit()


@contextmanager
def one_blas_thread() -> Generator[None]:
    """Limit BLAS to one thread until the last caller has left the context."""
    me = object()
    try:
        with _limit.lock:
            if not _limit.inside:
                _limit.before = [library.num_threads for library in _libraries()]
            _limit.inside.append(me)
            for library in _libraries():
                _setter(library)(1)
        yield
    finally:
        with _limit.lock:
            _limit.inside = [other for other in _limit.inside if other is not me]
            _restore_if_empty()


def _restore_if_empty() -> None:
    if not _limit.inside:
        for library, threads in zip(_libraries(), _limit.before, strict=False):
            _setter(library)(threads)


def _in_child() -> None:
    """Lift the limit after a fork: callers that were inside do not exist in the child."""
    were_inside, _limit.lock = _limit.inside, Lock()
    _limit.inside = []
    if were_inside:
        _restore_if_empty()


with suppress(AttributeError):  # not on every system
    os.register_at_fork(after_in_child=_in_child)


@cache
def _libraries() -> list[Any]:
    """Return NumPy's BLAS and every other one that is loaded; they are looked up once."""
    from threadpoolctl import ThreadpoolController  # where it is needed: importing takes a while

    found: Any = ThreadpoolController().select(user_api="blas")
    return found.lib_controllers


def _setter(library: Any) -> Callable[[int], None]:
    """Return the function that sets the threads; threadpoolctl's own serves one thread only."""
    return getattr(library, "_real_set_num_threads", library.set_num_threads)
