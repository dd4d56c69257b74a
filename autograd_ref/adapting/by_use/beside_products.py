"""The names of what somebody's code adds to products of weights and inputs, or subtracts."""

import ast
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.by_name.code_of import last_name, tree_of_module

PRODUCTS = ("dot", "matmul", "sum", "einsum")
"""The names of functions that multiply weights by inputs."""


class BesideProducts(NamedTuple):
    """The names of what stands beside products."""

    added: frozenset[str] = frozenset()
    """Biases, or a term of a loss."""
    subtracted: frozenset[str] = frozenset()
    """Thresholds, or targets; nothing that is added elsewhere."""
    multiplied: frozenset[str] = frozenset()
    """The factors of the products: weights, inputs, hidden units."""


@lru_cache(maxsize=8)
def beside_products(module: ModuleType | None) -> BesideProducts:
    """Return what a module adds to products and subtracts from them; nothing without a source.

    Args:
        module: the module; None for none.
    """
    return beside_products_in(tree_of_module(module))


def beside_products_in(tree: ast.AST) -> BesideProducts:
    """Return what a piece of code adds to products, and what it subtracts from them.

    Args:
        tree: of the code.

    Examples:
        >>> tree = ast.parse("z = self.w @ x - self.theta; p = np.exp(-x @ w - c); y = w @ x + b")
        >>> added, subtracted, multiplied = beside_products_in(tree)
        >>> sorted(added), sorted(subtracted), sorted(multiplied)
        (['b'], ['theta'], ['w', 'x'])
    """
    nodes = [*ast.walk(tree)]
    given = [one for one in nodes if isinstance(one, ast.Assign) and _is_product(one.value)]
    products = {_name(target) for one in given for target in one.targets}
    beside = [one for one in nodes if isinstance(one, ast.BinOp) and _is_product(one.left)]
    steps = [one for one in nodes if isinstance(one, ast.AugAssign)]
    terms = [(one.op, _name(one.right)) for one in beside]
    terms += [(one.op, _name(one.value)) for one in steps if _name(one.target) in products]
    added = {name for op, name in terms if isinstance(op, ast.Add)}
    away = {name for op, name in terms if isinstance(op, ast.Sub)}
    factors = {name for one in ast.walk(tree) for name in factors_of(one)}
    return BesideProducts(*map(frozenset, (added - {""}, away - added - {""}, factors - {""})))


def factors_of(node: ast.AST) -> list[str]:
    """Return the names of the factors of a product of matrices; none for any other expression.

    Args:
        node: the expression.

    Examples:
        >>> [factors_of(ast.parse(t, mode="eval").body) for t in ("X @ net.W.T", "h.dot(V)")]
        [['X', 'W'], ['h', 'V']]
    """
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return [_name(one) for one in (node.left, node.right)]
    if isinstance(node, ast.Call) and last_name(node.func) in ("dot", "matmul"):
        return [_name(one) for one in (getattr(node.func, "value", node.func), *node.args)]
    return []


def _is_product(node: ast.expr) -> bool:
    """True for a product without a minus: what is subtracted from -X @ W is a bias, added."""
    first = node
    while isinstance(first, ast.BinOp):
        first = first.left
    if isinstance(first, ast.UnaryOp):
        return False
    if isinstance(node, ast.Call) and any(isinstance(one, ast.UnaryOp) for one in node.args):
        return False
    if isinstance(node, ast.Call):
        return last_name(node.func) in PRODUCTS
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)


def _name(node: ast.expr) -> str:
    """The name of an array, transposed or not, or the key under which it lies."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return _name(node.value)
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else ""
        return key if isinstance(key, str) and key else _name(node.value)
    return last_name(node)
