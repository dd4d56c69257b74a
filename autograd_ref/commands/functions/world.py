"""A user's code run as if it were theirs, and the places in it that a message can name."""

import contextlib
import functools
import io
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TypeVar

PACKAGES = [Path(__file__).parents[2], Path(__file__).parents[3] / "manual_backprop"]
"""Our own: left out of the tracebacks of a user's code."""

INSTALLED = {"site-packages", "dist-packages"}

NOTEBOOK = ".ipynb"
IN_CELL = f"{NOTEBOOK}, cell "
"""Within the name that the code of a notebook's cell has in tracebacks."""

Result = TypeVar("Result")


class TimeUp(BaseException):
    """The time that --timeout allows is over; no handler of a user's means this one."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"--timeout {seconds:g}: the time is over")


class UserPlace(NamedTuple):
    """A line of the user's that is running, or was when an exception left it."""

    file: str
    line: int
    function: str
    importing: bool
    """True while the file is imported."""
    since: float
    """When their code was entered, by time.monotonic."""

    @property
    def in_notebook(self) -> bool:
        """True while a cell of a notebook is run, and not what it has defined."""
        return self.importing and IN_CELL in self.file

    def __str__(self) -> str:
        """The file, the line and the function, as a sentence continues."""
        inside = "" if self.function == "<module>" else f", in {self.function}"
        line = ", line " if IN_CELL in self.file else ":"
        return f"{self.file}{line}{self.line}{inside}"


def is_file(target: str) -> bool:
    """True for the name of a file or notebook, false for that of a module."""
    return target.endswith((".py", NOTEBOOK))


def entered(action: Callable[[], Result], path: list[str]) -> Result:
    """The result of an action of the user's code, in its own world.

    Their imports come from this path, which keeps what they add to it; they print to standard
    error; nobody types for them, so that standard input is empty unless it is a terminal.
    """
    since = time.monotonic()  # read from this frame, by place_in
    before = sys.path[:], sys.stdin, sys.stdout, sys.stderr
    sys.path[:] = path
    sys.stdin, sys.stdout = _their_input(), sys.stderr
    try:
        return action()
    finally:
        path[:] = sys.path
        sys.path[:], sys.stdin, sys.stdout, sys.stderr = before
        del since


def in_their_world(function: Callable[..., Any], path: list[str]) -> Callable[..., Any]:
    """The function, which imports from this path when called, and cannot end the program."""

    def call(*arguments: object) -> object:
        try:
            return entered(lambda: function(*arguments), path)
        except (Exception, KeyboardInterrupt, TimeUp):
            raise
        except SystemExit as error:
            raise RuntimeError("the function ended the program") from error
        except BaseException as error:
            kind = type(error).__name__
            raise RuntimeError(f"the function raised {kind}, which is no Exception") from error

    return functools.update_wrapper(call, function, updated=())


def raised_by_user(error: BaseException) -> bool:
    """True if the exception comes out of a function called in its own world, or of an object.

    What it returned has code of its own: a table may raise when it is read.
    """
    files = [f.f_code.co_filename for f, _line in traceback.walk_tb(error.__traceback__)]
    last = next((f for f in reversed(files) if _is_ours(f) or _is_theirs(f)), "")
    return __file__ in files or _is_theirs(last)


def place_raised(error: BaseException) -> UserPlace | None:
    """The innermost line of the user's that an exception left; None where it left none."""
    return _innermost(traceback.walk_tb(error.__traceback__))


def place_in(frame: FrameType | None) -> UserPlace | None:
    """The innermost line of the user's that a frame runs; None where it runs none."""
    return _innermost(reversed(list(traceback.walk_stack(frame)))) if frame else None


def their_traceback(error: BaseException) -> str:
    """The traceback of an exception through the user's own files alone."""
    trace = traceback.TracebackException.from_exception(error)
    _trim(trace)
    return "".join(trace.format())


def line_reached(error: BaseException) -> int:
    """The line of the loaded function itself at which an exception left it."""
    frames = list(traceback.walk_tb(error.__traceback__))
    inside = frames[_last_entry([frame.f_code.co_filename for frame, _line in frames]) :]
    return inside[0][1] if inside else 0


def _their_input() -> Any:
    """Standard input where somebody can type; otherwise it may be a list that others read."""
    with contextlib.suppress(AttributeError, ValueError):  # there is none, or it is closed
        if sys.stdin.isatty():
            return sys.stdin
    return io.StringIO()


def _innermost(frames: Iterable[tuple[FrameType, int]]) -> UserPlace | None:
    """The last of these frames that is the user's, and was entered from here."""
    since: float | None = None
    found: tuple[str, int, str] | None = None
    importing = False
    for frame, line in frames:
        code = frame.f_code
        if code is entered.__code__:
            since, found, importing = frame.f_locals.get("since", 0.0), None, False
        elif since is not None and _is_theirs(code.co_filename):
            found = code.co_filename, line, code.co_name
            importing = importing or code.co_name == "<module>"
    return None if since is None or found is None else UserPlace(*found, importing, since)


def _trim(trace: traceback.TracebackException) -> None:
    first = _last_entry([frame.filename for frame in trace.stack])
    inside = [frame for frame in trace.stack[first:] if _is_theirs(frame.filename)]
    trace.stack = traceback.StackSummary.from_list(inside)
    for other in (trace.__cause__, trace.__context__, *(trace.exceptions or ())):
        if other is not None:
            _trim(other)


def _last_entry(files: list[str]) -> int:
    """The index after the last frame of this file, from which their code was entered."""
    return 1 + max((i for i, file in enumerate(files) if file == __file__), default=-1)


def _is_ours(file: str) -> bool:
    return any(Path(file).is_relative_to(package) for package in PACKAGES)


def _is_theirs(file: str) -> bool:
    if not file or file.startswith("<"):  # the import system's, or made while it runs
        return False
    path = Path(file)
    installed = INSTALLED & set(path.parts) or path.is_relative_to(sysconfig.get_path("stdlib"))
    return not installed and not _is_ours(file)
