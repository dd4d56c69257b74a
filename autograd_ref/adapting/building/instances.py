"""Lines that make an instance: by the names of arguments, from layers, as their statements do."""

import inspect
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_ref.adapting.building.layers import composed
from autograd_ref.adapting.building.own_statements import instances_built
from autograd_ref.adapting.by_name.function_names import MAKER
from autograd_ref.adapting.calling.candidates_in_code import THEIR_NET, Candidate
from autograd_ref.adapting.calling.executed import value_after
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import constructed
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.calling.programs import NET
from autograd_ref.adapting.holding.given.containers import in_arguments, in_empty_attributes
from autograd_ref.adapting.holding.setups import Placed, in_object


class Instance(NamedTuple):
    """An instance that some lines make, and where the parameters may be."""

    make: str
    net: object
    setups: Sequence[Placed]


def in_instances(
    entry: Candidate, known: Known, problem: SmallProblem, forward: str
) -> Iterator[Instance]:
    """Yield instances with the parameters in each, or else in the arguments of their methods.

    Args:
        entry: a method.
        known: what there is to be given.
        problem: the problem.
        forward: the name of the forward pass; empty for none.
    """
    made: list[Instance] = []
    ways = lines_that_make, lines_that_build, _lines_that_give
    for lines in (way(entry, known) for way in ways):
        for make in lines:
            net = value_after([make], NET, entry, problem)
            if net is not None:
                made.append(Instance(make, net, [*in_object(NET, net, problem.sizes)]))
                yield made[-1]
        if any(one.setups for one in made):
            return
    functions = [*filter(None, [entry.beside.get(forward)]), *entry.parts]
    for one in made[:1]:
        empty = [*in_empty_attributes(NET, one.net, problem.sizes)]
        yield one._replace(setups=empty or [*in_arguments(functions, problem.sizes, {})])


def lines_that_make(entry: Candidate, known: Known) -> Iterator[str]:
    """Yield the lines that make an instance, with its parameters.

    Args:
        entry: a method.
        known: what there is to be given.
    """
    if not isinstance(entry.owner, type):
        yield f"{NET} = copy.deepcopy({THEIR_NET})"
        return
    made = constructed(entry.owner.__name__, entry.owner, known)
    from_layers = [*composed(entry.owner, known)]
    if from_layers:
        yield from [*lines_that_build(entry, known)] or from_layers
    if not made:
        return
    yield f"{NET} = {made}"
    for name, maker in entry.makers.items():
        if own := constructed(f"{NET}.{name}", maker, known):
            yield f"{NET} = {made}\n{own}"


def lines_that_build(entry: Candidate, known: Known) -> Iterator[str]:
    """Yield the lines with which a function of the module, or its statements, build an instance.

    Args:
        entry: a method.
        known: what there is to be given.
    """
    if not isinstance(entry.owner, type) or entry.module is None:
        return
    kind = entry.owner.__name__
    for name, value in vars(entry.module).items():
        builds = inspect.isfunction(value) and MAKER.match(name)
        if builds and kind in value.__code__.co_names and (made := constructed(name, value, known)):
            yield f"{NET} = {made}"
    for name in [n for n, v in vars(entry.owner).items() if isinstance(v, classmethod)]:
        if made := constructed(f"{kind}.{name}", getattr(entry.owner, name), known):
            yield f"{NET} = {made}"
    yield from instances_built(entry.module, kind, known.sizes)


def _lines_that_give(entry: Candidate, known: Known) -> Iterator[str]:
    """The lines that make an instance of parameters; the class itself where that is enough."""
    kind = entry.owner
    if not isinstance(kind, type):
        return
    for placed in in_arguments([kind.__init__], known.sizes, {}):
        there = known._replace(parameters=placed.container, arrays=placed.arrays)
        if made := constructed(kind.__name__, kind, there):
            yield "\n".join([*placed.lines, f"{NET} = {made}"])
    kept = inspect.getattr_static(kind, entry.last, None)
    if isinstance(kept, staticmethod | classmethod):
        yield f"{NET} = {kind.__name__}"
