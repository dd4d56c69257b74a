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
        >>> beside_products_in(tree)
        BesideProducts(added=frozenset({'b'}), subtracted=frozenset({'theta'}))
    """
    nodes = [one for one in ast.walk(tree) if isinstance(one, ast.BinOp)]
    beside = [one for one in nodes if _is_product(one.left)]
    added = {_name(one.right) for one in beside if isinstance(one.op, ast.Add)}
    away = {_name(one.right) for one in beside if isinstance(one.op, ast.Sub)}
    return BesideProducts(frozenset(added - {""}), frozenset(away - added - {""}))


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
    """The name of an array, or the key under which it lies."""
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else ""
        return key if isinstance(key, str) and key else _name(node.value)
    return last_name(node)
