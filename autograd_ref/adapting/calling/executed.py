"""Lines of an adapter, run with the names that they know."""

import copy
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd_ref.adapting.calling.candidates_in_code import CODE, THEIR_NET, Candidate
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.holding.forms import size_names
from autograd_ref.adapting.undisturbed import attempted

AT_RATE = 1.0
"""The learning rate at which an update is tried: what it moves is then the gradient."""


def environment(entry: Candidate, problem: SmallProblem) -> dict[str, Any]:
    """Return the variables of a program.

    Args:
        entry: what is called.
        problem: the problem.
    """
    env = names_of(entry)
    env |= dict(zip(size_names(problem.sizes), problem.sizes, strict=True))
    env |= {name: array.copy() for name, array in problem.parameters.items()}
    return env | {"X": problem.X.copy(), "Y": problem.Y.copy(), "rate": AT_RATE, "l2": 0.0}


def value_after(lines: Sequence[str], name: str, entry: Candidate, problem: SmallProblem) -> object:
    """Return the value of a variable after some lines; None where they raise, or do not set it.

    Args:
        lines: the lines.
        name: of the variable.
        entry: what is called.
        problem: the problem.
    """
    env = environment(entry, problem)

    def run() -> object:
        exec("\n".join(lines), env)
        return env.get(name)

    return attempted(run)


def names_of(entry: Candidate) -> dict[str, Any]:
    """Return the names that an adapter uses, beside its arguments.

    Args:
        entry: what it calls.
    """
    names: dict[str, Any] = {"np": np, "SimpleNamespace": SimpleNamespace, "copy": copy}
    if entry.module is not None:
        scope = vars(entry.module)
        names |= {name: value for name, value in scope.items() if callable(value)}
        names[CODE] = entry.module
    if isinstance(entry.owner, type):
        names[entry.owner.__name__] = entry.owner
    elif entry.owner is not None:
        names[THEIR_NET] = entry.owner
    else:
        names[entry.name] = entry.function
    if entry.source:
        names[entry.last] = entry.function
    return names
