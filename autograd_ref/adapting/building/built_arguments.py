"""Arguments that nothing is known for but what somebody's own calls give: loss, network, layers."""

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import ModuleType

from autograd_ref.adapting.building.own_statements import OwnArguments, arguments_given
from autograd_ref.adapting.building.slices import given_anew
from autograd_ref.adapting.by_name.code_of import parameters_of
from autograd_ref.adapting.by_name.roles import SIZES, roles_of
from autograd_ref.adapting.by_use.argument_uses import uses_of
from autograd_ref.adapting.calling.candidates_in_code import Candidate
from autograd_ref.adapting.calling.executed import value_after
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import constructed, filled
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.holding.arrays_found import arrays_in
from autograd_ref.adapting.holding.given.without_names import THEIRS
from autograd_ref.adapting.holding.setups import Placed, in_object


def with_their_own(
    entry: Candidate,
    known: Known,
    setups: Sequence[Placed],
    problem: SmallProblem,
    firsts: Sequence[str],
) -> Iterator[Placed]:
    """Yield setups with what somebody's own calls give for arguments that nothing is known for.

    Args:
        entry: what is called.
        known: the data, and what else there is to be given.
        setups: of its parameters.
        problem: the problem.
        firsts: what is called before it, whose results may be what is missing.
    """
    if firsts:
        yield from setups
        return
    built = [*in_built_argument(entry, known, problem, problem.sizes)]
    yield from built
    for setup in () if built else setups:
        there = known._replace(parameters=setup.container, arrays=setup.arrays)
        missing = filled(entry.function, there).missing
        for given in _made_by_name(entry, missing, known) or _given(entry, missing, known.sizes):
            arrays = {**setup.arrays, **given.arguments}
            yield setup._replace(lines=(*setup.lines, *given.lines), arrays=arrays)


def in_built_argument(
    entry: Candidate, known: Known, problem: SmallProblem, sizes: Sequence[int] | None
) -> Iterator[Placed]:
    """Yield the parameters in an argument that somebody's own statements build: a list of layers.

    Args:
        entry: what is called.
        known: the data, and what else there is to be given.
        problem: the problem.
        sizes: of the network; None for those that its arrays have.
    """
    if entry.owner is not None:
        return
    there = known._replace(parameters=THEIRS, sizes=())  # what no name tells is no size
    open_names = filled(entry.function, there).missing
    missing = [name for name in open_names if not {*SIZES} & {*roles_of(name)}]
    names = [p.name for p in parameters_of(entry.function) if _may_be_network(entry, p.name)]
    for name in names:
        for given in _given(entry, [*missing, name], known.sizes):
            if name in given.arguments:
                lines = (*given.lines, f"{THEIRS} = {given.arguments[name]}")
                there = value_after(lines, THEIRS, entry, problem)
                if not any("." in one.path for one in arrays_in(there, THEIRS)):
                    continue  # what is no object can be made without their statements
                for placed in in_object(THEIRS, there, sizes):
                    arrays = {n: text for n, text in given.arguments.items() if n != name}
                    before = (*lines, *placed.lines)
                    yield placed._replace(lines=before, container=THEIRS, arrays=arrays)


def _may_be_network(entry: Candidate, argument: str) -> bool:
    """Return whether an argument may hold layers: by its name, or as it is looped over."""
    roles = roles_of(argument)
    return "parameters" in roles or (not roles and uses_of(entry.function, argument).indexed)


def _made_by_name(entry: Candidate, missing: Sequence[str], known: Known) -> list[OwnArguments]:
    """The arguments that a function of theirs makes, by its name: shapes by make_shapes."""
    made: dict[str, str] = {}
    for name in missing:
        for own, maker in entry.makers.items():
            text = constructed(own, maker, Known(sizes=known.sizes, network=known.network))
            if own.endswith(f"_{name}") and text:
                made[name] = text
    return [OwnArguments((), made)] if missing and len(made) == len(missing) else []


def _given(entry: Candidate, missing: Sequence[str], sizes: Sequence[int]) -> list[OwnArguments]:
    """The arguments of their own calls, each once; empty where none is given, or missing."""
    found: Sequence[OwnArguments] = ()
    if missing and entry.module is not None:
        names = tuple(p.name if p.name in missing else "" for p in parameters_of(entry.function))
        found = _given_once(entry.module, entry.last, names, tuple(sizes))
    return [*found] or [OwnArguments((), {})]


@lru_cache(maxsize=64)
def _given_once(
    module: ModuleType, function: str, names: tuple[str, ...], sizes: tuple[int, ...]
) -> Sequence[OwnArguments]:
    """The arguments of their own calls, found once for all places of parameters."""
    found: list[OwnArguments] = []
    for one in arguments_given(module, function, names, sizes):
        found += [one] if one not in found and not _is_computed(one) else []
    return found


def _is_computed(one: OwnArguments) -> bool:
    """Return whether what is given comes of inputs of theirs, as outputs do, and is no network."""
    given = [
        name for line in one.lines for node in ast.parse(line).body for name in given_anew(node)
    ]
    networks = any({"parameters", *SIZES} & {*roles_of(name)} for name in one.arguments)
    return not networks and any("X" in roles_of(name)[:1] for name in given)
