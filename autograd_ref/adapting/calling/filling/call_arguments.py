"""The arguments of a call, filled in by their names."""

import inspect
from collections.abc import Collection, Sequence
from typing import NamedTuple

from autograd_ref.adapting.by_name.code_of import Function, parameters_of
from autograd_ref.adapting.by_name.own_variables import is_variable
from autograd_ref.adapting.by_name.roles import RATE, SIZES, Role, roles_of
from autograd_ref.adapting.by_use.argument_uses import Uses, is_vector_x, uses_of
from autograd_ref.adapting.by_use.roles_by_use import role_by_use
from autograd_ref.adapting.calling.filling.ambiguous import (
    is_no_rate,
    is_penalty,
    pair_text,
    takes_both,
)
from autograd_ref.adapting.calling.filling.argument_text import Known, argument_text
from autograd_ref.adapting.calling.filling.chosen import chosen
from autograd_ref.adapting.calling.filling.left_over import (
    named_function,
    named_table,
    settings_class,
    spread_sizes,
    with_the_rest,
)
from autograd_ref.adapting.holding.forms import size_names

LEFT_ALONE: Collection[Role] = ("seed", "generator", "quiet", "samples")
"""Parts whose arguments keep their defaults, where they have any."""

OF_OUTPUTS: Sequence[Role] = ("cache", "upstream")
"""Parts of an argument with the name of a number of outputs, after a forward pass."""

LARGE = (1, 0.9, 0.99, 0.95)
"""Defaults of an argument beta that is no penalty. Chosen."""

ONCE: Collection[Role] = ("X", "Y", "parameters", "cache")
"""Parts that one argument only can play."""


class Filled(NamedTuple):
    """The arguments of a call."""

    arguments: tuple[tuple[str, str, bool], ...]
    """The name of each, its expression, and whether it is given by name."""
    used: frozenset[Role]

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of those that nothing is known for."""
        return tuple(name for name, text, _by_name in self.arguments if not text)

    @property
    def text(self) -> str:
        """The arguments as they stand in a call."""
        return ", ".join(f"{n}={t}" if by_name else t for n, t, by_name in self.arguments)


def constructed(name: str, function: Function, known: Known) -> str:
    """Return the call that makes a network, or its parameters; empty where arguments are missing.

    Args:
        name: the expression for the function or class.
        function: the function or class.
        known: what there is to be given.
    """
    call = filled(function, known, constructor=True)
    return "" if call.missing else f"{name}({call.text})"


def filled(function: Function, known: Known, *, constructor: bool = False) -> Filled:
    """Return the arguments for a call of a function.

    Args:
        function: what is called.
        known: what there is to be given.
        constructor: True where it makes a network, or its parameters.
    """
    found: list[tuple[str, str, bool]] = []
    arguments = parameters_of(function)
    used: set[Role] = {"X"} if takes_both(arguments) else set()
    by_name, sizes = False, list[int]()
    outputs = [*known.outputs]
    hidden = _hidden(arguments, known.sizes) if constructor else {}
    if any(RATE.fullmatch(p.name) for p in arguments):
        used |= {"rate"}
    for one in arguments:
        text, role = _one(function, one, known, outputs, used, constructor=constructor)
        if is_vector_x(function, one.name) and known.parameters:
            text, role = known.parameters, "parameters"
        if table := named_table(function, one.name):
            text, role = table, None
        text = hidden.get(one.name, text) or named_function(function, one.name)
        if constructor and not text and one.default in (one.empty, None):
            kind = settings_class(function, one)
            text = constructed(kind.__name__, kind, known) if kind else ""
        if constructor and "rate" not in used and is_no_rate(function, one):
            text, role = "", None
        if role == "both":
            text = pair_text(uses_of(function, one.name), known) or text
        if role == "rate" and not constructor and is_penalty(function, one):
            role, text = "l2", argument_text("l2", known, one)
        is_size = role in SIZES
        used_as = role_by_use(function, one.name) if not constructor else None
        if used_as == "steps" and is_size and (one.default is one.empty or role != "inputs"):
            used_as = None  # a loop over the units
        if used_as is not None and (is_size or not text):
            role, text = used_as, argument_text(used_as, known, one)
        used |= {role} if role is not None else set()
        sizes += [len(found)] if role in SIZES and one.default is one.empty else []
        outputs = [name for name in outputs if name != text]
        if not text and one.default is not one.empty:
            by_name = True  # what follows is given by name
            continue
        found.append((one.name, text, by_name or one.kind is one.KEYWORD_ONLY))
    if len(sizes) == 1 and known.Y and "Y" not in used and not constructor:
        place = sizes[0]  # its name is that of a number of outputs, as d is
        used.add("Y")
        found[place] = found[place][0], known.Y, found[place][2]
    apart = [
        i for i, (name, text, _n) in enumerate(found) if not text and _is_apart(function, name)
    ]
    if known.parameters and "parameters" not in used and len(apart) == 1:
        used.add("parameters")
        found[apart[0]] = found[apart[0]][0], known.parameters, found[apart[0]][2]
    rest = with_the_rest(found, known, outputs, used, constructor=constructor)
    spread = spread_sizes(function) if constructor and known.sizes else ""
    rest += [(f"*{spread}", ", ".join(size_names(known.sizes)), False)] if spread else []
    return Filled(tuple(rest), frozenset(used))


def _hidden(arguments: Sequence[inspect.Parameter], sizes: Sequence[int]) -> dict[str, str]:
    """The sizes of several hidden layers, where each is an argument of its own."""
    names = [p.name for p in arguments if roles_of(p.name, of_sizes=True)[:1] == ["hidden"]]
    several = size_names(sizes)[1:-1]
    return dict(zip(names, several, strict=True)) if len(names) == len(several) > 1 else {}


def _takes_targets(kind: Function) -> bool:
    """Return whether a constructor takes targets: then inputs are no number of them."""
    return any(roles_of(p.name, of_sizes=True)[:1] == ["Y"] for p in parameters_of(kind))


def _is_apart(function: Function, argument: str) -> bool:
    """Return whether an argument is taken apart, as what holds all parameters is."""
    return uses_of(function, argument) != Uses()


def _one(
    function: Function,
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
    if choice := chosen(function, one, known.network):
        return choice, None
    same = [text for text in outputs if is_variable(text, one.name)]
    if same:
        return same[0], "cache"
    roles: Sequence[Role] = roles_of(one.name, of_sizes=constructor)
    if constructor and "X" in roles and _takes_targets(function):
        roles = ["X"]
    given = known.cache or known.upstream
    if given and not constructor and {*roles[:1]} & {*SIZES}:
        roles = OF_OUTPUTS  # the outputs of the forward pass, not how many there are
    for role in roles:
        if role in SIZES and isinstance(one.default, float):
            continue  # C=0.0 is no number of classes
        if role == "rate" and role in used and not RATE.fullmatch(one.name):
            continue  # alpha beside a learning rate
        if role == "l2" and "beta" in one.name and one.default in LARGE:
            continue  # a slope, or momentum
        if (role in used and role in ONCE) or (one.default is not one.empty and role in LEFT_ALONE):
            continue
        text = argument_text(role, known, one)
        if text:
            return text, role
    return "", None
