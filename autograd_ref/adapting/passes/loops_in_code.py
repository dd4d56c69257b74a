"""The loops in somebody's file, the innermost first, with what stands above each."""

import ast
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.building.blocks import Block, defaults_of, opened_blocks
from autograd_ref.adapting.building.slices import given_anew
from autograd_ref.adapting.by_name.code_of import tree_of_module

Loop = ast.For | ast.While


class OwnLoop(NamedTuple):
    """A loop, and where it stands."""

    node: Loop
    above: Block
    """The statements above it: those of its block, and of the blocks around loops around it."""
    turning: frozenset[str]
    """The names that another turn of it, or of a loop around it, gives to something else."""
    function: ast.FunctionDef | None
    """The function or method around it; None at the top of the file."""
    kind: str
    """The name of the class of that method; empty for none."""


def loops_in(module: ModuleType) -> Iterator[OwnLoop]:
    """Yield the loops at the top of a file, and in its functions and methods.

    Args:
        module: of the file.
    """
    top = (*opened_blocks(tree_of_module(module).body),)
    nowhere = ast.While(ast.Constant(value=True), [], [])
    yield from _loops(OwnLoop(nowhere, (), frozenset(), None, ""), top)
    for one in top:
        kind = one.name if isinstance(one, ast.ClassDef) else ""
        for function in one.body if isinstance(one, ast.ClassDef) else [one]:
            if isinstance(function, ast.FunctionDef):
                above = *top, *defaults_of(function)
                start = OwnLoop(nowhere, above, frozenset(), function, kind)
                yield from _loops(start, function.body)


def _loops(around: OwnLoop, body: Sequence[ast.stmt]) -> Iterator[OwnLoop]:
    """The loops in a block, and before each those in it."""
    block = (*opened_blocks(body),)
    for place, node in enumerate(block):
        if isinstance(node, ast.For | ast.While):
            turning = around.turning | {*_given_in(node)}
            one = around._replace(node=node, above=(*around.above, *block[:place]), turning=turning)
            yield from _loops(one, node.body)
            yield one


def _given_in(loop: Loop) -> Iterator[str]:
    """The variables of a loop, and those that its own statements give values."""
    if isinstance(loop, ast.For):
        yield from (one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name))
    for node in opened_blocks(loop.body):
        yield from given_anew(node)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
