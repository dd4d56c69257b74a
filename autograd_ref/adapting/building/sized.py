"""Numbers in the statements that build a network, as the names of its sizes."""

import ast
import copy
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TypeGuard

from autograd_ref.adapting.building.slices import Scope
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.holding.forms import size_names


def with_sizes(
    nodes: Sequence[ast.stmt], scope: Scope, sizes: Sequence[int]
) -> Iterator[list[ast.stmt]]:
    """Yield statements with the names of sizes for their numbers, and as they stand.

    The numbers fit where they are those of a network of as many layers: in one list, as 2, 3, 1;
    layer by layer, as (2, 3), (3, 1) or (3, 2), (1, 3); or as (2, 3), (1).

    Args:
        nodes: the statements.
        scope: the global variables of the module.
        sizes: of the network.
    """
    whole = ast.Module([*nodes], [])
    known = _integers(whole.body, scope)
    groups = [group for group in _groups(whole, known) if group]
    places = [*chain.from_iterable(groups)]
    values = [known[one.id] if isinstance(one, ast.Name) else one.value for one in places]
    for names in _orders(tuple(map(len, groups)), size_names(sizes)):
        alike = dict(zip(names, values, strict=True))
        if [alike[one] for one in names] == values:
            swap = {id(one): name for one, name in zip(places, names, strict=True)}
            yield _swapped(whole, swap).body
    yield [*nodes]


def _orders(lengths: tuple[int, ...], names: Sequence[str]) -> Iterator[list[str]]:
    """The names of sizes, in the orders in which numbers may stand that lie so many together."""
    layers = [*pairwise(names)]
    if lengths in ((len(names),), (2, *[1] * (len(names) - 2))):
        yield [*names]
    if lengths == (2,) * len(layers):
        yield [*chain.from_iterable(layers)]
        yield [*chain.from_iterable(pair[::-1] for pair in layers)]


def _swapped(whole: ast.Module, names: dict[int, str]) -> ast.Module:
    """A copy of statements, with names in the places of some nodes."""
    memo: dict[int, object] = {one: ast.Name(name, ast.Load()) for one, name in names.items()}
    return copy.deepcopy(whole, memo)


def _integers(body: Sequence[ast.stmt], scope: Scope) -> dict[str, int]:
    """The variables that are integers, in the statements or in the module."""
    found = {name: value for name, value in scope.items() if type(value) is int}
    for node in body:
        for name, value in _assigned(node):
            if isinstance(value, ast.Constant) and type(value.value) is int:
                found[name] = value.value
    return found


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if not isinstance(node, ast.Assign):
        return
    value = node.value
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            both = zip(target.elts, value.elts, strict=False)
            yield from ((one.id, inner) for one, inner in both if isinstance(one, ast.Name))


def _groups(whole: ast.Module, known: dict[str, int]) -> Iterator[list[ast.Name | ast.Constant]]:
    """The integers that are arguments of one call or lie in one list, as they stand."""
    own = {id(one.value) for one in whole.body if isinstance(one, ast.Assign) and [*_assigned(one)]}
    for node in _as_read(whole):
        inner: list[ast.expr] = []
        if isinstance(node, ast.Call):
            named = [(roles_of(one.arg or "", of_sizes=True), one.value) for one in node.keywords]
            inner = [value for roles, value in named if "inputs" in roles]
            inner += [*node.args]
            inner += [value for roles, value in named if {"hidden", "outputs"} & {*roles}]
        elif isinstance(node, ast.List) or (isinstance(node, ast.Tuple) and id(node) not in own):
            inner = node.elts
        yield [one for one in inner if _is_integer(one, known)]


def _as_read(node: ast.AST) -> Iterator[ast.AST]:
    for one in ast.iter_child_nodes(node):
        yield one
        yield from _as_read(one)


def _is_integer(node: ast.expr, known: dict[str, int]) -> TypeGuard[ast.Name | ast.Constant]:
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Load) and node.id in known
    return isinstance(node, ast.Constant) and type(node.value) is int
