"""Calls of code that is not ours: what it raises is marked, and caught in one place.

An exception out of a user's function has a meaning: a loss that is not defined there, an argument
that it refuses. An exception out of this package is a defect and must never read like one of those.
So the calls of the user's code, and nothing else, run inside `user_code`; only what was marked
there is caught by `attempt`, and `as_raised` gives it back as it was.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

RERAISE = "CROSSCHECK_RERAISE"
"""The environment variable with which nothing is caught, for looking at what went wrong."""

Result = TypeVar("Result")


class UserCodeRaised(Exception):
    """Code that is not ours raised an exception.

    Attributes:
        error: the exception itself.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(worded(error))
        self.error = error


class Raised(NamedTuple):
    """The exception that came instead of a result."""

    error: Exception


def worded(error: BaseException) -> str:
    """The type of an exception and its text, which is the user's code and may raise itself.

    >>> worded(ValueError("no inverse"))
    'ValueError: no inverse'
    """
    try:
        text = str(error)
    except Exception as another:
        text = f"(its text raises {type(another).__name__})"
    return f"{type(error).__name__}: {text}"


@contextmanager
def user_code() -> Generator[None]:
    """Mark what is raised inside; nothing but calls of the user's code belongs there."""
    try:
        yield
    except UserCodeRaised:
        raise
    except Exception as error:
        raise UserCodeRaised(error) from error


def attempt(compute: Callable[[], Result]) -> Result | Raised:
    """The result of a computation, or what the user's code raised in it."""
    try:
        return compute()
    except UserCodeRaised as marked:
        if os.environ.get(RERAISE):
            raise
        return Raised(marked.error)


def as_raised(compute: Callable[[], Result]) -> Result:
    """The result of a computation; at the public edge, the user's exceptions lose their mark."""
    try:
        return compute()
    except UserCodeRaised as marked:
        own = marked.error
    raise own  # outside the handler, so that its own context survives
