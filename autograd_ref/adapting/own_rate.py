"""A learning rate that stands in somebody's code as a number: an update is divided by it."""

import ast
from collections.abc import Iterator

from autograd_ref.adapting.by_name.code_of import last_name, tree_of
from autograd_ref.adapting.by_name.roles_by_use import factors_of_updates
from autograd_ref.adapting.calling.candidates_in_code import Candidate, Function
from autograd_ref.adapting.nearness import EQUAL, Near
from autograd_ref.adapting.small import SAMPLES


def with_own_rate(near: Near, *, mean: bool) -> Near:
    """Return what was found, with the number that the code multiplies its updates by.

    Several numbers are told apart by how many times the right step the update is; where only one
    is there, it is the rate of wrong code as well.

    Args:
        near: what was found.
        mean: True where the loss is a mean over samples.
    """
    lines = "\n".join([*near.program.before, *near.program.calls])
    if near.reading.kind != "updated" or "rate" in lines:
        return near
    numbers = {*_numbers(near.program.entry)} - {1.0}
    samples = SAMPLES if near.program.data.one_at_a_time and mean else 1
    step = near.factor / samples
    fitting = [one for one in numbers if abs(one - step) <= EQUAL * abs(step)]
    if len(numbers) == 1:
        fitting = [*numbers]
    return near._replace(reading=near.reading._replace(rate=fitting[0])) if fitting else near


def _numbers(entry: Candidate) -> Iterator[float]:
    """The numbers that updates are multiplied by, in an entry and in what it calls."""
    tree = tree_of(entry.function)
    calls = [] if tree is None else [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    names = dict.fromkeys(last_name(one.func) for one in calls)
    called = [entry.beside[name] for name in names if name in entry.beside]
    for function in (entry.function, *called):
        yield from _numbers_in(function)


def _numbers_in(function: Function) -> Iterator[float]:
    tree = tree_of(function)
    if tree is None:
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
        if isinstance(known, ast.Name):
            value = getattr(function, "__globals__", {}).get(known.id)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            yield float(value)
