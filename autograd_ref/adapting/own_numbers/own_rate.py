"""A learning rate that stands in somebody's code as a number."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from autograd_ref.adapting.by_name.code_of import Function, last_name, tree_of
from autograd_ref.adapting.by_use.roles_by_use import factors_of_updates
from autograd_ref.adapting.calling.candidates_in_code import Candidate
from autograd_ref.adapting.nearness import Near


def with_own_rate(near: Near) -> Near:
    """Return what was found, with the number that the code multiplies its updates by.

    Where several numbers are there, none is told apart from a mistake.

    Args:
        near: what was found.
    """
    lines = "\n".join([*near.program.before, *near.program.calls])
    if near.reading.kind != "updated" or re.search(r"\brate\b", lines):
        return near
    numbers = {*_rates_of(near.program.entry)} - {1.0}
    if len(numbers) != 1:
        return near
    return near._replace(reading=near.reading._replace(rate=numbers.pop()))


def _rates_of(entry: Candidate) -> Iterator[float]:
    """The numbers that updates are multiplied by, in an entry and in what it calls."""
    calls = [n for n in ast.walk(tree_of(entry.function)) if isinstance(n, ast.Call)]
    names = dict.fromkeys(last_name(one.func) for one in calls)
    called = [entry.beside[name] for name in names if name in entry.beside]
    for function in (entry.function, *called):
        yield from _rates_in(function)


def _rates_in(function: Function) -> Iterator[float]:
    tree = tree_of(function)
    if not isinstance(tree, ast.FunctionDef):
        return
    local = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    plain = [one.arg for one in tree.args.args][::-1]
    local |= dict(zip(plain, tree.args.defaults[::-1], strict=False))
    for factor in factors_of_updates(tree):
        known = local.get(factor.id, factor) if isinstance(factor, ast.Name) else factor
        value = known.value if isinstance(known, ast.Constant) else None
        if isinstance(known, ast.Name | ast.Attribute):
            value = _global(known, getattr(function, "__globals__", {}))
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            yield float(value)


def _global(node: ast.expr, scope: Mapping[str, Any]) -> object:
    """The value of a global variable, or of an attribute of one; None for anything else."""
    if isinstance(node, ast.Attribute):
        return getattr(_global(node.value, scope), node.attr, None)
    return scope.get(node.id) if isinstance(node, ast.Name) else None
