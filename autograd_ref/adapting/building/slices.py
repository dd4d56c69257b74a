"""The statements of a block that build something, without those that train, print or save."""

import ast
import builtins
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from autograd_ref.adapting.building.blocks import called
from autograd_ref.adapting.by_name.function_names import BACKWARD, FORWARD, UPDATE
from autograd_ref.adapting.by_name.own_variables import own_variable
from autograd_ref.adapting.calling.candidates_in_code import CODE

OTHERWISE = re.compile(
    r"(save|dump|write|open|input|plot|show|draw|print|summary|parse|exit|remove)\w*",
    re.IGNORECASE,
)
"""The beginnings of the names of what builds no network, and may not be run unasked."""

Scope = Mapping[str, Any]


def statements_for(
    block: Sequence[ast.stmt], end: int, needed: Collection[str], scope: Scope
) -> list[ast.stmt]:
    """Return the statements, before the place of one, that give names their values.

    Args:
        block: all statements.
        end: the place.
        needed: the names.
        scope: the global variables of the module: what they tell needs no statement.
    """
    kept, left = list[ast.stmt](), {*needed}
    for node in reversed(block[:end]):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) or not left & {*changed(node)}:
            continue
        if not _is_otherwise(node):
            kept.insert(0, node)
            left -= {*given_anew(node)}
            left |= {name for name in loaded(node) if not is_told(name, scope)}
    return kept


def is_told(name: str, scope: Scope) -> bool:
    """Return whether a name is that of a function, a class, a module, an array or a number.

    Args:
        name: the name.
        scope: the global variables of the module.
    """
    if name not in scope:
        return hasattr(builtins, name)
    value = scope[name]
    return callable(value) or isinstance(value, ModuleType | np.ndarray | int | float | str)


def loaded(node: ast.AST) -> set[str]:
    """Return the names that are read in a statement or an expression.

    Args:
        node: the statement.
    """
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    inside = {
        target.id
        for one in ast.walk(node)
        if isinstance(one, ast.comprehension | ast.For)
        for target in ast.walk(one.target)
        if isinstance(target, ast.Name)
    }
    own = {
        arg.arg for one in ast.walk(node) if isinstance(one, ast.Lambda) for arg in one.args.args
    }
    return {one.id for one in names if isinstance(one.ctx, ast.Load)} - inside - own


def changed(node: ast.stmt) -> Iterator[str]:
    """Yield the names of what a statement binds, or calls a method of.

    Args:
        node: the statement.
    """
    if isinstance(node, ast.For):
        for one in node.body:
            yield from changed(one)
    elif isinstance(node, ast.Assign):
        yield from (root for target in node.targets for root in roots_of(target))
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        yield from roots_of(node.target)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (one.asname or one.name.partition(".")[0] for one in node.names)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from roots_of(node.value.func) if isinstance(node.value.func, ast.Attribute) else ()


def roots_of(node: ast.expr) -> Iterator[str]:
    """Yield the names of what an expression leads away from: net of net.layers[0].W.

    Args:
        node: the expression, or a row of them.
    """
    if isinstance(node, ast.Tuple | ast.List):
        for one in node.elts:
            yield from roots_of(one)
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    if isinstance(node, ast.Call):
        yield from roots_of(node.func)
    if isinstance(node, ast.Name):
        yield node.id


def given_anew(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement gives to something else than before.

    Args:
        node: the statement.
    """
    targets = node.targets if isinstance(node, ast.Assign) else []
    for target in targets:
        plain = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        yield from (one.id for one in plain if isinstance(one, ast.Name))


def _is_otherwise(node: ast.stmt) -> bool:
    return any(trains(one) or OTHERWISE.fullmatch(called(one)) for one in calls_under(node))


def calls_under(node: ast.AST) -> list[ast.Call]:
    """Return all calls in a statement.

    Args:
        node: the statement.
    """
    return [one for one in ast.walk(node) if isinstance(one, ast.Call)]


def trains(call: ast.Call) -> bool:
    """Return whether a call runs or trains a network, by its name.

    Args:
        call: the call.
    """
    name = called(call)
    is_class = name[:1].isupper()  # an optimiser that is made
    return not is_class and any(one.fullmatch(name) for one in (UPDATE, FORWARD, BACKWARD))


class Renamed(ast.NodeTransformer):
    """Statements of theirs in the place of an adapter: code.NAME for what is global there."""

    def __init__(self, own: Mapping[str, str], bound: Collection[str], scope: Scope) -> None:
        """Take the names of the adapter for those of theirs.

        Args:
            own: names with other names.
            bound: all that are bound in the statements.
            scope: the global variables of the module.
        """
        self.own, self.bound, self.scope = own, bound, scope

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Give a name as the adapter has it.

        Args:
            node: the name.
        """
        name = node.id
        if name in self.own:
            return ast.Name(self.own[name], node.ctx)
        if name in self.bound:
            return ast.Name(own_variable(name), node.ctx)
        value = self.scope.get(name)
        if value is None or value is np or callable(value):
            return node
        return ast.Attribute(ast.Name(CODE, ast.Load()), name, ast.Load())


def as_text(nodes: Sequence[ast.AST], own: Mapping[str, str], scope: Scope) -> list[str]:
    """Return statements and expressions as they stand in an adapter.

    Args:
        nodes: statements, and expressions that follow them.
        own: names that have another name there.
        scope: the global variables of the module.
    """
    bound = {name for one in nodes if isinstance(one, ast.stmt) for name in _bound(one)}
    copies = [ast.parse(ast.unparse(ast.fix_missing_locations(one))) for one in nodes]
    renamed = [Renamed(own, bound, scope).visit(one) for one in copies]
    return [ast.unparse(ast.fix_missing_locations(one)) for one in renamed]


def _bound(node: ast.stmt) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif isinstance(one, ast.alias):
            yield one.asname or one.name.partition(".")[0]
