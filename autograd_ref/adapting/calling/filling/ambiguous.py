"""Names of arguments that may mean two things, told apart by the code around them."""

import inspect
from collections.abc import Sequence

from autograd_ref.adapting.by_name.code_of import Function, tree_of
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.by_use.argument_uses import Uses
from autograd_ref.adapting.by_use.roles_by_use import rates_of, role_by_use, updates
from autograd_ref.adapting.calling.filling.argument_text import Known


def takes_both(arguments: Sequence[inspect.Parameter]) -> bool:
    """Return whether one argument is for X and Y together: nothing else could be Y.

    Args:
        arguments: all of a function.
    """
    roles = {one.name: roles_of(one.name) for one in arguments if one.default is one.empty}
    others = [name for name, found in roles.items() if "Y" in found or not found]
    return not others and any("both" in found for found in roles.values())


def is_no_rate(kind: Function, one: inspect.Parameter) -> bool:
    """Return whether an argument like alpha, which has a default, is no rate of a class.

    Args:
        kind: the class.
        one: the argument.
    """
    ambiguous = {"rate", "l2"} <= {*roles_of(one.name)} and one.default is not one.empty
    return ambiguous and one.name not in rates_of(kind)


def is_penalty(function: Function, one: inspect.Parameter) -> bool:
    """Return whether an argument like alpha is the factor of a penalty, as no update has it.

    Args:
        function: that it is an argument of.
        one: the argument.
    """
    ambiguous = {"rate", "l2"} <= {*roles_of(one.name)} and bool(tree_of(function).body)
    return ambiguous and role_by_use(function, one.name) != "rate" and not updates(function)


def pair_text(uses: Uses, known: Known) -> str:
    """Return X and Y as the attributes, or under the keys, by which they are read; or nothing.

    Args:
        uses: how the argument for both is taken apart.
        known: the data.
    """
    for names, form in ((uses.attributes, "SimpleNamespace({})"), (uses.keys, "dict({})")):
        roles = {name: roles_of(name) for name in names}
        X = [name for name, found in roles.items() if "X" in found]
        Y = [name for name, found in roles.items() if "Y" in found and name not in X]
        if X and Y:
            return form.format(f"{X[0]}={known.X}, {Y[0]}={known.Y}")
    return ""
