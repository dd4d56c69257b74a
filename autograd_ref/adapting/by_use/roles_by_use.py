"""The part that an argument plays by what the code does with it, where its name says nothing."""

import ast
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from autograd_ref.adapting.by_name.array_names import ARRAY, GRADIENT
from autograd_ref.adapting.by_name.code_of import (
    CALLS_FOLLOWED,
    RANGES,
    Function,
    last_name,
    parameters_of,
    tree_of,
)
from autograd_ref.adapting.by_name.roles import Role
from autograd_ref.adapting.by_use.argument_uses import passed_on
from autograd_ref.adapting.by_use.beside_products import beside_products_in


def role_by_use(function: Function, argument: str) -> Role | None:
    """Return whether an argument counts steps or layers in a loop, or is the rate of an update.

    Args:
        function: the function.
        argument: the name of the argument.
    """
    return _roles_by_use(function).get(argument)


@lru_cache(maxsize=512)
def updates(function: Function) -> bool:
    """Return whether a function moves parameters.

    Args:
        function: the function.
    """
    return any(True for _factor in factors_of_updates(tree_of(function)))


@lru_cache(maxsize=512)
def _roles_by_use(function: Function) -> dict[str, Role]:
    """The names in a function that have one of these parts."""
    tree = tree_of(function)
    ways: list[tuple[Role, Iterator[ast.expr]]] = [
        ("rate", factors_of_updates(tree)),
        ("steps", _counts(tree)),
        ("layers", _counts_of_layers(tree)),
    ]
    return {one.id: role for role, each in ways for one in each if isinstance(one, ast.Name)}


@lru_cache(maxsize=512)
def rates_of(kind: Function) -> frozenset[str]:
    """Return the names of the attributes of a class that its updates are multiplied by.

    Args:
        kind: the class.
    """
    factors = factors_of_updates(tree_of(kind))
    return frozenset(one.attr for one in factors if isinstance(one, ast.Attribute))


@lru_cache(maxsize=512)
def multiplied_in(function: Function, depth: int = 0) -> Sequence[str]:
    """Return the arguments of a function that stand in products of matrices, in order.

    Args:
        function: the function; what it passes an argument on to, whole or in part, counts.
        depth: how many calls it was followed through.
    """
    names = [one.name for one in parameters_of(function)]
    found = {*beside_products_in(tree_of(function)).multiplied}
    for node in ast.walk(tree_of(function)) if depth < CALLS_FOLLOWED else ():
        if isinstance(node, ast.Call):
            for name in names:
                inner = [*passed_on(function, node, name)]
                found |= {name for one, own in inner if own in multiplied_in(one, depth + 1)}
    return [name for name in names if name in found]


def factors_of_updates(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what the steps of updates are multiplied by, as 0.1 in W1 -= 0.1 * dW1.

    Args:
        tree: of their code.
    """
    weights = beside_products_in(tree).multiplied
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            if _moves(node.op, node.target, weights):
                yield from _factors(node.value)
        elif isinstance(node, ast.Assign | ast.ListComp | ast.GeneratorExp):
            for target, value in _values(node):
                if isinstance(value, ast.BinOp) and isinstance(value.right, ast.BinOp):
                    same = target is None or ast.unparse(target) == ast.unparse(value.left)
                    if same and _moves(value.op, value.left, weights):
                        yield from _factors(value.right)


def _values(
    node: ast.Assign | ast.ListComp | ast.GeneratorExp,
) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """The values that an assignment gives to each of its targets, or that a list is made of."""
    if not isinstance(node, ast.Assign):
        yield None, node.elt
        return
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from zip(target.elts, value.elts, strict=False)
    else:
        yield target, value


def _counts(tree: ast.AST) -> Iterator[ast.expr]:
    """The lengths of loops over range."""
    for node in ast.walk(tree):
        call = node.iter if isinstance(node, ast.For) else None
        if isinstance(call, ast.Call) and last_name(call.func) in RANGES:
            yield from call.args[-1:] if len(call.args) < 3 else ()


def _counts_of_layers(tree: ast.AST) -> Iterator[ast.expr]:
    """The ends of loops whose variable is the number of a weight: in "W" + str(l), or in W[l]."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For):
            inside = [one for one in ast.walk(node) if isinstance(one, ast.Subscript)]
            if any(_is_of_layer(one, last_name(node.target)) for one in inside):
                called = [one for one in ast.walk(node.iter) if isinstance(one, ast.Call)]
                ranges = [one for one in called if last_name(one.func) in RANGES]
                ends = [one for inner in ranges for one in ast.walk(inner)]
                lengths = [
                    n
                    for one in ends
                    if last_name(getattr(one, "func", None)) == "len"
                    for n in ast.walk(one)
                ]
                yield from (one for one in ends if isinstance(one, ast.Name) and one not in lengths)


def _is_of_layer(node: ast.Subscript, variable: str) -> bool:
    """True for a weight that is looked up by its number."""
    parts = [*ast.walk(node.slice)]
    text = any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in parts)
    of_array = isinstance(node.slice, ast.Name) and bool(ARRAY.fullmatch(last_name(node.value)))
    return (text or of_array) and any(last_name(one) == variable for one in parts)


def _moves(op: ast.operator, target: ast.expr, weights: Collection[str]) -> bool:
    """True for a step down, and for one up of what is named, or multiplied, as a parameter is."""
    if isinstance(op, ast.Sub):
        return True
    inner = target
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    name = last_name(inner)
    own = isinstance(inner, ast.Attribute) or name in weights or bool(ARRAY.fullmatch(name))
    return isinstance(op, ast.Add) and own and not GRADIENT.fullmatch(name)


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """The factors of a product, without its sign."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        yield from _factors(node.left)
        if isinstance(node.op, ast.Mult):
            yield from _factors(node.right)
    elif isinstance(node, ast.UnaryOp):
        yield from _factors(node.operand)
    else:
        yield node
