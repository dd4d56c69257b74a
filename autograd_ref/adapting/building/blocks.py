"""The statements of somebody's file, block by block: with the main guard open, and by function."""

import ast
import inspect
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

Block = tuple[ast.stmt, ...]


class OwnCall(NamedTuple):
    """A call of a function, a method or a class, and where it stands."""

    block: Block
    place: int
    """The place of its statement in the block."""
    node: ast.Call


def calls_in(module: ModuleType, name: str) -> Iterator[OwnCall]:
    """Yield where somebody's own code calls what has a name.

    Args:
        module: in which it is looked for.
        name: of a function, a class or a method.
    """
    for block in _blocks_of(module):
        for place, statement in enumerate(block):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and called(node) == name and not _defines(statement):
                    yield OwnCall(block, place, node)


def called(node: ast.Call) -> str:
    """Return the name of what is called, without what it is a member of.

    Args:
        node: the call.
    """
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def _defines(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.ClassDef)


def _blocks_of(module: ModuleType) -> tuple[Block, ...]:
    try:
        return _blocks_in(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return ()


@lru_cache(maxsize=8)
def _blocks_in(source: str) -> tuple[Block, ...]:
    """The top of a file, and the same followed by each of its functions."""
    top = (*_open(ast.parse(source).body),)
    inner = [one for one in top if isinstance(one, ast.FunctionDef)]
    return (top, *((*top, *_defaults(one), *_open(one.body)) for one in inner))


def _open(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements with those of a block under `if` or `with` in its place."""
    for one in body:
        if isinstance(one, ast.If | ast.With | ast.Try):
            yield from _open(one.body)
        else:
            yield one


def _defaults(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """The arguments that have defaults, as statements that give them."""
    arguments = function.args.args
    count = len(function.args.defaults)
    for one, value in zip(arguments[len(arguments) - count :], function.args.defaults, strict=True):
        yield ast.Assign([ast.Name(one.arg, ast.Store())], value)
