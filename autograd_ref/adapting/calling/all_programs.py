"""All the ways in which a function or method may be called, with parameters and data."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import SimpleNamespace

from autograd_ref.adapting.building.built_arguments import with_their_own
from autograd_ref.adapting.building.closures import made_functions
from autograd_ref.adapting.building.instances import in_instances
from autograd_ref.adapting.by_name.code_of import (
    Function,
    lines_beside,
    parameters_of,
)
from autograd_ref.adapting.by_name.roles import RATE, roles_of
from autograd_ref.adapting.by_use.roles_by_use import rates_of
from autograd_ref.adapting.calling.candidates_in_code import CODE, Candidate, takes
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.data_forms import DataForm
from autograd_ref.adapting.calling.filling.global_data import (
    global_data,
    names_read_by,
    put_there,
)
from autograd_ref.adapting.calling.filling.left_over import SETTINGS
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.calling.programs import NET, CallProgram, Lines, calls_of
from autograd_ref.adapting.holding.given.containers import in_arguments
from autograd_ref.adapting.holding.given.plain_lists import as_lists, knows_no_arrays
from autograd_ref.adapting.holding.setups import Placed, in_module, in_object
from autograd_ref.adapting.holding.thresholds import with_thresholds
from autograd_ref.adapting.holding.uneven_penalties import uneven_penalties

INPUT = re.compile(r"(x|i|in|inp|input)_?\d", re.IGNORECASE)
"""The names of single inputs."""

MadeCalls = dict[tuple[object, ...], list[Lines]]
"""The calls of an entry by the data and parameters in them: many setups have the same."""


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
    if not _splits_rows(entry):
        data = [one for one in data if not one.X.startswith("[")]
    if knows_no_arrays(entry.function):
        data = [one.as_lists() for one in data]
    base = Known(sizes=problem.sizes, given=given, network=problem.meant)
    made: MadeCalls = {}
    if entry.makes:
        for form in data:
            known = base._replace(X=form.X, Y=form.Y)
            for one in made_functions(entry, known, problem):
                for firsts in [(), *one.entry.chains]:
                    there = [form], base
                    yield [*programs_in(one.entry, one.setup, one.before, there, firsts, {})]
        return
    chains = entry.chains  # a method may need what they keep; a function has arguments
    takes_data = isinstance(entry.owner, type) and takes(entry.owner, "Y")
    for firsts in [(), *chains] if entry.owner is None else [*chains, ()]:
        for group in [[one] for one in data] if takes_data else [data]:
            first = base._replace(X=group[0].X, Y=group[0].Y)
            setups = [*_setups(entry, problem, first, firsts)]
            for setup, before in setups:
                yield [*programs_in(entry, setup, before, (group, base), firsts, made)]
            for setup, before in setups:  # code without biases is not said to be given ones
                forms = [form for one in group for form in one.with_ones(setup.holder.form.biases)]
                yield [*programs_in(entry, setup, before, (forms, base), firsts, made)]


def programs_in(
    entry: Candidate,
    setup: Placed,
    before: Sequence[str],
    known: tuple[Sequence[DataForm], Known],
    firsts: Sequence[str],
    made: MadeCalls,
) -> Iterator[CallProgram]:
    """Yield the programs of one setup, with all forms of data.

    Args:
        entry: what is called.
        setup: where its parameters are.
        before: the lines before the calls.
        known: the forms of data, and what there is to be given beside them.
        firsts: the names of what is called before it.
        made: the calls of the entry with other setups, to which those of this one are added.
    """
    data, base = known
    inputs, own = _inputs(entry, firsts, base.sizes), global_data(entry, firsts)
    for form in data:
        arrays = {**setup.arrays, **(inputs if form.X.startswith("X[0]") else {})}
        there = base._replace(X=form.X, Y=form.Y, parameters=setup.container, arrays=arrays)
        what = (*firsts,), form.X, form.Y, setup.container, (*arrays.items(),)
        if what not in made:
            made[what] = [*dict.fromkeys(calls_of(entry, there, firsts))]
        found = [(calls, (*put_there(own, form, calls), *before)) for calls in made[what]]
        found = [one for one in found if _has_data("\n".join((*one[1], *one[0])), form)]
        if not found and not inputs:
            return  # an argument is not known, or none takes the data, whatever their form
        for calls, lines in found:
            yield CallProgram(entry, setup, form, lines, calls)


def _has_data(text: str, form: DataForm) -> bool:
    return form.Y in text and re.search(r"\bX\b", text) is not None


def _splits_rows(entry: Candidate) -> bool:
    """Return whether some code takes the last entry from rows, as where the class stands there."""
    return any("[:-1]" in line for line in lines_beside(entry.function))


def _inputs(entry: Candidate, firsts: Sequence[str], sizes: Sequence[int]) -> dict[str, str]:
    """The inputs of a sample by their names, where each is an argument: x1, x2."""
    functions = [*(entry.beside[first] for first in firsts), entry.function]
    each = [[p.name for p in parameters_of(one) if INPUT.fullmatch(p.name)] for one in functions]
    found = max(each, key=len)
    if len(found) != sizes[0]:
        return {}
    return {name: f"float(X[0, {i}])" for i, name in enumerate(found)}


def _are_read(setup: Placed, functions: Sequence[Function], beside: Mapping[str, Function]) -> bool:
    """Return whether functions read parameters from global variables, all that no argument is."""
    names = {*setup.arrays}
    read = names & {name for one in functions for name in names_read_by(one, beside)}
    given = {p.name for one in functions for p in parameters_of(one)}
    return bool(read) and names <= read | given


def _setups(
    entry: Candidate, problem: SmallProblem, known: Known, firsts: Sequence[str]
) -> Iterator[tuple[Placed, tuple[str, ...]]]:
    """Yield where the parameters may be, with all lines before the calls."""
    if entry.owner is None:
        functions = [entry.beside[first] for first in firsts]
        own = [] if entry.module is None else in_module(CODE, entry.module, None)
        own = [one for one in own if one.holder.sizes == problem.sizes]
        called = [*functions, *entry.parts]
        setups = [one for one in own if _are_read(one, called, entry.beside)]
        if not setups:
            setups = [*in_arguments(called, problem.sizes, entry.makers)]
            setups = [*as_lists(setups)] if knows_no_arrays(entry.function) else setups
        objects = SimpleNamespace(**entry.objects)
        setups = setups or own or [*in_object(CODE, objects, problem.sizes)]
        rates = _rates(CODE, vars(entry.module)) if entry.module is not None else []
        rates += [
            line for n, one in entry.objects.items() for line in _rates(f"{CODE}.{n}", vars(one))
        ]
        rates += uneven_penalties(objects, CODE)
        setups = with_their_own(entry, known, setups, problem, firsts)
        for setup in (with_thresholds(one, entry.module) for one in setups):
            yield setup, (*setup.lines, *rates)
        return
    for one in in_instances(entry, known, problem, firsts[0] if firsts else ""):
        rates = _rates(NET, getattr(one.net, "__dict__", {}), rates_of(type(one.net)))
        rates += uneven_penalties(one.net, NET)
        setups = with_their_own(entry, known, one.setups, problem, firsts)
        for setup in (with_thresholds(one, entry.module) for one in setups):
            yield setup, (one.make, *setup.lines, *rates)


def _rates(owner: str, names: Mapping[str, object], factors: Collection[str] = ()) -> list[str]:
    """The lines that set the rate, the penalty and the steps of an instance, or of a module."""
    lines: list[str] = []
    named = {one for one in names if RATE.fullmatch(one)}
    moving = {*factors}  # of these, one named as a rate is the rate, and the others stay
    rates = (named & moving or moving) if moving else named
    for name, value in names.items():
        if name in rates and isinstance(value, int | float):
            lines.append(f"{owner}.{name} = rate")
        elif owner == NET and roles_of(name)[:1] == ["steps"] and isinstance(value, int):
            lines += [f"{owner}.{name} = 1"] * (value > 1)
        elif owner == NET and SETTINGS.search(name) and hasattr(value, "__dict__"):
            if getattr(getattr(value, "__dataclass_params__", None), "frozen", False):
                continue  # it was given its penalty when it was made
            lines += [f"{owner}.{name}.{one} = l2" for one in vars(value) if "l2" in roles_of(one)]
    return lines
