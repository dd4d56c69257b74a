"""Gradients that somebody's code adds to its parameters: those of minus the loss."""

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import ModuleType

from autograd_ref.adapting.by_name.array_names import ARRAY, is_parameter
from autograd_ref.adapting.by_name.code_of import last_name, tree_of_module
from autograd_ref.adapting.by_name.roles import roles_of


@lru_cache(maxsize=64)
def are_added(module: ModuleType, functions: frozenset[str]) -> bool:
    """Return whether the results of functions are added to parameters, and never subtracted.

    Args:
        module: the file that calls them.
        functions: their names.
    """
    return added_in(tree_of_module(module), functions)


def added_in(tree: ast.AST, functions: Collection[str]) -> bool:
    """Return whether a piece of code adds the results of functions, and never subtracts them.

    Args:
        tree: of the code.
        functions: their names.

    Examples:
        >>> up = "g = slope(X, T); W = W + 0.1 * g; b += 0.1 * slope(X, T)"
        >>> down = "dW += slope(X, T); vel = 0.9 * vel - 0.1 * dW; W += vel"
        >>> [added_in(ast.parse(code), ["slope"]) for code in (up, down)]
        [True, False]
    """
    signs, steps = dict.fromkeys(functions, 1), set[int]()
    nodes = [one for one in ast.walk(tree) if isinstance(one, ast.Assign | ast.AugAssign)]
    nodes.sort(key=lambda one: (one.lineno, one.col_offset))
    calls = _other_calls(tree, functions)
    for node in [*nodes, *nodes]:  # a function that updates may stand above the call that it is in
        for target, value in _pairs(node):
            name, sign = last_name(_root(target)), 0 if value in calls else _sign(value, signs)
            own = is_parameter(name) and ARRAY.fullmatch(name) and not _is_momentum(name, value)
            whole = isinstance(target, ast.Subscript) and "parameters" in roles_of(name)
            is_result = isinstance(node, ast.Assign) and _calls(value, functions)
            if own or whole:
                steps |= set[int]() if is_result else {sign}
            elif sign:
                signs[name] = sign
        for argument, value in calls.get(node.value, ()):
            signs |= {argument: sign} if (sign := _sign(value, signs)) else {}
    return 1 in steps and -1 not in steps


def _other_calls(
    tree: ast.AST, functions: Collection[str]
) -> dict[ast.expr, list[tuple[str, ast.expr]]]:
    """The calls of other functions that the code defines: arguments, each with what it is given."""
    nodes = [*ast.walk(tree)]
    own = {one.name: one.args.args for one in nodes if isinstance(one, ast.FunctionDef)}
    found: dict[ast.expr, list[tuple[str, ast.expr]]] = {}
    for one in nodes:
        if isinstance(one, ast.Call) and last_name(one.func) in {*own} - {*functions}:
            names = [argument.arg for argument in own[last_name(one.func)]]
            names = names[names[:1] == ["self"] :]
            found[one] = [*zip(names, one.args, strict=False)]
            found[one] += [(each.arg, each.value) for each in one.keywords if each.arg]
    return found


def _calls(value: ast.expr, functions: Collection[str]) -> bool:
    """True for the result of one of the functions as it is: new parameters, and no step."""
    return isinstance(value, ast.Call) and last_name(value.func) in functions


def _pairs(node: ast.Assign | ast.AugAssign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The targets of an assignment, each with its value; that of a step down has a minus."""
    target, value = node.target if isinstance(node, ast.AugAssign) else node.targets[0], node.value
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
        value = ast.UnaryOp(ast.USub(), value)
    if not isinstance(target, ast.Tuple):
        yield target, value
    elif isinstance(value, ast.Tuple):
        yield from zip(target.elts, value.elts, strict=False)
    else:
        yield from ((one, value) for one in target.elts)


def _is_momentum(name: str, value: ast.expr) -> bool:
    """Return whether a part of what a variable was goes into what it gets: v = 0.9 * v + g."""
    parts = [value.left, value.right] if isinstance(value, ast.BinOp) else []
    products = [one for one in parts if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mult)]
    pairs = [(_root(one.left), _root(one.right)) for one in products]
    return any(
        name in map(last_name, pair) and not any(isinstance(one, ast.BinOp) for one in pair)
        for pair in pairs
    )


def _root(node: ast.expr) -> ast.expr:
    """An array without what is looked up in it."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _sign(node: ast.expr, signs: Mapping[str, int]) -> int:
    """The sign with which an expression has one of the results; 0 for none."""
    if isinstance(node, ast.Name | ast.Attribute):
        return signs.get(last_name(node), 0)
    if isinstance(node, ast.UnaryOp):
        return -_sign(node.operand, signs)
    if isinstance(node, ast.BinOp):
        left, right = _sign(node.left, signs), _sign(node.right, signs)
        if isinstance(node.op, ast.Add | ast.Sub):
            return left or (right if isinstance(node.op, ast.Add) else -right)
        other = node.right if left else node.left
        return -(left or right) if isinstance(other, ast.UnaryOp) else left or right
    return next(filter(None, (_sign(one, signs) for one in _inside(node))), 0)


def _inside(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of an expression that may be results: of np.clip(g, -1, 1) it is g."""
    if isinstance(node, ast.Call):
        yield from (node.func, *node.args)
    elif isinstance(node, ast.Subscript | ast.Starred):
        yield node.value
    elif isinstance(node, ast.Tuple | ast.List):
        yield from node.elts
