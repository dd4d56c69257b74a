"""Parameters that are given to a function: in a dict, a list, a vector, or each by itself."""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from autograd_ref.adapting.by_name.code_of import Function, parameters_of, tree_of
from autograd_ref.adapting.by_name.layers_by_name import (
    Named,
    layers_in_order,
    named_layers,
)
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.by_use.argument_uses import Uses, is_vector_x, uses_of
from autograd_ref.adapting.by_use.beside_products import beside_products_in
from autograd_ref.adapting.by_use.roles_by_use import multiplied_in
from autograd_ref.adapting.holding.arrays_found import Found
from autograd_ref.adapting.holding.forms import forms
from autograd_ref.adapting.holding.given.made_containers import as_made
from autograd_ref.adapting.holding.given.plain_lists import multiplies_arrays
from autograd_ref.adapting.holding.given.without_names import THEIRS, alone, in_order
from autograd_ref.adapting.holding.numbers import of_numbers
from autograd_ref.adapting.holding.setups import Placed
from autograd_ref.adapting.holding.slots import Holder, copied, unplaced

FEWEST = 4
"""As many names of arrays as a usual network has; more may be those of numbers."""


def in_arguments(
    functions: Sequence[Function], sizes: Sequence[int], makers: Mapping[str, Function]
) -> Iterator[Placed]:
    """Yield the parameters as arguments of functions: all in one, or each by itself.

    Args:
        functions: what is called: the forward pass, if any, and the gradient.
        sizes: of the network.
        makers: functions that make initial parameters, by their names.
    """
    names = [(function, p.name) for function in functions for p in parameters_of(function)]
    single = named_layers([name for _f, name in names if "array" in roles_of(name)])
    layers = len(sizes) - 1
    for one in () if single is not None and single.biases else _with_added(functions, layers):
        yield from (_of_dict(holder, single=True) for holder in _named(one, sizes))
    if single is not None and len(single.weights) == layers:
        yield from (_of_dict(holder, single=True) for holder in _named(single, sizes))
    else:
        if single is not None and len(single.weights) == 1:
            yield from _lists(single, sizes, _first_number(functions, single, layers))
        for one in layers_in_order(_multiplied(functions), layers):
            yield from (_of_dict(holder, single=True) for holder in _named(one, sizes))
    for holder in of_numbers(_of_names(name for _f, name in names), sizes):
        yield _of_dict(holder, single=True)
    open_names = [p.name for p in parameters_of(functions[-1]) if _says_nothing(p)]
    for name, maker in makers.items() if len(open_names) > 1 else ():
        for placed in as_made(name, maker, sizes, apart=True):
            if placed.parts == len(open_names):
                arrays = {name: f"{THEIRS}[{i}]" for i, name in enumerate(open_names)}
                yield placed._replace(arrays=arrays, container="")
    seen: set[str] = set()
    for function, name in names:
        if name not in seen and _may_hold(function, name):
            seen.add(name)
            yield from _container(function, name, sizes, makers)


def _multiplied(functions: Sequence[Function]) -> list[str]:
    """The arguments that stand in products of matrices, without the data: alpha in alpha @ x."""
    found = dict.fromkeys(name for one in functions for name in multiplied_in(one))
    return [name for name in found if not {*roles_of(name)} & {"X", "Y", "cache"}]


def _with_added(functions: Sequence[Function], layers: int) -> Iterator[Named]:
    """These weights, with the arguments that are added to the products as their biases."""
    weights = _multiplied(functions)
    names = dict.fromkeys(p.name for one in functions for p in parameters_of(one))
    added = {name for one in functions for name in beside_products_in(tree_of(one)).added}
    biases = [name for name in names if name in added and name not in weights]
    if len(weights) == len(biases) == layers:
        yield Named((*weights,), (*biases,))


def _says_nothing(one: inspect.Parameter) -> bool:
    """Return whether an argument is needed, and may be arrays: it is named so, or says nothing."""
    return one.default is one.empty and not {*roles_of(one.name)} - {"array", "parameters"}


def _may_hold(function: Function, argument: str) -> bool:
    """Return whether an argument may have all parameters: by its name, or taken apart unnamed."""
    roles = roles_of(argument)
    apart = not roles and uses_of(function, argument) != Uses()
    return "parameters" in roles or apart or is_vector_x(function, argument)


def sizes_of_arguments(function: Function) -> list[tuple[int, ...]]:
    """Return the sizes of networks whose weights are arguments, each a number.

    Args:
        function: what is called.
    """
    found = _of_names(one.name for one in parameters_of(function))
    several = len(found) > FEWEST or not multiplies_arrays(function)
    return [one.sizes for one in of_numbers(found, None)] if several else []


def _of_names(names: Iterable[str]) -> list[Found]:
    """Numbers in a dict, by the names that they have."""
    found = dict.fromkeys(name for name in names if "array" in roles_of(name))
    return [Found(f"{THEIRS}[{name!r}]", name, np.asarray(0.0)) for name in found]


def _named(names: Named, sizes: Sequence[int]) -> Iterator[Holder]:
    """The arrays of parameters with these names, in all forms with as many."""
    for form in forms(sizes, biases=bool(names.biases)):
        holder = unplaced(form, sizes)
        slots = [one._replace(name=names.of(one.kind, one.layer)) for one in holder.slots]
        yield holder._replace(slots=tuple(slots))
        if form.flat and names.biases:
            yield holder._replace(slots=(*slots[:-1], slots[-1].without_axis()))


def _first_number(functions: Sequence[Function], names: Named, layers: int) -> int:
    """The number of the first layer in lists or dicts of arrays: 1 where no 0 is looked up."""
    called = (*names.weights, *names.biases)
    uses = [uses_of(one, name).numbers for one in functions for name in called]
    return int(any({*range(1, layers + 1)} <= found and 0 not in found for found in uses))


def _lists(names: Named, sizes: Sequence[int], first: int) -> Iterator[Placed]:
    """A list of all weights, and one of all biases, numbered from 0 or from 1."""
    called = (*names.weights, *names.biases)
    arrays = {name: f"{THEIRS}[{i}]" for i, name in enumerate(called)}
    for form in forms(sizes, biases=bool(names.biases)):
        held = unplaced(form, sizes).placed(
            lambda one: f"{THEIRS}[{'Wb'.index(one.kind)}][{one.layer + first}]"
        )
        each = [[copied(one) for one in held.slots if one.kind == kind] for kind in form.kinds]
        rows = [", ".join([*["None"] * first, *row]) for row in each]
        line = f"{THEIRS} = [{', '.join(f'[{row}]' for row in rows)}]"
        yield Placed((line,), held, THEIRS, f"in lists {' and '.join(called)}", arrays=arrays)


def _container(
    function: Function, argument: str, sizes: Sequence[int], makers: Mapping[str, Function]
) -> Iterator[Placed]:
    """All in one argument, as the code takes it apart, or as a function of theirs makes it."""
    layers, uses = len(sizes) - 1, uses_of(function, argument)
    made = [one for name, maker in makers.items() for one in as_made(name, maker, sizes)]
    yield from made
    if any(slot.put for one in made for slot in one.holder.slots):
        return  # they are units, or lists: no other container is like that
    for names in _names_in(uses, layers):
        yield from map(_of_dict, _named(names, sizes))
    yield from map(_of_dict, of_numbers(_of_names(uses.keys), sizes))
    attributes = named_layers(uses.attributes)
    if attributes is not None and len(attributes.weights) == layers:
        yield from map(_of_attributes, _named(attributes, sizes))
    if not uses.keys and not uses.stems and not uses.attributes:
        yield from alone(sizes) if layers == 1 else ()
        yield from in_order(uses, sizes)


def _of_dict(holder: Holder, *, single: bool = False) -> Placed:
    """A dict by name, which is the argument, or whose values are the arguments."""
    held = holder.placed(lambda one: f"{THEIRS}[{one.name!r}]")
    items = [f"    {one.name!r}: {copied(one)}," for one in held.slots]
    lines, names = (f"{THEIRS} = {{", *items, "}"), ", ".join(one.name for one in held.slots)
    if single:
        arrays = {one.name: one.path for one in held.slots}
        return Placed(lines, held, THEIRS, f"in the arguments {names}", arrays=arrays)
    return Placed(lines, held, THEIRS, f"in a dict with {names}", THEIRS)


def _of_attributes(holder: Holder) -> Placed:
    held = holder.placed(lambda one: f"{THEIRS}.{one.name}")
    items = [f"    {one.name}={copied(one)}," for one in held.slots]
    lines, names = (f"{THEIRS} = SimpleNamespace(", *items, ")"), [one.name for one in held.slots]
    return Placed(lines, held, THEIRS, f"in the attributes {', '.join(names)}", THEIRS)


def in_empty_attributes(root: str, value: object, sizes: Sequence[int]) -> Iterator[Placed]:
    """Yield the parameters in attributes of an instance that are None until it is trained.

    Args:
        root: the expression for it.
        value: the instance.
        sizes: of the network.
    """
    empty = [name for name, inner in getattr(value, "__dict__", {}).items() if inner is None]
    named = named_layers(empty)
    if named is None or len(named.weights) != len(sizes) - 1:
        return
    for holder in _named(named, sizes):
        held = holder.placed(lambda one: f"{root}.{one.name}")
        lines = tuple(f"{one.path} = {copied(one)}" for one in held.slots)
        yield Placed(lines, held, root, f"in {', '.join(one.path for one in held.slots)}")


def _names_in(uses: Uses, layers: int) -> Iterator[Named]:
    """The names of the arrays among the keys that a function looks up."""
    made = [
        [f"{stem}{i}" for stem in uses.stems for i in range(first, first + layers)]
        for first in (1, 0)
    ]
    known = False
    for keys in (uses.keys, *made):
        named = named_layers(keys)
        if named is not None and len(named.weights) == layers:
            known = True
            yield named
    if not known:
        yield from layers_in_order(uses.keys, layers)
