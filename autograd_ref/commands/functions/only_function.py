"""`PATH.py` without a function's name: the only function in it that can be meant."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograd_ref.commands.functions.loading import (
    UserCodeError,
    functions_of,
    require_arguments,
)

FUNCTION_HELP = (
    "PATH.py:function or package.module:function; PATH.py alone where only one function in it takes"
    " (parameters, X, Y)"
)


def completed(spec: str, start: Path) -> str:
    """The spec with the name of the only function that takes (parameters, X, Y), if it has none.

    Args:
        spec: the file, and perhaps a colon and the name.
        start: the folder in which the file is looked for.

    Raises:
        UserCodeError: there is no such function in the file, or several.
    """
    if not spec.endswith(".py"):
        return spec
    found = functions_of(spec, start)
    fitting = [name for name, function in found.items() if _takes_a_problem(function)]
    if len(fitting) == 1:
        return f"{spec}:{fitting[0]}"
    expected = f"expected PATH.py:function; {spec} has"
    if fitting:
        raise UserCodeError(f"{expected}: {', '.join(fitting)}")
    others = f", but {', '.join(found)}" if found else ""
    raise UserCodeError(
        f"{expected} no function that takes (parameters, X, Y){others}; a method is named"
        " PATH.py:object.method"
    )


def _takes_a_problem(function: Callable[..., Any]) -> bool:
    try:
        require_arguments(function, "", ["parameters", "X", "Y"])
    except UserCodeError:
        return False
    return True
