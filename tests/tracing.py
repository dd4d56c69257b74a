"""Coverage's tracing, which doubles the time of a test, and how to do without it for a while."""

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

PROCESSES = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells the processes that a test starts to trace themselves."""

PACKAGES = "autograd_ref", "manual_backprop"
CACHED = type(cache(len))
_SUSPENDED: list[None] = []
"""As many as there are blocks without tracing around what runs now."""


def is_traced(item: pytest.Item) -> bool:
    """Tell whether coverage traces a test: by its marks, or by the cases that `traced` names."""
    if any(item.get_closest_marker(name) for name in ("long", "untraced")):
        return False
    cases = item.get_closest_marker("traced")
    return cases is None or item.name.partition("[")[2].removesuffix("]") in cases.args


@contextmanager
def untraced() -> Generator[None]:
    """Run what is within without tracing, its threads and the processes that it starts too."""
    tracer, in_threads = sys.gettrace(), threading.gettrace()
    in_processes = os.environ.pop(PROCESSES, None)
    _SUSPENDED.append(None)
    _stop()
    try:
        yield
    finally:
        _ = _SUSPENDED.pop()
        sys.settrace(tracer)
        threading.settrace(in_threads)
        if in_processes is not None:
            os.environ[PROCESSES] = in_processes
        for function in _cached(len(sys.modules)):
            function.cache_clear()  # or the tests that are traced would not run its lines


def _stop() -> None:
    sys.settrace(None)
    threading.settrace(None)


if sys.platform != "win32":
    import posix

    def _stop_in_child() -> None:
        """In a forked process coverage has started anew, and would save its data at the end."""
        if _SUSPENDED:
            _stop()
            os._exit = posix._exit  # pyright: ignore[reportPrivateUsage]

    os.register_at_fork(after_in_child=_stop_in_child)


@cache
def _cached(_loaded: int) -> list[Any]:
    """The functions of both packages that remember their results."""
    ours = [module for name, module in [*sys.modules.items()] if name.startswith(PACKAGES)]
    found = {id(value): value for module in ours for value in vars(module).values()}
    return [value for value in found.values() if isinstance(value, CACHED)]
