"""Functions that make the functions which are called: the loss of given data, forward, backward."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from autograd_ref.adapting.by_name.code_of import Function
from autograd_ref.adapting.by_name.function_names import FORWARD
from autograd_ref.adapting.calling.candidates_in_code import Candidate
from autograd_ref.adapting.calling.executed import value_after
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import constructed
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.holding.arrays_found import inside
from autograd_ref.adapting.holding.given.containers import in_arguments
from autograd_ref.adapting.holding.setups import Placed, in_object

MADE = "made"
"""The variable for what is made."""


class Made(NamedTuple):
    """A function that was made, with where the parameters may be."""

    entry: Candidate
    setup: Placed
    before: tuple[str, ...]


def made_functions(maker: Candidate, known: Known, problem: SmallProblem) -> Iterator[Made]:
    """Yield the functions that somebody's function makes, the likeliest first.

    Args:
        maker: the function that makes them.
        known: the data, and what else there is to be given.
        problem: the problem.
    """
    yield from _of_one(maker, known, problem, None)
    for placed in in_arguments([maker.function], problem.sizes, maker.makers):
        there = known._replace(parameters=placed.container, arrays=placed.arrays)
        yield from _of_one(maker, there, problem, placed)


def _of_one(
    maker: Candidate, known: Known, problem: SmallProblem, given: Placed | None
) -> Iterator[Made]:
    """The functions that one call makes; given the parameters, if they are its arguments."""
    made = constructed(maker.name, maker.function, known)
    if not made:
        return
    lines = (*(given.lines if given else ()), f"{MADE} = {made}")
    value = value_after(lines, MADE, maker, problem)
    parts = _parts(value)
    functions = {name: function for name, (_path, function) in parts.items()}
    aliases = tuple(f"{name} = {path}" for name, (path, _function) in parts.items())
    candidates = [
        Candidate(function, f"{maker.name}.{name}", None, functions, maker.module)
        for name, function in functions.items()
        if len(parts) == 1 or not FORWARD.fullmatch(name)
    ]
    for entry in sorted(candidates, key=lambda one: one.rank):
        beside = [functions[name] for name in entry.forwards]
        setups = [given] if given else [*in_arguments([*beside, entry.function], problem.sizes, {})]
        setups = setups or [*in_object(MADE, value, problem.sizes)]
        for setup in setups:
            own = setup.lines if setup is not given else ()
            yield Made(entry, setup, (*lines, *own, *aliases))


def _parts(value: object) -> Mapping[str, tuple[str, Function]]:
    """The functions in what was made, by their names, each with its expression."""
    if callable(value):
        name = getattr(value, "__name__", "")
        return {name if name.isidentifier() else "function": (MADE, value)}
    by_place = type(value) in (list, tuple)
    found = [(step, name, one) for step, name, one in inside(value, "") if callable(one)]
    names = [getattr(one, "__name__", "") if by_place else name for _step, name, one in found]
    return {
        name if name.isidentifier() else f"part{i}": (MADE + step, one)
        for i, (name, (step, _name, one)) in enumerate(zip(names, found, strict=True))
    }
