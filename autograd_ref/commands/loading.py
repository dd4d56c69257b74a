"""A user's own function: found by PATH.py:name or package.module:name, and called in its own world.

What goes wrong in there is theirs to see: the traceback of their lines, and one line of what to do.
"""

import contextlib
import difflib
import functools
import importlib
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = [Path(__file__).parents[1], Path(__file__).parents[2] / "manual_backprop"]
"""Ours: no traceback of somebody else's code needs to show them."""

INSTALLED = {"site-packages", "dist-packages"}


class UserCodeError(Exception):
    """Code of the user's that cannot be used; its text is one line that says what to do.

    Attributes:
        trace: the traceback of their own lines; empty where none of them was reached.
    """

    def __init__(self, advice: str, trace: str = "") -> None:
        super().__init__(advice)
        self.trace = trace


def load(spec: str) -> Callable[..., Any]:
    """The function that `PATH.py:name` or `package.module:name` stands for.

    A file is run once, however many of its functions are asked for, and can import what lies in
    its own folder; a module can be in the current folder. The name may have dots: `Class.method`.
    When called, the function finds what it could import when it was loaded, prints to standard
    error, and cannot end the program.

    Args:
        spec: the file or module, a colon, and the name.

    Raises:
        UserCodeError: there is no such function, or its file does not import.
    """
    target, _colon, name = spec.rpartition(":")
    if not target or not _is_dotted(name):
        raise UserCodeError(f"{spec!r} names no function; it needs PATH.py:function")
    is_file = target.endswith(".py")
    if not is_file and not _is_dotted(target):
        raise UserCodeError(f"{target!r} is neither a file that ends in .py nor a module's name")
    folder = Path(target).resolve().parent if is_file else Path.cwd()
    path = [str(folder), *sys.path]
    with _their_world(path), _explained(target):
        module = _from_file(target) if is_file else _from_name(target)
        function = _member(module, target, name)
    return _in_their_world(function, path)


def require_arguments(function: Callable[..., Any], spec: str, names: list[str]) -> None:
    """Make sure that the function can be called with so many arguments, in this order.

    Raises:
        UserCodeError: it takes more or fewer.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:  # some that are written in C do not say
        return
    try:
        signature.bind(*names)
    except TypeError:
        raise UserCodeError(
            f"{spec} takes {signature}; it is called as {spec.rpartition(':')[2]}"
            f"({', '.join(names)})"
        ) from None


def raised_by_user(error: BaseException) -> bool:
    """Whether an exception comes out of a function that was loaded here."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_filename == __file__ for frame, _line in frames)


def their_traceback(error: BaseException) -> str:
    """The traceback of an exception as the user's own files have it, without anybody else's."""
    trace = traceback.TracebackException.from_exception(error)
    _trim(trace)
    return "".join(trace.format())


def line_reached(error: BaseException) -> int:
    """The line of the function itself, as it was loaded here, at which an exception left it."""
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


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


@contextlib.contextmanager
def _their_world(path: list[str]) -> Generator[None]:
    """Import from this path, and keep what they add to it; what they print is no result of ours."""
    before = sys.path[:]
    sys.path[:] = path
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        path[:] = sys.path
        sys.path[:] = before


def _in_their_world(function: Callable[..., Any], path: list[str]) -> Callable[..., Any]:
    def call(*arguments: object) -> object:
        with _their_world(path):
            try:
                return function(*arguments)
            except SystemExit as error:
                raise RuntimeError("the function ended the program") from error

    return functools.update_wrapper(call, function, updated=())


def _from_file(target: str) -> ModuleType:
    """Run a file as its import would, but for the cache that an import leaves beside it."""
    file = Path(target).resolve()
    name = file.stem
    if name in sys.modules:
        if getattr(sys.modules[name], "__file__", None) == str(file):
            return sys.modules[name]
        name = str(file)  # another module has the shorter name
        if name in sys.modules:
            return sys.modules[name]
    module = ModuleType(name)
    module.__file__, module.__package__ = str(file), ""
    code = compile(_source(file, target), str(file), "exec", dont_inherit=True)
    sys.modules[name] = module  # dataclasses and pickle look for their module there
    try:
        exec(code, vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _source(file: Path, target: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserCodeError(f"cannot read {target}: {error.strerror}") from None


def _from_name(target: str) -> ModuleType:
    try:
        return importlib.import_module(target)
    except ModuleNotFoundError as error:
        # not where a module of theirs looks for another one in vain
        if error.name is None or not f"{target}.".startswith(f"{error.name}."):
            raise
        raise UserCodeError(
            f"there is no module {error.name}, neither in the current folder nor installed"
        ) from None


@contextlib.contextmanager
def _explained(target: str) -> Generator[None]:
    """Anything that happens while their code is imported, as a UserCodeError."""
    try:
        yield
    except UserCodeError:
        raise
    except SystemExit as error:
        advice = "put what is to run under: if __name__ == '__main__'"
        raise UserCodeError(
            f"{target} ends the program when it is imported; {advice}", their_traceback(error)
        ) from None
    except Exception as error:
        kind = type(error).__name__
        advice = "what the error names needs to be put right, or installed"
        if isinstance(error, ImportError) and "relative import" in str(error):
            advice = "it is part of a package: name it as package.module:function"
        raise UserCodeError(
            f"{target} does not import ({kind}); {advice}", their_traceback(error)
        ) from None


def _member(module: ModuleType, target: str, name: str) -> Callable[..., Any]:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise UserCodeError(f"{target} has no {name}{_did_you_mean(found, part)}")
        found = getattr(found, part)
    if not callable(found):
        raise UserCodeError(
            f"{target}:{name} is of type {type(found).__name__}; it needs to be a function"
        )
    return found


def _did_you_mean(owner: object, name: str) -> str:
    callables = [other for other in dir(owner) if callable(getattr(owner, other))]
    close = difflib.get_close_matches(name, callables)
    return f"; did you mean {' or '.join(close)}?" if close else "; check the name"
