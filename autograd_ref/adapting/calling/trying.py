"""A program, run on a small problem: the gradient that comes out, or what was raised."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.by_name.code_of import returned_names
from autograd_ref.adapting.calling.candidates_in_code import Candidate, names_of
from autograd_ref.adapting.calling.programs import NET, CallProgram
from autograd_ref.adapting.calling.readings import Ran, WhereRead, readings
from autograd_ref.adapting.holding.arrays_found import arrays_under
from autograd_ref.adapting.holding.forms import size_names
from autograd_ref.adapting.holding.slots import Holder
from autograd_ref.adapting.undisturbed import quiet
from autograd_ref.networks.architecture import Architecture
from autograd_ref.user_code import UserCodeRaised, user_code

Array = NDArray[Any]

NOT_THERE = TypeError, ValueError, LookupError, AttributeError
"""Exceptions of an expression that reads what was not returned, or is no array of numbers."""

RATE = 1.0
"""The learning rate at which an update is tried: what it moves is then the gradient."""


class RightFor(NamedTuple):
    """A network, and the gradient that is right for it."""

    network: Architecture
    gradients: Mapping[str, Array]


class References(NamedTuple):
    """The gradients that may be right, computed once they are asked for."""

    meant: Callable[[bool], Sequence[RightFor]]
    """The gradients of the network that is meant, if one is; with biases or without."""
    usual: Callable[[bool], Sequence[RightFor]]
    """The gradients of all usual networks."""


class SmallProblem(NamedTuple):
    """A small problem, with the gradients that may be right."""

    sizes: tuple[int, ...]
    parameters: Mapping[str, Array]
    """W0 (N_H, N_I), b0 (N_H,), W1, ..."""
    X: Array
    """(S, N_I)."""
    Y: Array
    """Labels (S,), or numbers (S, N_O)."""
    references: References
    """The gradients that are right for some network."""

    def sample(self, i: int) -> "SmallProblem":
        """Return the problem of one sample alone."""
        return self._replace(X=self.X[i : i + 1], Y=self.Y[i : i + 1])


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


def environment(entry: Candidate, problem: SmallProblem) -> dict[str, Any]:
    """Return the variables of a program.

    Args:
        entry: what is called.
        problem: the problem.
    """
    env = names_of(entry)
    env |= dict(zip(size_names(problem.sizes), problem.sizes, strict=True))
    env |= {name: array.copy() for name, array in problem.parameters.items()}
    return env | {"X": problem.X.copy(), "Y": problem.Y.copy(), "rate": RATE, "l2": 0.0}


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


def is_repeated(
    one: CallProgram, several: CallProgram, reading: WhereRead, problem: SmallProblem
) -> bool:
    """Return whether code that is given samples updates after each, in any order.

    Args:
        one: the program for one sample.
        several: the program for a batch.
        reading: where the first has the updated parameters.
        problem: the problem.
    """
    two = problem._replace(X=problem.X[:2], Y=problem.Y[:2])

    def after(program: CallProgram, at: SmallProblem) -> SmallProblem | None:
        with contextlib.suppress(UserCodeRaised):
            for read in _reads(program, at):
                if read.reading.of == reading.of and read.reading.kind == "updated":
                    moved = {n: at.parameters[n] - RATE * g for n, g in read.gradients.items()}
                    return problem._replace(parameters={**at.parameters, **moved})
        return None

    together = after(several, two)
    for order in ((0, 1), (1, 0)):
        now: SmallProblem | None = problem
        for i in order:
            now = now and after(one, now.sample(i))
        if together and now and _alike(together.parameters, now.parameters):
            return True
    return False


def _alike(one: Mapping[str, Array], two: Mapping[str, Array]) -> bool:
    return all(np.allclose(one[name], two[name], rtol=1e-6, atol=1e-9) for name in one)


def instance(make: str, entry: Candidate, problem: SmallProblem) -> object:
    """Return what a line makes; None where it raises.

    Args:
        make: the line, which sets `net`.
        entry: what is called.
        problem: the problem.
    """
    env = environment(entry, problem)
    try:
        with quiet(), user_code():
            exec(make, env)
    except UserCodeRaised:
        return None
    return env.get(NET)


def _reads(program: CallProgram, problem: SmallProblem) -> Iterator[GradientRead]:
    env = environment(program.entry, problem)
    setup = program.setup
    with quiet(), user_code():
        exec("\n".join(program.before), env)
        root = env[setup.root]
        before = {one.path: one.value.copy() for one in arrays_under(root, setup.root)}
        before |= _slots(setup.holder, env)
        exec("\n".join(program.calls), env)
    after, names = _slots(setup.holder, env), returned_names(program.entry.function)
    for reading in readings(
        Ran(env["result"], root, setup.root, setup.holder, before, after, names)
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
                found[name] = (problem.parameters[name] - value) / RATE if is_update else value
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
