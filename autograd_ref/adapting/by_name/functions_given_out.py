"""Functions that return functions, by their source."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from autograd_ref.adapting.by_name.code_of import last_name, own_nodes, tree_of


def makes_functions(function: Callable[..., Any]) -> bool:
    """Return whether a function returns functions that it defines, or partial ones.

    Args:
        function: the function.
    """
    tree = tree_of(function)
    if tree is None:
        return False
    inner = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    for one in tree.body:
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Lambda):
            inner |= {last_name(target) for target in one.targets}
    returned = [n.value for n in own_nodes(tree) if isinstance(n, ast.Return) and n.value]
    return any(
        isinstance(n, ast.Lambda)
        or (isinstance(n, ast.Name) and (n.id in inner or n.id == "partial"))
        for value in returned
        for n in _given_out(value)
    )


def _given_out(value: ast.expr) -> Iterator[ast.expr]:
    """The expressions that are given out themselves, and not called, in what is returned."""
    yield value
    if isinstance(value, ast.Tuple | ast.List):
        inner = value.elts
    elif isinstance(value, ast.Dict):
        inner = value.values
    elif isinstance(value, ast.Call):
        own = [value.func] if last_name(value.func) == "partial" else []
        inner = [*own, *value.args, *(one.value for one in value.keywords)]
    else:
        inner = []
    for one in inner:
        yield from _given_out(one)
