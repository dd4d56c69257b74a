"""The statements of somebody's file, block by block: with the main guard open, and by function."""

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.by_name.code_of import tree_of_module

Block = tuple[ast.stmt, ...]


class OwnCall(NamedTuple):
    """A call of a function, a method or a class, and where it stands."""

    block: Block
    place: int
    """The place of its statement in the block."""
    node: ast.Call


def calls_in(module: ModuleType, name: str) -> Sequence[OwnCall]:
    """Return where somebody's own code calls what has a name.

    Args:
        module: in which it is looked for.
        name: of a function, a class or a method.
    """
    return [one for one in _calls_in(module) if called(one.node) == name]


@lru_cache(maxsize=8)
def _calls_in(module: ModuleType) -> Sequence[OwnCall]:
    """All calls in a file, block by block."""
    return [
        OwnCall(block, place, node)
        for block in blocks_in(module)
        for place, statement in enumerate(block)
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    ]


def called(node: ast.Call) -> str:
    """Return the name of what is called, without what it is a member of.

    Args:
        node: the call.
    """
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def blocks_in(module: ModuleType) -> tuple[Block, ...]:
    """Return the top of a file, and the same followed by each of its functions and methods.

    Args:
        module: of the file.
    """
    top = (*opened_blocks(tree_of_module(module).body),)
    bodies = [top, *(one.body for one in top if isinstance(one, ast.ClassDef))]
    inner = [one for body in bodies for one in body if isinstance(one, ast.FunctionDef)]
    return (top, *((*top, *defaults_of(one), *opened_blocks(one.body)) for one in inner))


def opened_blocks(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, with those of a block under `if`, `with` or `try` in its place.

    Args:
        body: the statements.
    """
    for one in body:
        if isinstance(one, ast.If | ast.With | ast.Try):
            yield from opened_blocks(one.body)
        else:
            yield one


def defaults_of(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """Yield the arguments that have defaults, as statements that give them.

    Args:
        function: the function.
    """
    arguments = function.args.args
    count = len(function.args.defaults)
    for one, value in zip(arguments[len(arguments) - count :], function.args.defaults, strict=True):
        yield ast.Assign([ast.Name(one.arg, ast.Store())], value)


@lru_cache(maxsize=256)
def fed_by(module: ModuleType, name: str) -> dict[str, dict[int | str, int | None]]:
    """Return the functions whose results somebody's own code gives to a function.

    Args:
        module: in which the calls are looked for.
        name: of the function or method.

    Returns:
        By the name of each: the argument, by its place or name, and which part of a result it
        gets; None is the whole.
    """
    found: dict[str, dict[int | str, int | None]] = {}
    for call in calls_in(module, name):
        own = [one for one in call.block if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
        given = dict(pair for one in own for pair in _results(one))
        arguments: list[tuple[int | str, ast.expr]] = [*enumerate(call.node.args)]
        arguments += [(one.arg, one.value) for one in call.node.keywords if one.arg]
        for key, value in arguments:
            if isinstance(value, ast.Name) and value.id in given:
                function, part = given[value.id]
                found.setdefault(function, {})[key] = part
    return found


def _results(statement: ast.stmt) -> Iterator[tuple[str, tuple[str, int | None]]]:
    """The variables that get the result of a call, or a part of it."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target, function = node.targets[0], called(node.value)
            if isinstance(target, ast.Name):
                yield target.id, (function, None)
            elif isinstance(target, ast.Tuple):
                names = enumerate(target.elts)
                yield from (
                    (one.id, (function, i)) for i, one in names if isinstance(one, ast.Name)
                )


@lru_cache(maxsize=256)
def called_before(module: ModuleType, name: str) -> Sequence[tuple[str, ...]]:
    """Return what somebody's own code calls, one after the other, in the lines above a call.

    Args:
        module: in which the calls are looked for.
        name: of the function or method that is called in the end.
    """
    nodes = ast.walk(tree_of_module(module))
    bodies: list[list[ast.stmt]] = [getattr(node, "body", []) for node in nodes]
    rows = [[_called_in(one) for one in body] for body in bodies if isinstance(body, list)]
    found = [tuple(filter(None, row[: row.index(name)])) for row in rows if name in row]
    return [one for one in dict.fromkeys(found) if one]


def _called_in(statement: ast.stmt) -> str:
    """The name of what a statement calls, by itself or for a value; empty for any other."""
    value = getattr(statement, "value", None)
    return called(value) if isinstance(value, ast.Call) else ""
