"""The derivative of the loss by the outputs, which a backward pass is given in a small framework.

It is what a function returns, mse_prime(Y, outputs), or a method: MSE().grad(outputs, Y), or a loss
that has kept them: crit = MSELoss(), crit(outputs, Y), crit.backward().
"""

import re
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.by_name.code_of import Function, needed_by, parameters_of
from autograd_ref.adapting.by_name.roles import is_target

CRITERION = "crit"
"""The variable for a loss that keeps what it was given."""

OF_LOSS = re.compile(
    r"d_?(mse|sse|loss|cost|error|bce|cross_?entropy)\w*"
    r"|\w*(mse|sse|loss|cost|error|squared|entropy|bce|nll)\w*(prime|grad|deriv|back|delta|slope)\w*"
    r"|grad\w*_(mse|sse|loss|cost|bce|cross_?entropy)\w*",
    re.IGNORECASE,
)
"""The names of functions for the derivative of a loss by the outputs."""

GRADIENT_OF = re.compile(r"_?(grad(ient)?|backward|prime|deriv(ative)?|delta|dloss)", re.IGNORECASE)
"""The names of methods for the same."""

VALUE_OF = re.compile(r"__call__|forward|loss|value|compute|calc(ulate)?", re.IGNORECASE)
"""The names of methods for the loss itself."""


class Criterion(NamedTuple):
    """The derivative of a loss by the outputs."""

    lines: tuple[str, ...]
    """Lines that have to run before it is read."""
    derivative: str
    """The expression for it."""


def criteria(module: ModuleType | None, outputs: str, Y: str) -> Iterator[Criterion]:
    """Yield the derivatives of losses that a module has, by the outputs.

    Args:
        module: the module.
        outputs: the expression for the outputs.
        Y: the expression for the targets.
    """
    for name, value in list(vars(module).items()) if module is not None else ():
        own = getattr(value, "__module__", "") == getattr(module, "__name__", None)
        if own and isinstance(value, type):
            yield from _of_class(value, outputs, Y)
        elif own and callable(value) and OF_LOSS.fullmatch(name):
            pair = _arguments(value, outputs, Y)
            yield from [Criterion((), f"{name}({pair})")] if pair else []


def usual_criteria(outputs: str, Y: str) -> Iterator[Criterion]:
    """Yield the derivatives that the usual losses have, where a file has none.

    The outputs minus the targets, as of half the squared error of linear outputs, or of the cross-
    entropy of what softmax is applied to: summed, and averaged over samples.

    Args:
        outputs: the expression for the outputs.
        Y: the expression for the targets.
    """
    yield Criterion((), f"{outputs} - {Y}")
    yield Criterion((), f"({outputs} - {Y}) / len(X)")


def _of_class(kind: type, outputs: str, Y: str) -> Iterator[Criterion]:
    """The derivatives by a loss that is a class, made without arguments."""
    methods = {name: one for name, one in vars(kind).items() if callable(one)}
    values = [name for name, one in methods.items() if VALUE_OF.fullmatch(name) and _two(one)]
    if needed_by(kind):
        return
    for name in filter(GRADIENT_OF.fullmatch, methods):
        if pair := _arguments(methods[name], outputs, Y):
            yield Criterion((), f"{kind.__name__}().{name}({pair})")
        elif not parameters_of(methods[name]) and values:
            call = "" if values[0] == "__call__" else f".{values[0]}"
            given = _arguments(methods[values[0]], outputs, Y)
            lines = f"{CRITERION} = {kind.__name__}()", f"{CRITERION}{call}({given})"
            yield Criterion(lines, f"{CRITERION}.{name}()")


def _two(function: Function) -> bool:
    return len(needed_by(function)) == 2


def _arguments(function: Function, outputs: str, Y: str) -> str:
    """The outputs and the targets in the order of two arguments; empty for another number."""
    if not _two(function):
        return ""
    first = parameters_of(function)[0].name
    return f"{Y}, {outputs}" if is_target(first) else f"{outputs}, {Y}"
