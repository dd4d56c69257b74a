"""The sizes of networks that somebody's code takes."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain, islice, pairwise, product
from types import ModuleType, SimpleNamespace
from typing import cast

from autograd_ref.adapting.building.instances import lines_that_build, lines_that_make
from autograd_ref.adapting.by_name.code_of import tree_of_module
from autograd_ref.adapting.by_name.roles import Role, roles_of
from autograd_ref.adapting.by_name.size_uses import names_side_by_side
from autograd_ref.adapting.calling.candidates_in_code import CODE, Candidate
from autograd_ref.adapting.calling.executed import value_after
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.calling.programs import NET
from autograd_ref.adapting.holding.arrays_found import arrays_in
from autograd_ref.adapting.holding.given.containers import sizes_of_arguments
from autograd_ref.adapting.holding.given.made_containers import made_by
from autograd_ref.adapting.holding.matching import holders
from autograd_ref.adapting.holding.setups import in_module, in_object

Sizes = tuple[int, ...]

ROLES: tuple[Role, ...] = ("inputs", "hidden", "outputs")

USUAL: tuple[Sizes, ...] = (
    *((5, 7, 2), (5, 7, 1), (5, 7, 3, 2), (5, 7, 3, 1), (5, 2), (5, 1)),
    *((5, 4, 4, 2), (5, 4, 4, 1)),
)
"""The sizes that are tried, with two hidden layers or none where one does not do; no two are equal
but the ones, so that shapes tell what an array is. The last are for a product of a square matrix
that is not transposed where it should be. Chosen."""


def stated_sizes(thing: object) -> tuple[Sizes, ...]:
    """Return the sizes that the global variables of somebody's code name; none where they do not.

    Args:
        thing: a module, or what lies in one.
    """
    module = thing if isinstance(thing, ModuleType) else inspect.getmodule(thing)
    found: list[tuple[Role, str, int]] = []
    if module is None:
        return ()
    for name, value in vars(module).items():
        roles = roles_of(name, of_sizes=True)
        if isinstance(value, list | tuple) and "sizes" in roles:
            row = cast("Sequence[object]", value)
            if len(row) > 1 and all(isinstance(one, int) and one > 0 for one in row):
                return (tuple(cast("Sequence[int]", row)),)
            if shapes := _sizes_of_shapes(row):
                return shapes
        if isinstance(value, int) and not isinstance(value, bool) and roles and value > 0:
            found.append((roles[0], name, value))
    each = [[one[1:] for one in found if one[0] == role] for role in ROLES]
    pairs = names_side_by_side(tree_of_module(module))
    chains = (chain for chain in product(*each) if _is_chain([name for name, _ in chain], pairs))
    return tuple(tuple(value for _name, value in one) for one in islice(chains, 1))


def _is_chain(names: Sequence[str], pairs: Collection[tuple[str, str]]) -> bool:
    """Return whether names are those of sizes, one layer after the other.

    A name of one letter needs to stand beside the next, or the last, where it is used.
    """
    return all(min(map(len, pair)) > 1 or pair in pairs for pair in pairwise(names))


def _sizes_of_shapes(row: Sequence[object]) -> tuple[Sizes, ...]:
    """The sizes of weights whose shapes stand in a list, layer by layer; none where they do not."""
    tuples = [cast("tuple[object, ...]", one) for one in row if isinstance(one, tuple)]
    tables = [cast("dict[str, object]", one) for one in row if isinstance(one, dict)]
    tuples += [tuple(v for v in one.values() if isinstance(v, int)) for one in tables]
    pairs = [cast("Sizes", one) for one in tuples if len(one) == 2]
    if not pairs or not all(isinstance(n, int) for pair in pairs for n in pair):
        return ()
    ways = pairs, [pair[::-1] for pair in pairs]
    return tuple(
        (way[0][0], *(pair[1] for pair in way))
        for way in ways
        if all(one[1] == other[0] for one, other in pairwise(way))
    )


def own_sizes(
    entry: Candidate, problem: Callable[[Sizes], SmallProblem], given: Mapping[str, str]
) -> list[Sizes]:
    """Return the sizes that the arrays in somebody's code have.

    Args:
        entry: what is called.
        problem: makes the small problem of given sizes.
        given: values for arguments, by name.
    """
    if entry.owner is None:
        module = entry.module
        placed = [] if module is None else [*in_module(module.__name__, module, None)]
        placed += in_object(CODE, SimpleNamespace(**entry.objects), None)
        made = (made_by(maker, USUAL[0]) for maker in entry.makers.values())
        theirs = (holders([*arrays_in(one, "")], None) for one in made)
        found = [one.sizes for one in chain.from_iterable(theirs)]
        named = sizes_of_arguments(entry.function)
        return [*(one.holder.sizes for one in placed), *found, *named]
    sizes: list[Sizes] = []
    for tried_with in ((5, 7, 2), (5, 7, 1)):
        meant = problem(tried_with).meant
        known = Known("X", "Y", sizes=tried_with, given=given, network=meant)
        for make in (*lines_that_make(entry, known), *lines_that_build(entry, known)):
            net = value_after([make], NET, entry, problem(tried_with))
            found = [] if net is None else [*in_object(NET, net, None)]
            sizes += [one.holder.sizes for one in found]
    return sorted(dict.fromkeys(sizes), key=lambda one: -len(one))
