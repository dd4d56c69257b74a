"""A program, run on a small problem: the gradient that comes out, or what was raised."""

import contextlib
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.by_name.code_of import returned_names
from autograd_ref.adapting.calling.executed import AT_RATE, environment
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.calling.programs import CallProgram
from autograd_ref.adapting.calling.readings import Ran, WhereRead, readings
from autograd_ref.adapting.holding.arrays_found import arrays_under
from autograd_ref.adapting.holding.slots import Holder
from autograd_ref.adapting.undisturbed import quiet
from autograd_ref.user_code import UserCodeRaised, user_code

Array = NDArray[Any]

NOT_THERE = TypeError, ValueError, LookupError, AttributeError
"""Exceptions of an expression that reads what was not returned, or is no array of numbers."""


class GradientRead(NamedTuple):
    """A gradient, and where it was found."""

    reading: WhereRead
    gradients: Mapping[str, Array]
    """The derivatives, as far as they have the right shapes."""


class Attempted(NamedTuple):
    """A program after a try."""

    program: CallProgram
    reads: tuple[GradientRead, ...]
    error: Exception | None = None
    """Raised by their code."""


def tried(program: CallProgram, problem: SmallProblem) -> Attempted:
    """Return what a program gives on a problem.

    Args:
        program: the program.
        problem: the problem.
    """
    one = program.data.one_at_a_time
    try:
        reads = [*_reads(program, problem.sample(0) if one else problem)]
        if one:
            reads = [_summed(program, problem, read) for read in reads]
    except UserCodeRaised as raised:
        return Attempted(program, (), raised.error)
    found = [read for read in reads if any(g.any() for g in read.gradients.values())]
    return Attempted(program, tuple(found))


def kind_without_inputs(program: CallProgram, reading: WhereRead, problem: SmallProblem) -> str:
    """Return how a result is to be read, told by what it is where X is zero; empty if it is not.

    There the weights of the first layer have no derivative, whatever is wrong elsewhere: a gradient
    of them is zero, and updated ones are what they were.

    Args:
        program: the program.
        reading: where the result is.
        problem: the problem, with inputs.
    """
    without = problem._replace(X=np.zeros_like(problem.X))
    kinds: list[str] = []
    with contextlib.suppress(UserCodeRaised):
        for read in _reads(program, without.sample(0) if program.data.one_at_a_time else without):
            first = read.gradients.get("W0")
            if read.reading.of == reading.of and first is not None and not first.any():
                kinds.append(read.reading.kind)
    return kinds[0] if kinds else ""


def read_again(
    program: CallProgram, reading: WhereRead, problem: SmallProblem
) -> Mapping[str, Array]:
    """Return what is read in the same place on another problem; nothing where there is nothing.

    Args:
        program: the program.
        reading: the place.
        problem: the problem.
    """
    with contextlib.suppress(UserCodeRaised):
        for read in _reads(program, problem):
            if read.reading.of == reading.of and read.reading.kind == reading.kind:
                return read.gradients
    return {}


def _reads(program: CallProgram, problem: SmallProblem) -> Iterator[GradientRead]:
    env = environment(program.entry, problem)
    setup = program.setup
    with quiet(), user_code():
        exec("\n".join(program.before), env)
        objects = program.entry.objects
        root = SimpleNamespace(**objects) if objects else env[setup.root]
        before = {one.path: one.value.copy() for one in arrays_under(root, setup.root)}
        before |= _slots(setup.holder, env)
        exec("\n".join(program.calls), env)
    after, names = _slots(setup.holder, env), returned_names(program.entry.function)
    added = program.entry.is_added
    for reading in readings(
        Ran(env["result"], root, setup.root, setup.holder, before, after, names, added)
    ):
        gradients = _evaluated(reading, env, problem)
        yield GradientRead(reading, gradients)


def _slots(holder: Holder, env: dict[str, Any]) -> dict[str, Array]:
    """The parameters where they are, by their paths, as far as they are there."""
    found: dict[str, Array] = {}
    for one in [one for one in holder.slots if one.path]:
        with contextlib.suppress(*NOT_THERE):
            found[one.path] = np.array(eval(one.path, env), dtype=np.float64)
    return found


def _evaluated(reading: WhereRead, env: dict[str, Any], problem: SmallProblem) -> dict[str, Array]:
    """The blocks of a gradient that have the right shape and are numbers."""
    found: dict[str, Array] = {}
    for name, text in reading.of.items():
        with quiet(), contextlib.suppress(*NOT_THERE):
            value = np.array(eval(text, env), dtype=np.float64)  # they may write on theirs
            if value.shape == problem.parameters[name].shape and np.isfinite(value).all():
                is_update = reading.kind == "updated"
                found[name] = (problem.parameters[name] - value) / AT_RATE if is_update else value
    return found


def _summed(program: CallProgram, problem: SmallProblem, read: GradientRead) -> GradientRead:
    """The sum over all samples of what is read for one."""
    total: dict[str, Array] = dict(read.gradients)
    for i in range(1, len(problem.X)):
        for other in _reads(program, problem.sample(i)):
            if other.reading.of == read.reading.of and other.reading.kind == read.reading.kind:
                total = {n: total[n] + g for n, g in other.gradients.items() if n in total}
                break
    return read._replace(gradients=total)
