"""Biases that somebody's code subtracts, as thresholds are."""

import ast
import inspect
from functools import lru_cache
from types import ModuleType

from autograd_ref.adapting.by_name.code_of import last_name
from autograd_ref.adapting.holding.setups import Placed
from autograd_ref.adapting.holding.slots import copied

PRODUCTS = ("dot", "matmul", "sum", "einsum")
"""The names of functions that multiply weights by inputs."""

SAID = ", subtracted as thresholds"


def with_thresholds(setup: Placed, module: ModuleType | None) -> Placed:
    """Return parameters with minus the biases where the code subtracts them.

    Args:
        setup: the parameters.
        module: the code.
    """
    names = frozenset[str]() if module is None else _subtracted_in(module)
    slots = list(setup.holder.slots)
    for i, one in enumerate(slots):
        if one.kind == "b" and {one.name, one.name.rstrip("0123456789")} & names:
            slots[i] = one._replace(given=f"-{one.given}", is_minus=True)
    if tuple(slots) == setup.holder.slots:
        return setup
    lines = "\n".join(setup.lines)
    for old, new in zip(setup.holder.slots, slots, strict=True):
        lines = lines.replace(old.line, new.line).replace(copied(old), copied(new))
    held = setup.holder._replace(slots=tuple(slots))
    return setup._replace(lines=(lines,), holder=held, where=f"{setup.where}{SAID}")


@lru_cache(maxsize=8)
def _subtracted_in(module: ModuleType) -> frozenset[str]:
    try:
        return subtracted(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return frozenset()


def subtracted(source: str) -> frozenset[str]:
    """Return the names of what is subtracted from a product of weights and inputs, never added.

    Args:
        source: of the code.

    Examples:
        >>> subtracted("z = self.w @ x - self.theta; y = np.dot(w, x) + b; p = np.exp(-x @ w - c)")
        frozenset({'theta'})
    """
    nodes = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.BinOp)]
    beside = [one for one in nodes if _is_product(one.left)]
    away = {_name(one.right) for one in beside if isinstance(one.op, ast.Sub)}
    added = {_name(one.right) for one in beside if isinstance(one.op, ast.Add)}
    return frozenset(away - added - {""})


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
