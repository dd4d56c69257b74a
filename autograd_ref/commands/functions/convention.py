"""The convention in which to call a function: chosen with options, or detected by trying."""

import argparse
from collections.abc import Callable
from typing import Any

from autograd_ref.assignment.conventions import choices
from autograd_ref.commands.functions.convention_search import Detected, NothingRuns, detect
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.world import line_reached, their_traceback
from autograd_ref.user_code import worded


def convention_of(function: Callable[..., Any], spec: str, chosen: argparse.Namespace) -> Detected:
    """The convention in which the function is right, or closest to it, of those left by options.

    Raises:
        UserCodeError: it raises in every one.
    """
    candidates = choices(
        theta=chosen.theta, layout=chosen.layout, targets=chosen.targets, biases=chosen.biases
    )
    try:
        return detect(function, candidates, chosen.shape)
    except NothingRuns as nothing:
        raise _in_no_convention(spec, nothing) from nothing


def _in_no_convention(spec: str, nothing: NothingRuns) -> UserCodeError:
    """The traceback of the convention that gets furthest, and what the function raises in each."""
    errors = {t.convention: t.error for t in nothing.attempts if t.error is not None}
    furthest = max(errors, key=lambda convention: line_reached(errors[convention]))
    tried = "".join(
        f"  {name}: {' '.join(worded(error).split())}\n" for name, error in errors.items()
    )
    return UserCodeError(
        f"{spec} raises in all conventions that were tried; above is the one in which it gets"
        f" furthest ({furthest.options}). Fix the error above, or choose your convention (see"
        " crosscheck check --help)",
        f"Tried:\n{tried}\n{furthest}:\n{their_traceback(errors[furthest])}",
    )
