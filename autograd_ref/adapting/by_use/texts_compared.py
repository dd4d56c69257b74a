"""The texts that somebody's code compares an argument with: "relu" and "tanh" of an activation."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple, cast

from autograd_ref.adapting.by_name.code_of import last_name, tree_of_module

Tables = Mapping[str, Sequence[str]]
"""The texts that are keys of global variables, by the name of each."""


class _Flows(NamedTuple):
    """The comparisons and assignments of a file by names; self.act counts as act."""

    texts: dict[str, dict[str, None]]
    """The texts that each is compared with, or looked up as, in order."""
    given_on: dict[str, dict[str, None]]
    """The names of variables, attributes and arguments that each is given to."""
    otherwise: dict[str, dict[str, None]]
    """The names of what is called where it is none of the texts: softplus under a last else."""


@lru_cache(maxsize=256)
def texts_compared(module: ModuleType, argument: str) -> tuple[str, ...]:
    """Return the texts that a file compares an argument with, itself or where it is given on.

    Args:
        module: the file.
        argument: the name of the argument.
    """
    return _of_all_names(argument, _flows_in(module), _flows_in(module).texts)


@lru_cache(maxsize=256)
def called_otherwise(module: ModuleType, argument: str) -> tuple[str, ...]:
    """Return the names of what is called where an argument is none of the texts.

    Args:
        module: the file.
        argument: the name of the argument.
    """
    return _of_all_names(argument, _flows_in(module), _flows_in(module).otherwise)


def _of_all_names(
    argument: str, flows: _Flows, found: dict[str, dict[str, None]]
) -> tuple[str, ...]:
    """Return the entries for an argument, and for the names that it is assigned to."""
    every: dict[str, None] = {}
    names = [argument]
    for name in names:  # it grows
        every |= found.get(name, {})
        names += [one for one in flows.given_on.get(name, {}) if one not in names]
    return tuple(every)


@lru_cache(maxsize=8)
def _flows_in(module: ModuleType) -> _Flows:
    tree = tree_of_module(module)
    functions = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    flows = _Flows({}, {}, {})
    tables = {name: _texts_of(value) for name, value in vars(module).items()}
    for node in ast.walk(tree):
        for name, text in _compared(node, tables):
            flows.texts.setdefault(name, {})[text] = None
        for name, other in _otherwise(node):
            flows.otherwise.setdefault(name, {})[other] = None
        for name, other in _given(node, functions):
            if name and other and name != other:
                flows.given_on.setdefault(name, {})[other] = None
    return flows


def _compared(node: ast.AST, tables: Tables) -> Iterator[tuple[str, str]]:
    """The names in a node that are compared with texts, or looked up in a table by texts."""
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In):
        yield from ((_plain(node.left), text) for text in _texts(node.comparators[0], tables))
    elif isinstance(node, ast.Match):
        for case in node.cases:
            yield from ((_plain(node.subject), text) for text in _texts(case.pattern, tables))
    elif isinstance(node, ast.Subscript):
        yield from ((_plain(node.slice), key) for key in _keys(node.value, tables))
    elif isinstance(node, ast.Call) and last_name(node.func) == "get" and node.args:
        table = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        yield from ((_plain(node.args[0]), key) for key in _keys(table, tables))


def _otherwise(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The name that an `if` compares, with those of what is called under its last else."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
        last = node
        while len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):
            last = last.orelse[0]
        inside = [one for statement in last.orelse for one in ast.walk(statement)]
        names = [last_name(one.func) for one in inside if isinstance(one, ast.Call)]
        yield from ((_plain(node.test.left), name) for name in names)


def _plain(node: ast.expr) -> str:
    """The name that is compared: act of act.lower()."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return last_name(node)


def _texts(node: ast.AST, tables: Tables) -> Sequence[str]:
    """The texts in what is compared with: one, a row of them, the keys of a table."""
    found = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return [one for one in found if isinstance(one, str)] or _keys(node, tables)


def _keys(node: ast.AST, tables: Tables) -> Sequence[str]:
    """The texts that are keys of a table: a literal, or a global variable."""
    if isinstance(node, ast.Dict):
        keys = [one.value for one in node.keys if isinstance(one, ast.Constant)]
        return [one for one in keys if isinstance(one, str)]
    return tables.get(last_name(node), ())


def _texts_of(table: object) -> list[str]:
    keys = cast("dict[object, object]", table) if isinstance(table, dict) else ()
    return [one for one in keys if isinstance(one, str)]


def _given(node: ast.AST, functions: dict[str, ast.FunctionDef]) -> Iterator[tuple[str, str]]:
    """The names in a node, each with that of the variable or the argument it is given to."""
    if isinstance(node, ast.Assign):
        yield from ((last_name(node.value), last_name(target)) for target in node.targets)
    elif isinstance(node, ast.Call) and (own := functions.get(last_name(node.func))):
        names = [one.arg for one in own.args.args if one.arg != "self"]
        yield from zip(map(last_name, node.args), names, strict=False)
        yield from ((last_name(one.value), one.arg) for one in node.keywords if one.arg)
