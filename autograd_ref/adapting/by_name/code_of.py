"""The signature and the source of a function: its arguments, the names that it returns."""

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import ModuleType
from typing import Any

Function = Callable[..., Any]

RANGES = ("range", "trange", "xrange")
"""The names of what counts."""

CALLS_FOLLOWED = 3
"""Calls that an argument is followed through. Chosen."""


def undecorated(function: Function) -> Function:
    """Return the function that another one calls with all its arguments, or the function itself.

    Args:
        function: the function: a partial one, or one that a decorator made, with or without wraps.
    """
    inner = inspect.unwrap(function)
    if isinstance(inner, partial):
        return undecorated(inner.func)
    code, cells = getattr(inner, "__code__", None), getattr(inner, "__closure__", None) or ()
    if code is None or code.co_argcount or not code.co_flags & inspect.CO_VARARGS:
        return inner
    found = [cell.cell_contents for cell in cells if inspect.isfunction(cell.cell_contents)]
    return undecorated(found[0]) if len(found) == 1 else inner


@lru_cache(maxsize=512)
def tree_of(thing: Function) -> ast.FunctionDef | ast.ClassDef | ast.Module:
    """Return the syntax tree of a function or a class; an empty one where there is no source.

    Args:
        thing: the function or class.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(undecorated(thing))))
    except (OSError, TypeError, SyntaxError):
        return ast.Module([], [])
    first = tree.body[0] if tree.body else None
    return first if isinstance(first, ast.FunctionDef | ast.ClassDef) else ast.Module([], [])


@lru_cache(maxsize=8)
def tree_of_module(module: ModuleType | None) -> ast.Module:
    """Return the syntax tree of a module; an empty one where there is no source.

    Args:
        module: the module; None for none.
    """
    if module is None:
        return ast.Module([], [])
    try:
        return ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return ast.Module([], [])


def lines_beside(function: Function) -> list[str]:
    """Return the lines of the file that a function stands in; none where it is not found.

    Args:
        function: the function.
    """
    plain = inspect.unwrap(function)
    return linecache.getlines(plain.__code__.co_filename) if inspect.isfunction(plain) else []


@lru_cache(maxsize=64)
def returned_names(function: Function) -> tuple[str, ...]:
    """Return the names of what a function returns in its last statement, as far as they are names.

    Args:
        function: the function.
    """
    values = [*returned_by(tree_of(function))]
    last = values[-1:]
    parts = last[0].elts if last and isinstance(last[0], ast.Tuple) else last
    return tuple(last_name(part) for part in parts)


def returned_by(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what a function returns, without what functions inside of it do.

    Args:
        tree: of the function.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Return) and node.value:
            yield node.value
        elif not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield from returned_by(node)


def last_name(node: ast.AST | None) -> str:
    """Return the name that an expression ends with: W1 of self.W1; empty for none.

    Args:
        node: the expression.
    """
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def signature_of(function: Function) -> list[inspect.Parameter]:
    """Return all parameters of a function or a class; none where they are not known.

    Args:
        function: the function.
    """
    try:
        return [*_signature_of(function)]
    except TypeError:  # it has no hash, as a tuple that has a list in it
        return [*_signature_of.__wrapped__(function)]


@lru_cache(maxsize=1024)
def _signature_of(function: Function) -> tuple[inspect.Parameter, ...]:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ()


def needed_by(function: Function) -> list[inspect.Parameter]:
    """Return the parameters that have no default.

    Args:
        function: the function or class.
    """
    return [one for one in parameters_of(function) if one.default is one.empty]


def parameters_of(function: Function) -> list[inspect.Parameter]:
    """Return the parameters of a function or a class, as far as they are known, without self.

    Args:
        function: the function.
    """
    found = signature_of(function)
    plain = [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    inner = undecorated(function) if not plain else function
    if inner is not function:
        return parameters_of(inner)
    return plain[1:] if plain and plain[0].name == "self" else plain
