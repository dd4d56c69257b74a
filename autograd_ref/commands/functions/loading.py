"""A user's own function: found by PATH.py:name or package.module:name, called as if it were theirs.

PATH.ipynb is a notebook, of which the cells are run that the name needs.
"""

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from autograd_ref.commands.functions.failures.said import notes_on, refusal
from autograd_ref.commands.functions.files.namespace import (
    Namespace,
    forget,
    load_namespace,
)
from autograd_ref.commands.functions.importing import UserCodeError, explained, found_in_module
from autograd_ref.commands.functions.world import entered, in_their_world, is_file


class Loaded(NamedTuple):
    """A function of the user's, ready to be called."""

    spec: str
    """Its file or module, a colon, and its name."""
    function: Callable[..., Any]
    notes: tuple[str, ...] = ()
    """Sentences on what else its file defines or fails at."""


def load(spec: str, start: Path | None = None, cells: str | None = None) -> Callable[..., Any]:
    """The function that `PATH.py:name` or `package.module:name` stands for, as `loaded` finds it.

    Raises:
        UserCodeError: there is no such function, or its file cannot define it.
    """
    return loaded(spec, start, cells).function


def loaded(spec: str, start: Path | None = None, cells: str | None = None) -> Loaded:
    """The function that `PATH.py:name` or `package.module:name` stands for, and notes on its file.

    The name may have dots: `Class.method`. When called, the function finds what it could import
    when it was loaded, prints to standard error, and cannot end the program. What its file fails
    at does not matter where the function does not need it.

    Args:
        spec: the file, notebook or module, a colon, and the name.
        start: the folder in which it is looked for; by default the current one, which a file that
            was loaded before may have changed.
        cells: the cells of a notebook that are run, as in 1,3-5; None is all that are needed.

    Raises:
        UserCodeError: there is no such function, or its file cannot define it.
    """
    target, _colon, name = spec.rpartition(":")
    if not target or not _is_dotted(name):
        raise UserCodeError(f"expected PATH.py:function, got {spec!r}")
    start = current_folder() if start is None else start
    if not is_file(target):
        if not _is_dotted(target):
            raise UserCodeError(
                f"expected PATH.py:function or package.module:function, got {spec!r}"
            )
        function, path = found_in_module(
            target, start, lambda module: _member(module, target, name)
        )
        return Loaded(spec, in_their_world(function, path))
    namespace = load_namespace(target, start, [name], cells)
    require_sound(namespace, name)
    with explained(target):
        module = namespace.module
        function = entered(lambda: _member(module, target, name), namespace.path)
    return Loaded(spec, in_their_world(function, namespace.path), notes_on(namespace, name))


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


def require_sound(namespace: Namespace, name: str = "") -> None:
    """Make sure that no failure of the file keeps a name, or without one every name, from it.

    Raises:
        UserCodeError: one does.
    """
    if error := refusal(namespace, name):
        forget(namespace)
        raise error


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
