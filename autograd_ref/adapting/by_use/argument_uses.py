"""How a function takes an argument apart: the keys, attributes and names that it reads."""

import ast
import inspect
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from autograd_ref.adapting.by_name.code_of import (
    CALLS_FOLLOWED,
    RANGES,
    Function,
    last_name,
    parameters_of,
    tree_of,
    undecorated,
)
from autograd_ref.adapting.by_name.roles import roles_of


class Uses(NamedTuple):
    """The ways in which a function takes an argument apart."""

    keys: tuple[str, ...] = ()
    """Looked up in it, as in params["W1"], in order."""
    stems: tuple[str, ...] = ()
    """The beginnings of keys that are made, as in params["W" + str(i)]."""
    attributes: tuple[str, ...] = ()
    """Read from it, as in params.W1."""
    unpacked: tuple[str, ...] = ()
    """Names that it is unpacked to, as in W1, b1, W2, b2 = params."""
    indexed: bool = False
    """True where it is indexed with numbers, sliced or looped over."""
    numbers: frozenset[int] = frozenset()
    """The numbers that it is indexed with, as in W[1] @ h + b[1]."""


@lru_cache(maxsize=1024)
def uses_of(function: Function, argument: str, depth: int = 0) -> Uses:
    """Return how a function takes an argument apart, itself or by what it passes it on to.

    Args:
        function: the function.
        argument: the name of the argument.
        depth: how many calls it was followed through.
    """
    keys: dict[str, None] = {}
    stems: dict[str, None] = {}
    attributes: dict[str, None] = {}
    unpacked: tuple[str, ...] = ()
    indexed, numbers = False, frozenset[int]()
    for node in sorted(ast.walk(tree_of(function)), key=_place):
        if isinstance(node, ast.Subscript) and _is_name(node.value, argument):
            text, stem = _key(node.slice)
            keys.update({text: None} if text and not stem else {})
            stems.update({text: None} if text and stem else {})
            indexed = indexed or not text
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
                numbers |= {node.slice.value}
        elif isinstance(node, ast.Attribute) and _is_name(node.value, argument):
            attributes[node.attr] = None
        elif isinstance(node, ast.Assign) and _is_name(node.value, argument):
            target = node.targets[0]
            if isinstance(target, ast.Tuple | ast.List) and not any(
                isinstance(one, ast.Tuple | ast.List) for one in target.elts
            ):
                unpacked = tuple(ast.unparse(one) for one in target.elts)
        elif isinstance(node, ast.For) and _loops_over(node.iter, argument):
            indexed = True
        elif isinstance(node, ast.Call) and depth < CALLS_FOLLOWED:
            for called, name in passed_on(function, node, argument):
                inner = uses_of(called, name, depth + 1)
                keys.update(dict.fromkeys(inner.keys))
                stems.update(dict.fromkeys(inner.stems))
                attributes.update(dict.fromkeys(inner.attributes))
                unpacked, indexed = unpacked or inner.unpacked, indexed or inner.indexed
                numbers |= inner.numbers
    methods = {"keys", "items", "values", "get", "copy", "reshape", "shape", "size", "ravel"}
    plain = tuple(name for name in attributes if name not in methods)
    return Uses(tuple(keys), tuple(stems), plain, unpacked, indexed, numbers)


def is_vector_x(function: Function, argument: str) -> bool:
    """Return whether x is no input, but a vector of parameters, as SciPy calls it.

    It comes first then, is taken apart, and another argument has the inputs.

    Args:
        function: the function.
        argument: the name of the argument.
    """
    first, *rest = [one.name for one in parameters_of(function)] or [""]
    named = argument == first and roles_of(argument)[:1] == ["X"]
    others = any(roles_of(name)[:1] == ["X"] for name in rest)
    return named and others and uses_of(function, argument) != Uses()


def _place(node: ast.AST) -> tuple[int, int]:
    """Where a node begins, so that keys come in the order in which they are read."""
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _loops_over(node: ast.AST, name: str) -> bool:
    """True for `for one in name`, in whatever call, but not for a number of turns."""
    counts = isinstance(node, ast.Call) and last_name(node.func) in RANGES
    inside = node.args if isinstance(node, ast.Call) and not counts else [node]
    return any(_is_name(one, name) for one in inside)


def _key(node: ast.AST) -> tuple[str, bool]:
    """A key that is looked up, or the beginning of one that is made; empty for neither."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, False
    first = node
    while isinstance(first, ast.BinOp):
        first = first.left
    if isinstance(node, ast.JoinedStr) and node.values:
        first = node.values[0]
    if first is not node and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value, True
    return "", False


def passed_on(function: Function, call: ast.Call, argument: str) -> Iterator[tuple[Function, str]]:
    """Yield the functions of the same module that get an argument, with the name it has there.

    Args:
        function: that has the argument.
        call: one in it.
        argument: the name; a part of it counts, as in weights[:, 1:].
    """
    plain = undecorated(function)
    scope: dict[str, Any] = getattr(plain, "__globals__", {})
    called = scope.get(last_name(call.func))
    if not inspect.isfunction(called) or called is plain:
        return
    names = list(inspect.signature(called).parameters)
    for name, given in zip(names, call.args, strict=False):
        if _is_of(given, argument):
            yield called, name
    for keyword in call.keywords:
        if keyword.arg and _is_of(keyword.value, argument):
            yield called, keyword.arg


def _is_of(node: ast.expr, name: str) -> bool:
    """True for a name, and for a slice of it."""
    while isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple | ast.Slice):
        node = node.value
    return _is_name(node, name)
