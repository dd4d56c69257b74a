"""The arguments of a call, filled in by their names."""

import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_ref.adapting.by_name.code_of import Uses, tree_of, undecorated, uses_of
from autograd_ref.adapting.by_name.roles import RATE, SIZES, Role, roles_of
from autograd_ref.adapting.by_name.roles_by_use import rates_of, role_by_use, updates
from autograd_ref.adapting.calling.argument_text import Known, argument_text
from autograd_ref.adapting.holding.forms import size_names

LEFT_ALONE: Collection[Role] = ("seed", "generator", "quiet", "samples")
"""Parts whose arguments keep their defaults, where they have any."""

OF_OUTPUTS: Sequence[Role] = ("cache", "upstream")
"""Parts of an argument with the name of a number of outputs, after a forward pass."""

ONCE: Collection[Role] = ("X", "Y", "parameters", "cache")
"""Parts that one argument only can play."""


class Filled(NamedTuple):
    """The arguments of a call."""

    arguments: tuple[tuple[str, str, bool], ...]
    """The name of each, its expression, and whether it is given by name."""
    used: frozenset[Role]
    sizes: tuple[int, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of those that nothing is known for."""
        return tuple(name for name, text, _by_name in self.arguments if not text)

    @property
    def text(self) -> str:
        """The arguments as they stand in a call."""
        return ", ".join(f"{n}={t}" if by_name else t for n, t, by_name in self.arguments)

    def of(self, function: Callable[..., Any]) -> Any:
        """Call a function that needs nothing but sizes and numbers.

        Args:
            function: what the arguments are for.
        """
        env: dict[str, Any] = {"np": np, "rate": 1.0, "l2": 0.0, "function": function}
        env |= dict(zip(size_names(self.sizes), self.sizes, strict=True))
        return eval(f"function({self.text})", env)


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function or a class, as far as they are known, without self.

    Args:
        function: the function.
    """
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    plain = [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    inner = undecorated(function) if not plain else function
    if inner is not function:
        return parameters_of(inner)
    return plain[1:] if plain and plain[0].name == "self" else plain


def filled(function: Callable[..., Any], known: Known, *, constructor: bool = False) -> Filled:
    """Return the arguments for a call of a function.

    Args:
        function: what is called.
        known: what there is to be given.
        constructor: True where it makes a network, or its parameters.
    """
    found: list[tuple[str, str, bool]] = []
    arguments = parameters_of(function)
    used: set[Role] = {"X"} if _takes_both(arguments) else set()
    by_name = False
    outputs = [*known.outputs]
    if any(RATE.fullmatch(p.name) for p in arguments):
        used |= {"rate"}
    for one in arguments:
        text, role = _one(one, known, outputs, used, constructor=constructor)
        if constructor and "rate" not in used and _is_open(function, one):
            text, role = "", None
        if role == "both":
            text = _pair(uses_of(function, one.name), known) or text
        if role == "rate" and not constructor and _is_penalty(function, one):
            role, text = "l2", argument_text("l2", known, one)
        is_size = role in SIZES
        used_as = role_by_use(function, one.name) if not constructor else None
        if used_as == "steps" and is_size and (one.default is one.empty or role != "inputs"):
            used_as = None  # a loop over the units
        if used_as is not None and (is_size or not text):
            role, text = used_as, argument_text(used_as, known, one)
        used |= {role} if role is not None else set()
        outputs = [name for name in outputs if name != text]
        if not text and one.default is not one.empty:
            by_name = True  # what follows is given by name
            continue
        found.append((one.name, text, by_name or one.kind is one.KEYWORD_ONLY))
    rest = _with_the_rest(found, known, outputs, used, constructor=constructor)
    spread = _spread(function) if constructor and known.sizes else ""
    rest += [(f"*{spread}", ", ".join(size_names(known.sizes)), False)] if spread else []
    return Filled(tuple(rest), frozenset(used), known.sizes)


def _takes_both(arguments: Sequence[inspect.Parameter]) -> bool:
    """Return whether one argument is for X and Y together: nothing else could be Y."""
    roles = {one.name: roles_of(one.name) for one in arguments if one.default is one.empty}
    others = [name for name, found in roles.items() if "Y" in found or not found]
    return not others and any("both" in found for found in roles.values())


def _is_open(kind: Callable[..., Any], one: inspect.Parameter) -> bool:
    """Return whether an argument like alpha, which has a default, is no rate of a class."""
    ambiguous = {"rate", "l2"} <= {*roles_of(one.name)} and one.default is not one.empty
    return ambiguous and one.name not in rates_of(kind)


def _is_penalty(function: Callable[..., Any], one: inspect.Parameter) -> bool:
    """Return whether an argument like alpha is the factor of a penalty, as no update has it."""
    ambiguous = {"rate", "l2"} <= {*roles_of(one.name)} and tree_of(function) is not None
    return ambiguous and role_by_use(function, one.name) != "rate" and not updates(function)


def _pair(uses: Uses, known: Known) -> str:
    """X and Y as the attributes, or under the keys, by which they are read; empty for neither."""
    for names, form in ((uses.attributes, "SimpleNamespace({})"), (uses.keys, "dict({})")):
        roles = {name: roles_of(name) for name in names}
        X = [name for name, found in roles.items() if "X" in found]
        Y = [name for name, found in roles.items() if "Y" in found and name not in X]
        if X and Y:
            return form.format(f"{X[0]}={known.X}, {Y[0]}={known.Y}")
    return ""


def _spread(function: Callable[..., Any]) -> str:
    """The name of the argument that takes all sizes, one after the other; empty for none."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ""
    several = [p.name for p in found if p.kind is p.VAR_POSITIONAL]
    return several[0] if several and "sizes" in roles_of(several[0]) else ""


def _with_the_rest(
    found: Sequence[tuple[str, str, bool]],
    known: Known,
    outputs: Sequence[str],
    used: Collection[Role],
    *,
    constructor: bool,
) -> list[tuple[str, str, bool]]:
    """Give to names that tell nothing what is left, where it is as many as they are."""
    free = [n for n, text, _by_name in found if not text and "upstream" not in roles_of(n)]
    if constructor:
        left = _sizes_left(known.sizes, len(free), used)
    else:
        data: list[tuple[str, Role]] = [
            (known.X, "X"),
            (known.Y, "Y"),
            (known.parameters, "parameters"),
            (known.cache, "cache"),
            (known.upstream, "upstream"),
        ]
        left = [*outputs] or [text for text, role in data if text and role not in used]
        if len(left) == len(free) + 1 and known.cache in left:
            left.remove(known.cache)  # what a forward pass gives may be kept by it
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
    if len(names) != len(roles):
        return []
    left = [name for name, role in zip(names, roles, strict=True) if role not in used]
    return left[:-1] if sizes[-1] == 1 and count == len(left) - 1 else left  # one output is tacit


def _one(
    one: inspect.Parameter,
    known: Known,
    outputs: Sequence[str],
    used: Collection[Role],
    *,
    constructor: bool,
) -> tuple[str, Role | None]:
    """The expression for one argument, with the part that it plays; empty where none is known."""
    if one.name in known.given:
        return known.given[one.name], None
    if one.name in known.arrays:
        return known.arrays[one.name], "array"
    same = [name for name in outputs if name.lower() == one.name.lower()]
    if same:
        return same[0], "cache"
    roles: Sequence[Role] = roles_of(one.name, of_sizes=constructor)
    given = known.cache or known.upstream
    if given and not constructor and {*roles[:1]} & {*SIZES}:
        roles = OF_OUTPUTS  # the outputs of the forward pass, not how many there are
    for role in roles:
        if role == "rate" and role in used and not RATE.fullmatch(one.name):
            continue  # alpha beside a learning rate
        if (role in used and role in ONCE) or (one.default is not one.empty and role in LEFT_ALONE):
            continue
        text = argument_text(role, known, one)
        if text:
            return text, role
    return "", None
