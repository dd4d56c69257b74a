"""Code that trains: updates that are many, or that do not begin with the parameters given."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.by_name.code_of import RANGES, Function, last_name, tree_of
from autograd_ref.adapting.by_use.roles_by_use import factors_of_updates
from autograd_ref.adapting.calling.executed import AT_RATE
from autograd_ref.adapting.calling.filling.global_data import names_read_by
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.calling.programs import CallProgram
from autograd_ref.adapting.calling.readings import WhereRead
from autograd_ref.adapting.calling.trying import read_again
from autograd_ref.calls import random_state

Array = NDArray[Any]

DRAWS = re.compile(r"choices?|randint|random_integers|integers|randrange|sample")
"""The names of functions that draw a sample."""


def is_repeated(
    one: CallProgram, several: CallProgram, reading: WhereRead, problem: SmallProblem
) -> bool:
    """Return whether code that is given samples updates after each, in any order, or after one.

    It may draw that one; where nothing is drawn, others are forgotten.

    Args:
        one: the program for one sample.
        several: the program for a batch.
        reading: where the first has the updated parameters.
        problem: the problem.
    """
    two = problem._replace(X=problem.X[:2], Y=problem.Y[:2])
    together = _after(several, reading, two)
    names = names_read_by(several.entry.function, several.entry.beside)
    drawn = ((0,), (1,)) if any(map(DRAWS.fullmatch, names)) else ()
    for order in ((0, 1), (1, 0), *drawn):
        now: Mapping[str, Array] = problem.parameters
        for i in order:
            sample = problem.sample(i)
            now = now and _after(one, reading, sample._replace(parameters=now))
        if together and now and _alike(together, now):
            return True
    return False


def _after(program: CallProgram, reading: WhereRead, problem: SmallProblem) -> dict[str, Array]:
    """The parameters after an update; none where there is none."""
    before, steps = dict(problem.parameters), read_again(program, reading, problem)
    return before | {n: before[n] - AT_RATE * g for n, g in steps.items()} if steps else {}


def _alike(one: Mapping[str, Array], two: Mapping[str, Array]) -> bool:
    return all(np.allclose(one[name], two[name], rtol=1e-6, atol=1e-9) for name in one)


def trains(program: CallProgram, reading: WhereRead, problem: SmallProblem) -> bool:
    """Return whether what is read as a gradient, or as one update, is a whole training.

    Args:
        program: the program.
        reading: where the gradient, or the updated parameters are.
        problem: the problem.
    """
    several = reading.kind == "updated" and repeats(program.entry.function)
    return several or _starts_anew(program, reading, problem)


def repeats(function: Function) -> bool:
    """Return whether a function makes updates in a loop whose number of turns it says itself.

    Args:
        function: the function.
    """
    tree = tree_of(function)
    numbers = dict(_numbers_in(tree))
    for loop in ast.walk(tree):
        call = loop.iter if isinstance(loop, ast.For) else None
        if isinstance(call, ast.Call) and last_name(call.func) in RANGES and len(call.args) == 1:
            end = call.args[0]
            value = numbers.get(end.id) if isinstance(end, ast.Name) else getattr(end, "value", 0)
            if type(value) is int and value > 1 and any(True for _ in factors_of_updates(loop)):
                return True
    return False


def _numbers_in(tree: ast.AST) -> Iterator[tuple[str, object]]:
    """The variables that are given numbers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield from ((last_name(one), node.value.value) for one in node.targets)


def _starts_anew(program: CallProgram, reading: WhereRead, problem: SmallProblem) -> bool:
    """Return whether what comes out is the same whatever parameters are given."""
    rows = range(len(problem.X)) if program.data.one_at_a_time else ()
    twice = (_twice(program, reading, at) for at in [*map(problem.sample, rows)] or [problem])
    return next((alike for moved, alike in twice if moved), False)


def _twice(program: CallProgram, reading: WhereRead, at: SmallProblem) -> tuple[bool, bool]:
    """True where anything comes out, and true where it is the same with other parameters."""
    other = at._replace(parameters={name: 2 * value + 1 for name, value in at.parameters.items()})
    with random_state.kept(beside_threads=True):
        one = read_again(program, reading, at)
    two = read_again(program, reading, other)  # it draws the same
    if reading.kind == "updated":
        one = {name: at.parameters[name] - AT_RATE * g for name, g in one.items()}
        two = {name: other.parameters[name] - AT_RATE * g for name, g in two.items()}
    before = at.parameters if reading.kind == "updated" else dict.fromkeys(one, np.zeros(()))
    moved = {name: value for name, value in one.items() if (value != before[name]).any()}
    return bool(moved), {*one} == {*two} and _alike(moved, two)
