"""Networks as somebody's own statements put them together, and what theirs give to a function."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.building.blocks import OwnCall, called, calls_in
from autograd_ref.adapting.building.sized import with_sizes
from autograd_ref.adapting.building.slices import (
    Scope,
    as_text,
    calls_under,
    changed,
    given_anew,
    is_told,
    loaded,
    statements_for,
    trains,
)
from autograd_ref.adapting.by_name.function_names import ADDS
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.calling.programs import NET


def instances_built(module: ModuleType, kind: str, sizes: Sequence[int]) -> Iterator[str]:
    """Yield the statements that build an instance, which they call `net`.

    Args:
        module: that holds them.
        kind: the name of its class.
        sizes: of the network, whose names stand for the numbers in the statements where they fit.
    """
    scope, seen = vars(module), set[str]()
    for call in calls_in(module, kind):
        statement = call.block[call.place]
        name = _name_given(statement, call.node)
        if name:
            nodes = statements_for(call.block, _end(call, name), {name}, scope)
        else:
            needed = {one for one in loaded(call.node) if not is_told(one, scope)}
            nodes = statements_for(call.block, call.place, needed, scope)
            nodes.append(ast.Assign([ast.Name(NET, ast.Store())], call.node))
        if _unknown(nodes, scope) - {name}:
            continue
        for some in with_sizes(nodes, scope, sizes):
            lines = "\n".join(as_text(some, {name or NET: NET}, scope))
            if lines not in seen:
                seen.add(lines)
                yield lines


def _unknown(nodes: Sequence[ast.stmt], scope: Scope) -> set[str]:
    """The names that are read in statements, and neither bound in them nor known in the module."""
    bound = {name for one in nodes for name in changed(one)}
    read = {name for one in nodes for name in loaded(one)} - bound
    return {name for name in read if name not in scope and not is_told(name, scope)}


def _name_given(statement: ast.stmt, call: ast.Call) -> str:
    """The variable that a call, or what it is a part of, is given to; empty for none."""
    if isinstance(statement, ast.Assign) and call in _chain(statement.value):
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    return ""


def _chain(value: ast.expr) -> Iterator[ast.expr]:
    """A call, and that whose result it is a method of: Network().add(...).add(...)."""
    while isinstance(value, ast.Call):
        yield value
        value = value.func.value if isinstance(value.func, ast.Attribute) else value.func


def _end(call: OwnCall, name: str) -> int:
    """The place of the first statement that trains the network, or is about another one."""
    for place in range(call.place + 1, len(call.block)):
        node = call.block[place]
        in_loop = isinstance(node, ast.For | ast.While)
        given = [
            one
            for one in calls_under(node)
            if trains(one) or _is_given_data(one) or (in_loop and not ADDS.fullmatch(called(one)))
        ]
        if any(name in loaded(one) for one in given):
            return place
        if name in given_anew(node):
            return place
    return len(call.block)


def _is_given_data(call: ast.Call) -> bool:
    """Return whether a call is given inputs, as what trains is, whatever its name."""
    return any(isinstance(one, ast.Name) and "X" in roles_of(one.id) for one in call.args)


class OwnArguments(NamedTuple):
    """The arguments of somebody's own call."""

    lines: tuple[str, ...]
    """The statements that they need."""
    arguments: Mapping[str, str]
    """An expression for each, by the name of the argument."""


def arguments_given(
    module: ModuleType, function: str, names: Sequence[str], sizes: Sequence[int]
) -> Iterator[OwnArguments]:
    """Yield what somebody's own calls of a function give for some of its arguments.

    Args:
        module: that holds the calls.
        function: the name of the function or method.
        names: of all its arguments, each empty that is of no interest.
        sizes: of the network.
    """
    scope = vars(module)
    for call in calls_in(module, function):
        pairs = [*zip(names, call.node.args, strict=False)]
        pairs += [(one.arg or "", one.value) for one in call.node.keywords]
        wanted = {name: value for name, value in pairs if name and name in names}
        used = {one for value in wanted.values() for one in loaded(value)}
        needed = {one for one in used if not is_told(one, scope)}
        nodes = statements_for(call.block, call.place, needed, scope)
        nodes += [ast.Expr(value) for value in wanted.values()]
        if _unknown(nodes, scope):
            continue
        for some in with_sizes(nodes, scope, sizes):
            text = as_text(some, {}, scope)
            count = len(text) - len(wanted)
            yield OwnArguments(tuple(text[:count]), dict(zip(wanted, text[count:], strict=True)))
