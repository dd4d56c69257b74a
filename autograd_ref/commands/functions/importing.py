"""A user's file or module, imported as if it were theirs.

An error in it is shown as the traceback of their lines, and one line that says what to do.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from autograd_ref.commands.functions.world import TimeUp, entered, their_traceback
from autograd_ref.commands.options import Unusable

Found = TypeVar("Found")


class UserCodeError(Unusable):
    """Code of the user's that cannot be used."""


def found_in(
    target: str, start: Path, find: Callable[[ModuleType], Found]
) -> tuple[Found, list[str]]:
    """The result of a search in a file or module, and the path that its code imports from.

    A file is run once, however many searches there are in it, and can import what lies in its own
    folder; a module can be in the folder to start from.

    Args:
        target: the file, whose name ends in .py, or the module.
        start: the folder in which it is looked for.
        find: what to do with the module, in its own world.

    Raises:
        UserCodeError: it does not import.
    """
    is_file = target.endswith(".py")
    file = Path(os.path.realpath(start / target))
    path = [str(file.parent if is_file else start), *sys.path]

    def run() -> Found:
        return find(_from_file(file, target) if is_file else _from_name(target))

    with _explained(target):
        return entered(run, path), path


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
