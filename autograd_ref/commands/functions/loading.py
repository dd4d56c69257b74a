"""A user's own function: found by PATH.py:name or package.module:name, called as if it were theirs.

`PATH.py` alone stands for the only function in it that can be meant.
"""

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from autograd_ref.commands.functions.importing import UserCodeError, found_in
from autograd_ref.commands.functions.world import in_their_world

ARGUMENTS = ["parameters", "X", "Y"]
"""The arguments of a gradient of the built-in network."""


def load(spec: str, start: Path | None = None) -> Callable[..., Any]:
    """The function that `PATH.py:name` or `package.module:name` stands for.

    The name may have dots: `Class.method`. When called, the function finds what it could import
    when it was loaded, prints to standard error, and cannot end the program.

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
    if not target.endswith(".py") and not _is_dotted(target):
        raise UserCodeError(f"expected PATH.py:function or package.module:function, got {spec!r}")
    start = current_folder() if start is None else start
    function, path = found_in(target, start, lambda module: _member(module, target, name))
    return in_their_world(function, path)


def load_gradient(spec: str, start: Path) -> tuple[str, Callable[..., Any]]:
    """The gradient of the built-in network that a spec stands for, after the spec with its name.

    Raises:
        UserCodeError: there is no such function, or its file does not import.
    """
    if spec.endswith(".py"):
        spec = f"{spec}:{_only_gradient(spec, start)}"
    function = load(spec, start)
    require_arguments(function, spec, ARGUMENTS)
    return spec, function


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


def _only_gradient(file: str, start: Path) -> str:
    """The name of the only function of a file that takes (parameters, X, Y).

    Raises:
        UserCodeError: there is none in the file, or several.
    """
    found, _path = found_in(file, start, _functions_of)
    fitting = [name for name, function in found.items() if _takes_a_problem(function)]
    if len(fitting) == 1:
        return fitting[0]
    expected = f"expected PATH.py:function; {file} has"
    if fitting:
        raise UserCodeError(f"{expected}: {', '.join(fitting)}")
    others = f", but {', '.join(found)}" if found else ""
    raise UserCodeError(
        f"{expected} no function that takes (parameters, X, Y){others}; a method is named"
        " PATH.py:object.method"
    )


def _functions_of(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The public functions that a module defines, by name, in its order."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isroutine(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def _takes_a_problem(function: Callable[..., Any]) -> bool:
    try:
        require_arguments(function, "", ARGUMENTS)
    except UserCodeError:
        return False
    return True


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


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
