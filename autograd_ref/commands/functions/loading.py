"""A user's own function: found by PATH.py:name or package.module:name, called as if it were theirs.

An error in it is shown as the traceback of their lines, and one line that says what to do.
"""

import contextlib
import difflib
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

from autograd_ref.commands.functions.world import (
    TimeUp,
    entered,
    in_their_world,
    their_traceback,
)
from autograd_ref.commands.options import Unusable


class UserCodeError(Unusable):
    """Code of the user's that cannot be used."""


def load(spec: str, start: Path | None = None) -> Callable[..., Any]:
    """The function that `PATH.py:name` or `package.module:name` stands for.

    A file is run once, however many of its functions are asked for, and can import what lies in
    its own folder; a module can be in the current folder. The name may have dots: `Class.method`.
    When called, the function finds what it could import when it was loaded, prints to standard
    error, and cannot end the program.

    Args:
        spec: the file or module, a colon, and the name.
        start: the folder in which it is looked for; by default the current one, which a file that
            was loaded before may have changed.

    Raises:
        UserCodeError: there is no such function, or its file does not import.
    """
    target, _colon, name = spec.rpartition(":")
    if not target or not _is_dotted(name):
        raise UserCodeError(f"expected PATH.py:function, got {spec!r}")
    is_file = target.endswith(".py")
    if not is_file and not _is_dotted(target):
        raise UserCodeError(f"expected PATH.py:function or package.module:function, got {spec!r}")
    start = current_folder() if start is None else start
    file = Path(os.path.realpath(start / target))
    path = [str(file.parent if is_file else start), *sys.path]

    def found() -> Callable[..., Any]:
        module = _from_file(file, target) if is_file else _from_name(target)
        return _member(module, target, name)

    with _explained(target):
        function = entered(found, path)
    return in_their_world(function, path)


def functions_of(target: str, start: Path) -> dict[str, Callable[..., Any]]:
    """The public functions that a file defines, by name, in its order; it is run once.

    Args:
        target: the file.
        start: the folder in which it is looked for.

    Raises:
        UserCodeError: the file does not import.
    """
    file = Path(os.path.realpath(start / target))
    with _explained(target):
        module = entered(lambda: _from_file(file, target), [str(file.parent), *sys.path])
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isroutine(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def require_arguments(function: Callable[..., Any], spec: str, names: list[str]) -> None:
    """Make sure that the function can be called with these arguments, in this order.

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
        file, _colon, name = spec.rpartition(":")
        if next(iter(signature.parameters), "") == "self":
            owner, _dot, method = name.rpartition(".")
            raise UserCodeError(
                f"{name} is a method: make an object in the file (network = {owner}()) and name"
                f" {file}:network.{method}"
            ) from None
        raise UserCodeError(
            f"{spec} takes {signature}; it is called as {name}({', '.join(names)})"
        ) from None


def current_folder() -> Path:
    """The current folder.

    Raises:
        UserCodeError: it has been removed.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UserCodeError("the current folder is gone; go to one that is there") from None


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _from_file(file: Path, target: str) -> ModuleType:
    """Run a file as its import would, but for the cache that an import leaves beside it."""
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
    """Turn any exception raised while their code is imported into a UserCodeError."""
    try:
        yield
    except UserCodeError:
        raise
    except SystemExit as error:
        advice = "put the code that runs it under: if __name__ == '__main__'"
        raise UserCodeError(
            f"{target} ends the program when it is imported; {advice}", their_traceback(error)
        ) from None
    except (KeyboardInterrupt, TimeUp):
        raise
    except BaseException as error:
        kind = type(error).__name__
        raise UserCodeError(
            f"cannot import {target} ({kind}); {_remedy(error)}", their_traceback(error)
        ) from None


def _remedy(error: BaseException) -> str:
    """A remedy for an exception that was raised while a file was imported."""
    if isinstance(error, EOFError):
        return (
            "it reads standard input, which is empty here; put the code that reads it under:"
            " if __name__ == '__main__'"
        )
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "it is part of a package: name it as package.module:function"
    if isinstance(error, ImportError):
        return "fix the error above, or install the package that it names"
    return "fix the error above"


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
