"""Work on several cores with results in order, and BLAS held to one thread meanwhile.

OpenBLAS adds in another order with another number of threads, and its threads would take the cores
from those that call it. Its setting is one for the whole process, the only one that changes here:
where several callers are inside at once, the first changes it and the last sets it back. (A BLAS
built on OpenMP has one for each thread; there the bits may depend on the number of threads.)
"""

import os
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, partial
from queue import SimpleQueue
from threading import Lock
from typing import Any, TypeAlias, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

Queue: TypeAlias = SimpleQueue[tuple[Future[Any], Any] | None]
"""Tasks, each with the future that gets its result; None ends the thread that takes it."""

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
    has not begun. (The caller sleeps meanwhile, and the threads are new: Linux wakes one that has
    slept on the core where it ran last, or on that of the one that wakes it, though another core
    is idle. Python's Thread would wait for each to have begun.)
    """
    threads, running = min(threads, len(tasks)), 0
    if threads == 1:
        yield from map(work, tasks)
        return
    to_do: Queue = SimpleQueue()
    waiting: deque[Future[Result]] = deque()
    try:
        for number, task in enumerate(tasks):
            waiting.append(Future())
            to_do.put((waiting[-1], task))
            if number < threads:
                running += _is_started(copy_context().run, work_off, work, to_do)
            if not running:  # the system gives no more threads
                work_off(work, _and_end(to_do, 1))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        _ = _and_end(to_do, running)  # now: to wake them when all is done would take a core
        while waiting:
            yield waiting.popleft().result()
    finally:
        _ = wait([future for future in waiting if not future.cancel()])
        _ = _and_end(to_do, running)


def _and_end(to_do: Queue, count: int) -> Queue:
    """Tell so many threads to end when they have come to here."""
    for _thread in range(count):
        to_do.put(None)
    return to_do


def _is_started(function: Callable[..., object], *arguments: object) -> bool:
    """Start a thread, without waiting until it has begun."""
    try:
        _ = start_new_thread(function, arguments)
    except RuntimeError:
        return False
    return True


def work_off(work: Callable[[Task], Result], to_do: Queue) -> None:
    """Do what is in the queue until it says None."""
    while (begun := to_do.get()) is not None:
        future, task = begun
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(work(task))
            except BaseException as error:  # raised where the result is read
                future.set_exception(error)
        del begun, future  # or this thread would keep a result until the next one is there


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
