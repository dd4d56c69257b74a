"""All the ways in which a function or method may be called, with parameters and data."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from autograd_ref.adapting.by_name.roles import RATE, roles_of
from autograd_ref.adapting.calling.argument_text import Known
from autograd_ref.adapting.calling.call_arguments import filled
from autograd_ref.adapting.calling.candidates_in_code import CODE, THEIR_NET, Candidate
from autograd_ref.adapting.calling.layers import composed
from autograd_ref.adapting.calling.programs import NET, CallProgram, DataForm, calls_of
from autograd_ref.adapting.calling.trying import SmallProblem, instance
from autograd_ref.adapting.holding.containers import in_arguments
from autograd_ref.adapting.holding.setups import Placed, in_module, in_object


def programs_of(
    entry: Candidate, problem: SmallProblem, data: Sequence[DataForm], given: Mapping[str, str]
) -> Iterator[list[CallProgram]]:
    """Yield the programs of an entry: those of one setup and all forms of data together.

    Args:
        entry: what is called.
        problem: the problem that they are run on.
        data: the forms of data.
        given: values for arguments, by name.
    """
    forwards = entry.forwards  # a method may need what it keeps; a function has arguments
    for forward in ["", *forwards] if entry.owner is None else [*forwards, ""]:
        for setup, before in _setups(entry, problem, data, given, forward):
            programs: list[CallProgram] = []
            for form in data:
                known = Known(
                    form.X, form.Y, setup.container, setup.arrays, sizes=problem.sizes, given=given
                )
                for calls in calls_of(entry, known, forward):
                    lines = (*_global_data(entry, form, calls), *before)
                    if any(form.Y in line for line in (*lines, *calls)):
                        programs.append(CallProgram(entry, setup, form, lines, calls))
            yield programs


def _global_data(entry: Candidate, form: DataForm, calls: Sequence[str]) -> list[str]:
    """The lines that put the data into global variables, where no call takes them."""
    if entry.owner is not None or entry.module is None or any(form.X in line for line in calls):
        return []
    arrays = {n: v for n, v in vars(entry.module).items() if isinstance(v, np.ndarray)}
    X = [name for name in arrays if "X" in roles_of(name)]
    Y = [name for name in arrays if "Y" in roles_of(name) and name not in X]
    Y = sorted(Y, key=lambda name: name.lower().startswith("y"))  # beside T, Y is what comes out
    if not X or not Y:
        return []
    return [f"{CODE}.{X[0]} = {form.X}", f"{CODE}.{Y[0]} = {form.Y}"]


def _setups(
    entry: Candidate,
    problem: SmallProblem,
    data: Sequence[DataForm],
    given: Mapping[str, str],
    forward: str,
) -> Iterator[tuple[Placed, tuple[str, ...]]]:
    """Yield where the parameters may be, with all lines before the calls."""
    if entry.owner is None:
        functions = [entry.beside[forward]] if forward else []
        setups = [*in_arguments([*functions, entry.function], problem.sizes, entry.makers)]
        if not setups and entry.module is not None:
            own = in_module(CODE, entry.module, None)
            setups = [one for one in own if one.holder.sizes == problem.sizes]
        rates = _rates(CODE, vars(entry.module)) if entry.module is not None else []
        yield from ((setup, (*setup.lines, *rates)) for setup in setups)
        return
    known = Known(data[0].X, data[0].Y, sizes=problem.sizes, given=given)
    for make in lines_that_make(entry, known):
        net = instance(make, entry, problem)
        setups = [] if net is None else [*in_object(NET, net, problem.sizes)]
        rates = _rates(NET, getattr(net, "__dict__", {}))
        yield from ((setup, (make, *setup.lines, *rates)) for setup in setups)


def _rates(owner: str, names: Mapping[str, object]) -> list[str]:
    """The lines that set the learning rate of an instance, or of a module."""
    return [
        f"{owner}.{name} = rate"
        for name, value in names.items()
        if RATE.fullmatch(name) and isinstance(value, int | float)
    ]


def lines_that_make(entry: Candidate, known: Known) -> Iterator[str]:
    """Yield the lines that make an instance, with its parameters.

    Args:
        entry: a method.
        known: what there is to be given.
    """
    if not isinstance(entry.owner, type):
        yield f"{NET} = copy.deepcopy({THEIR_NET})"
        return
    call = filled(entry.owner, known, constructor=True)
    yield from composed(entry.owner, known.sizes)
    if call.missing:
        return
    line = f"{NET} = {entry.owner.__name__}({call.text})"
    yield line
    for maker in entry.makers:
        own = filled(maker, known, constructor=True)
        if not own.missing:
            yield f"{line}\n{NET}.{maker.__name__}({own.text})"
