"""A user's file or module, imported as if it were theirs.

An error in it is shown as the traceback of their lines, and one line that says what to do.
"""

import contextlib
import importlib
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from autograd_ref.commands.functions.failures.remedies import remedy
from autograd_ref.commands.functions.world import TimeUp, entered, their_traceback
from autograd_ref.commands.options import Unusable

Found = TypeVar("Found")


class UserCodeError(Unusable):
    """Code of the user's that cannot be used."""


def found_in_module(
    target: str, start: Path, find: Callable[[ModuleType], Found]
) -> tuple[Found, list[str]]:
    """The result of a search in a module, and the path that its code imports from.

    Args:
        target: the module.
        start: the folder in which it is looked for first.
        find: what to do with the module, in its own world.

    Raises:
        UserCodeError: it does not import.
    """
    path = [str(start), *sys.path]
    with explained(target):
        return entered(lambda: find(_from_name(target)), path), path


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
def explained(target: str) -> Generator[None]:
    """Turn any exception raised while their code is imported into a UserCodeError."""
    try:
        yield
    except (UserCodeError, KeyboardInterrupt, TimeUp):
        raise
    except BaseException as error:
        kind, advice = type(error).__name__, remedy(error, target)
        raise UserCodeError(
            f"cannot import {target} ({kind}); {advice}", their_traceback(error)
        ) from None
