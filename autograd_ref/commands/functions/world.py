"""A user's code called as if it were theirs, and the traceback of their own lines."""

import contextlib
import functools
import sys
import sysconfig
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

PACKAGES = [Path(__file__).parents[2], Path(__file__).parents[3] / "manual_backprop"]
"""Our own: left out of the tracebacks of a user's code."""

INSTALLED = {"site-packages", "dist-packages"}


@contextlib.contextmanager
def their_world(path: list[str]) -> Generator[None]:
    """Import from this path, and keep what they add to it; their prints go to standard error."""
    before = sys.path[:]
    sys.path[:] = path
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        path[:] = sys.path
        sys.path[:] = before


def in_their_world(function: Callable[..., Any], path: list[str]) -> Callable[..., Any]:
    """The function, which imports from this path when called, and cannot end the program."""

    def call(*arguments: object) -> object:
        with their_world(path):
            try:
                return function(*arguments)
            except SystemExit as error:
                raise RuntimeError("the function ended the program") from error

    return functools.update_wrapper(call, function, updated=())


def raised_by_user(error: BaseException) -> bool:
    """True if the exception comes out of a function called in its own world."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_filename == __file__ for frame, _line in frames)


def their_traceback(error: BaseException) -> str:
    """The traceback of an exception through the user's own files alone."""
    trace = traceback.TracebackException.from_exception(error)
    _trim(trace)
    return "".join(trace.format())


def line_reached(error: BaseException) -> int:
    """The line of the loaded function itself at which an exception left it."""
    frames = list(traceback.walk_tb(error.__traceback__))
    entered = [i for i, (frame, _line) in enumerate(frames) if frame.f_code.co_filename == __file__]
    inside = frames[entered[-1] + 1 :] if entered else []
    return inside[0][1] if inside else 0


def _trim(trace: traceback.TracebackException) -> None:
    entered = [i for i, frame in enumerate(trace.stack) if frame.filename == __file__]
    inside = trace.stack[entered[-1] + 1 :] if entered else trace.stack
    trace.stack = traceback.StackSummary.from_list([f for f in inside if _is_theirs(f)])
    for other in (trace.__cause__, trace.__context__, *(trace.exceptions or ())):
        if other is not None:
            _trim(other)


def _is_theirs(frame: traceback.FrameSummary) -> bool:
    if frame.filename.startswith("<frozen "):
        return False
    file = Path(frame.filename)
    others = [*PACKAGES, Path(sysconfig.get_path("stdlib"))]
    return not (INSTALLED & set(file.parts) or any(file.is_relative_to(o) for o in others))
