"""Functions that return functions, by their source."""

import ast
from collections.abc import Iterator

from autograd_ref.adapting.by_name.code_of import Function, last_name, returned_by, tree_of


def makes_functions(function: Function) -> bool:
    """Return whether a function returns functions that it defines, or partial ones.

    Args:
        function: the function.
    """
    tree = tree_of(function)
    inner = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    for one in tree.body:
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Lambda):
            inner |= {last_name(target) for target in one.targets}
    return any(
        isinstance(n, ast.Lambda)
        or (isinstance(n, ast.Name) and (n.id in inner or n.id == "partial"))
        for value in returned_by(tree)
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
