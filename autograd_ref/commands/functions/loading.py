"""A user's own function: found by PATH.py:name or package.module:name, called as if it were theirs.

An error in it is shown as the traceback of their lines, and one line that says what to do.
"""

import contextlib
import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

from autograd_ref.commands.functions.world import in_their_world, their_traceback, their_world
from autograd_ref.commands.options import Unusable


class UserCodeError(Unusable):
    """Code of the user's that cannot be used."""


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
        raise UserCodeError(f"expected PATH.py:function, got {spec!r}")
    is_file = target.endswith(".py")
    if not is_file and not _is_dotted(target):
        raise UserCodeError(f"expected PATH.py:function or package.module:function, got {spec!r}")
    path = [str(_folder_of(target) if is_file else Path.cwd()), *sys.path]
    with their_world(path), _explained(target):
        module = _from_file(target) if is_file else _from_name(target)
        function = _member(module, target, name)
    return in_their_world(function, path)


def functions_of(target: str) -> dict[str, Callable[..., Any]]:
    """The public functions that a file defines, by name, in its order; it is run once.

    Raises:
        UserCodeError: the file does not import.
    """
    with their_world([str(_folder_of(target)), *sys.path]), _explained(target):
        module = _from_file(target)
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


def _folder_of(file: str) -> Path:
    return Path(file).resolve().parent


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


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
    except Exception as error:
        kind = type(error).__name__
        advice = "fix the error above, or install the package that it names"
        if isinstance(error, ImportError) and "relative import" in str(error):
            advice = "it is part of a package: name it as package.module:function"
        raise UserCodeError(
            f"cannot import {target} ({kind}); {advice}", their_traceback(error)
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
