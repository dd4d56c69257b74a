"""Parameters that are given to a function: in a dict, a list, a vector, or each by itself."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd_ref.adapting.by_name.code_of import Uses, uses_of
from autograd_ref.adapting.by_name.layers_by_name import Named, named_layers
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.calling.argument_text import Known
from autograd_ref.adapting.calling.call_arguments import filled, parameters_of
from autograd_ref.adapting.holding.arrays_found import arrays_in
from autograd_ref.adapting.holding.forms import Form, forms
from autograd_ref.adapting.holding.setups import Placed
from autograd_ref.adapting.holding.slots import Holder, Slot, holders, unplaced
from autograd_ref.adapting.holding.without_names import THEIRS, alone, copied, in_order
from autograd_ref.adapting.undisturbed import quiet
from autograd_ref.user_code import Raised, attempt, user_code

Function = Callable[..., Any]


def in_arguments(
    functions: Sequence[Function], sizes: Sequence[int], makers: Sequence[Function]
) -> Iterator[Placed]:
    """Yield the parameters as arguments of functions: all in one, or each by itself.

    Args:
        functions: what is called: the forward pass, if any, and the gradient.
        sizes: of the network.
        makers: functions that make initial parameters.
    """
    names = [(function, p.name) for function in functions for p in parameters_of(function)]
    single = named_layers([name for _f, name in names if "array" in roles_of(name)])
    if single is not None and len(single.weights) == len(sizes) - 1:
        yield from (_of_dict(_by_name(single, form, sizes), single=True) for form in _like(single))
    elif single is not None and len(single.weights) == 1:
        yield from _lists(single, sizes)
    seen: set[str] = set()
    for function, name in names:
        if "parameters" in roles_of(name) and name not in seen:
            seen.add(name)
            yield from _container(function, name, sizes, makers)


def _like(names: Named) -> Iterator[Form]:
    """The forms with as many arrays as there are names."""
    return forms(biases=bool(names.biases))


def _lists(names: Named, sizes: Sequence[int]) -> Iterator[Placed]:
    """A list of all weights, and one of all biases."""
    for form in _like(names):
        holder = unplaced(form, sizes)
        rows = [
            ", ".join(copied(form, one) for one in holder.slots if one.kind == kind)
            for kind in form.kinds
        ]
        slots = [
            one._replace(path=f"{THEIRS}[{'Wb'.index(one.kind)}][{one.layer}]")
            for one in holder.slots
        ]
        called = (*names.weights, *names.biases)
        line = f"{THEIRS} = [{', '.join(f'[{row}]' for row in rows)}]"
        yield Placed(
            (line,),
            holder._replace(slots=tuple(slots)),
            THEIRS,
            f"in lists {' and '.join(called)}",
            arrays={name: f"{THEIRS}[{i}]" for i, name in enumerate(called)},
        )


def _container(
    function: Function, argument: str, sizes: Sequence[int], makers: Sequence[Function]
) -> Iterator[Placed]:
    """All in one argument, as the code takes it apart, or as a function of theirs makes it."""
    layers, uses = len(sizes) - 1, uses_of(function, argument)
    for maker in makers:
        yield from _as_made(maker, sizes)
    for names in _names_in(uses, layers):
        yield from (_of_dict(_by_name(names, form, sizes)) for form in _like(names))
    attributes = named_layers(uses.attributes)
    if attributes is not None and len(attributes.weights) == layers:
        for form in _like(attributes):
            yield _of_attributes(_by_name(attributes, form, sizes))
    if not uses.keys and not uses.stems and not uses.attributes:
        yield from alone(sizes) if layers == 1 else ()
        yield from in_order(uses, sizes)


def _by_name(names: Named, form: Form, sizes: Sequence[int]) -> Holder:
    holder = unplaced(form, sizes)
    slots = list[Slot]()
    for one in holder.slots:
        name = (names.weights if one.kind == "W" else names.biases)[one.layer]
        slots.append(one._replace(path=f"{THEIRS}[{name!r}]", name=name))
    return holder._replace(slots=tuple(slots))


def _of_dict(holder: Holder, *, single: bool = False) -> Placed:
    """A dict by name, which is the argument, or whose values are the arguments."""
    items = [f"    {one.name!r}: {copied(holder.form, one)}," for one in holder.slots]
    lines, names = (f"{THEIRS} = {{", *items, "}"), ", ".join(one.name for one in holder.slots)
    if single:
        arrays = {one.name: one.path for one in holder.slots}
        return Placed(lines, holder, THEIRS, f"in the arguments {names}", arrays=arrays)
    return Placed(lines, holder, THEIRS, f"in a dict with {names}", THEIRS)


def _of_attributes(holder: Holder) -> Placed:
    slots = tuple(one._replace(path=f"{THEIRS}.{one.name}") for one in holder.slots)
    items = [f"    {one.name}={copied(holder.form, one)}," for one in slots]
    lines, names = (f"{THEIRS} = SimpleNamespace(", *items, ")"), [one.name for one in slots]
    held = holder._replace(slots=slots)
    return Placed(lines, held, THEIRS, f"in the attributes {', '.join(names)}", THEIRS)


def _names_in(uses: Uses, layers: int) -> Iterator[Named]:
    """The names of the arrays among the keys that a function looks up."""
    made = [
        [f"{stem}{i}" for stem in uses.stems for i in range(first, first + layers)]
        for first in (1, 0)
    ]
    for keys in (uses.keys, *made):
        named = named_layers(keys)
        if named is not None and len(named.weights) == layers:
            yield named


def _as_made(maker: Function, sizes: Sequence[int]) -> Iterator[Placed]:
    """A container like the one that a function of theirs makes."""
    call = filled(maker, Known(sizes=tuple(sizes)), constructor=True)
    made = made_by(maker, sizes)
    for holder in () if made is None else holders(list(arrays_in(made, THEIRS)), sizes):
        if isinstance(made, tuple):
            yield from in_order(Uses(unpacked=tuple(one.name for one in holder.slots)), sizes)
            continue
        lines = [f"{THEIRS} = {maker.__name__}({call.text})"]
        lines += [f"{one.path} = {copied(holder.form, one)}" for one in holder.slots]
        yield Placed(tuple(lines), holder, THEIRS, f"in what {maker.__name__} makes", THEIRS)


def made_by(maker: Function, sizes: Sequence[int]) -> object:
    """Return what a function makes for a network; None where it raises, or needs more.

    Args:
        maker: the function.
        sizes: of the network.
    """
    call = filled(maker, Known(sizes=tuple(sizes)), constructor=True)
    if call.missing:
        return None
    arguments = call.values()

    def make() -> object:
        with quiet(), user_code():
            return maker(**arguments)

    found = attempt(make)
    return None if isinstance(found, Raised) else found
