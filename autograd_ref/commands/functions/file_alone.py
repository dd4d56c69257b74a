"""The gradient of the built-in network that a file alone stands for, or the one that is named."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograd_ref.commands.functions.files.namespace import (
    Namespace,
    definitions_in,
    load_namespace,
)
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.loading import (
    Loaded,
    loaded,
    require_arguments,
    require_sound,
)
from autograd_ref.commands.functions.world import is_file

ARGUMENTS = ["parameters", "X", "Y"]
"""The arguments of a gradient of the built-in network."""


GRADIENT = re.compile("back|grad", re.IGNORECASE)
"""Parts of the names of methods that compute gradients."""


class SeveralFit(UserCodeError):
    """Several functions of a file take (parameters, X, Y)."""


def load_gradient(spec: str, start: Path, cells: str | None = None) -> Loaded:
    """The gradient of the built-in network that a spec stands for, its file alone where it is one.

    Raises:
        UserCodeError: there is no such function, or its file cannot define it.
    """
    if is_file(spec):
        spec = f"{spec}:{_only_gradient(spec, start, cells)}"
    found = loaded(spec, start, cells)
    require_arguments(found.function, spec, ARGUMENTS)
    return found


def _only_gradient(file: str, start: Path, cells: str | None) -> str:
    """The name of the only function of a file that takes (parameters, X, Y).

    What a file defines is enough in most cases, and takes no training below the definitions.

    Raises:
        UserCodeError: there is none in the file, or several.
    """
    namespace = load_namespace(file, start, definitions_in(file, start, cells), cells)
    if not _fitting(namespace):
        namespace = load_namespace(file, start, cells=cells)
    public, fitting = _public(namespace), _fitting(namespace)
    if len(fitting) == 1:
        return fitting[0]
    expected = (
        f"expected {'PATH.ipynb' if namespace.is_notebook else 'PATH.py'}:function; {file} has"
    )
    if fitting:
        raise SeveralFit(f"{expected}: {', '.join(fitting)}")
    require_sound(namespace)
    found = [name for name, value in public.items() if inspect.isroutine(value)]
    others = f", but {', '.join(found)}" if found else ""
    advice = "a method is named PATH.py:object.method"
    if classes := [name for name, value in public.items() if inspect.isclass(value)]:
        advice = _advice_on_classes(file, {name: public[name] for name in classes})
    raise UserCodeError(f"{expected} no function that takes (parameters, X, Y){others}; {advice}")


def _public(namespace: Namespace) -> dict[str, Any]:
    """The values that a file defines under names without an underscore in front, in order."""
    there = vars(namespace.module)
    return {name: there[name] for name in namespace.names if not name.startswith("_")}


def _fitting(namespace: Namespace) -> list[str]:
    """The functions of a file that take (parameters, X, Y)."""
    functions = ((n, f) for n, f in _public(namespace).items() if inspect.isroutine(f))
    return [name for name, function in functions if _takes_a_problem(function)]


def _advice_on_classes(file: str, classes: dict[str, type]) -> str:
    """How a method of one of the classes is named: the one that sounds like a gradient."""
    methods = [
        (owner, name)
        for owner, kind in classes.items()
        for name, value in vars(kind).items()
        if inspect.isroutine(value) and not name.startswith("__")
    ]
    owner, method = next(
        (pair for pair in methods if GRADIENT.search(pair[1])), (next(iter(classes)), "method")
    )
    return (
        f"a method is named by an object: make one in the file (network = {owner}(...)) and name"
        f" {file}:network.{method}"
    )


def _takes_a_problem(function: Callable[..., Any]) -> bool:
    try:
        require_arguments(function, "", ARGUMENTS)
    except UserCodeError:
        return False
    return True
