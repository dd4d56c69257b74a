"""Arguments whose names tell nothing, and what is left for them."""

import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from autograd_ref.adapting.by_name.code_of import Function, signature_of, undecorated
from autograd_ref.adapting.by_name.roles import SIZES, Role, roles_of
from autograd_ref.adapting.calling.candidates_in_code import CODE
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.holding.forms import size_names

FUNCTION = re.compile(r"_?(func|fn|function|f)$")
"""The ends of the names of arguments that are functions."""

SETTINGS = re.compile(r"options?|opts?|config|cfg|settings|hyper|hparams|conf$", re.IGNORECASE)
"""Parts of the names of what holds the settings of an instance, and of its class."""


def with_the_rest(
    found: Sequence[tuple[str, str, bool]],
    known: Known,
    outputs: Sequence[str],
    used: Collection[Role],
    *,
    constructor: bool,
) -> list[tuple[str, str, bool]]:
    """Give to names that tell nothing what is left, where it is as many as they are.

    Args:
        found: all arguments so far.
        known: what there is to be given.
        outputs: the names of results of a forward pass that nobody got.
        used: the parts that have been given.
        constructor: True where it makes a network, or its parameters.
    """
    free = [n for n, text, _by_name in found if not text and "upstream" not in roles_of(n)]
    if constructor and "X" in used and "Y" not in used and known.Y and len(free) == 1:
        left = [known.Y]  # of given data
    elif constructor:
        left = _sizes_left(known.sizes, len(free), used)
    else:
        data = known.by_role.items()
        left = [*outputs] or [text for role, text in data if text and role not in used]
        if len(left) == len(free) + 1 and known.cache in left:
            left.remove(known.cache)  # what a forward pass gives may be kept by it
        apart = known.parameters and left in ([], [known.parameters])
        if known.sizes and apart and len(free) == len(left) + len(known.sizes):
            left += size_names(known.sizes)  # as in (params, n_inputs, n_hidden, n_outputs, X, Y)
        if not left and {*used} & {*SIZES}:
            left = _sizes_left(known.sizes, len(free), used)
    if len(free) != len(left):
        return [*found]
    rest = dict(zip(free, left, strict=True))
    return [(n, text or rest.get(n, ""), by_name) for n, text, by_name in found]


def _sizes_left(sizes: Sequence[int], count: int, used: Collection[Role]) -> list[str]:
    """The sizes that nobody got: one after the other, or all in a list."""
    if not sizes:
        return []
    names = size_names(sizes)
    roles: Sequence[Role] = ("inputs", "hidden", "outputs")
    if count == 1 and not {*used} & {*roles, "sizes"}:
        return [f"[{', '.join(names)}]"]
    if count == 2 < len(names) and sizes[-1] > 1 and not {*used} & {*roles, "sizes"}:
        return [names[0], names[-1]]  # what lies between is the code's own
    if len(names) != len(roles):
        return []
    left = [name for name, role in zip(names, roles, strict=True) if role not in used]
    return left[:-1] if sizes[-1] == 1 and count == len(left) - 1 else left  # one output is tacit


def spread_sizes(function: Function) -> str:
    """Return the name of the argument that takes all sizes, one by one; empty for none.

    Args:
        function: that is called.
    """
    found = signature_of(function)
    alone = all(one.default is not one.empty or one.kind is one.VAR_POSITIONAL for one in found)
    several = [one.name for one in found if one.kind is one.VAR_POSITIONAL]
    return several[0] if several and (alone or "sizes" in roles_of(several[0])) else ""


def named_table(function: Function, argument: str) -> str:
    """Return the global variable that describes the layers, a dict for each, for its argument.

    Args:
        function: that is called.
        argument: the name of the argument, as nn_architecture for NN_ARCHITECTURE.
    """
    scope: Mapping[str, Any] = getattr(undecorated(function), "__globals__", {})
    for name in [one for one in scope if one.lower() == argument.lower()]:
        table = cast("list[object]", scope[name]) if isinstance(scope[name], list) else []
        if table and all(isinstance(one, dict) for one in table):
            return f"{CODE}.{name}"
    return ""


def settings_class(function: Function, one: inspect.Parameter) -> type | None:
    """Return the class of theirs that an argument is an instance of: config: MLPConfig.

    Args:
        function: that is called.
        one: the argument, by its annotation, or its name where one class is for settings.
    """
    module = inspect.getmodule(undecorated(function))
    scope = {} if module is None else vars(module)
    own = [v for v in scope.values() if isinstance(v, type) and inspect.getmodule(v) is module]
    said = getattr(one.annotation, "__name__", str(one.annotation))
    words = re.findall(r"\w+", said)  # as in MLPConfig | None
    noted = [kind for kind in own if kind.__name__ in words and kind is not function]
    named = [kind for kind in own if SETTINGS.search(kind.__name__)]
    return next(iter(noted or (named if SETTINGS.search(one.name) else [])), None)


def named_function(function: Function, argument: str) -> str:
    """Return the name of the function of theirs that an argument stands for, or nothing.

    Args:
        function: that is called.
        argument: the name of the argument, as forward_prop_func for forward_prop.
    """
    scope: Mapping[str, Any] = getattr(undecorated(function), "__globals__", {})
    name = FUNCTION.sub("", argument)
    return name if name != argument and inspect.isfunction(scope.get(name)) else ""
