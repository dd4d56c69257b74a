"""Work on several cores with results in order, and BLAS held to one thread meanwhile.

OpenBLAS adds in another order with another number of threads, and its threads would take the cores
from those that call it. Its setting is one for the whole process, the only one that changes here:
where several callers are inside at once, the first changes it and the last sets it back. (A BLAS
built on OpenMP has one for each thread; there the bits may depend on the number of threads.)
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, partial
from threading import Lock
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_lock = Lock()
_inside: list[int] = []
"""The process of each caller: one that has been forked does not wait for those it left behind."""
_held: dict[str, Callable[[], None]] = {}
"""By library, what sets it back."""


def usable_cores() -> int:
    """Return how many cores the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    work: Callable[[Task], Result], tasks: Sequence[Task], threads: int
) -> Generator[Result]:
    """Yield the result of each task; a few are under way or waiting, however many there are.

    The caller's NumPy settings hold in the threads. An error is raised in its turn, and ends what
    has not begun. (The caller sleeps meanwhile: Linux wakes a thread on the core of the one that
    wakes it, and two that work would take turns there.)
    """
    threads = min(threads, len(tasks))
    if threads == 1:
        yield from map(work, tasks)
        return
    pool = _pool(os.getpid(), threads)
    waiting: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(copy_context().run, work, task))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        _ = wait([future for future in waiting if not future.cancel()])


@cache
def _pool(_process: int, threads: int) -> ThreadPoolExecutor:
    """Return threads that wait for work; a forked process has none of its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix="manual_backprop")


@contextmanager
def one_blas_thread(owner: object) -> Generator[None]:
    """Hold BLAS to one thread until the last caller has left; `owner` has loaded what it calls."""
    try:
        with _lock:
            _inside.append(os.getpid())
            for library in _libraries(owner):
                set_threads = _setter(library)
                before = library.num_threads
                _ = _held.setdefault(library.filepath, partial(set_threads, before))
                set_threads(1)
        yield
    finally:
        with _lock:
            _inside.remove(os.getpid())
            while _held and os.getpid() not in _inside:
                _path, set_back = _held.popitem()
                set_back()


@cache
def _libraries(_owner: object) -> list[Any]:
    """Return every BLAS that is loaded; they are looked up once for each owner."""
    from threadpoolctl import ThreadpoolController  # where it is needed: importing takes a while

    found: Any = ThreadpoolController().select(user_api="blas")
    return found.lib_controllers


def _setter(library: Any) -> Callable[[int], None]:
    """Return the function that sets the threads; threadpoolctl's own serves one thread only."""
    return getattr(library, "_real_set_num_threads", library.set_num_threads)
