"""Where somebody's code has its parameters, as lines that put W0, b0, ... there."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.by_use.beside_products import beside_products
from autograd_ref.adapting.holding.arrays_found import Found, arrays_in, arrays_of_module
from autograd_ref.adapting.holding.matching import holders, is_array
from autograd_ref.adapting.holding.numbers import of_numbers
from autograd_ref.adapting.holding.replacing import each_once, replaced
from autograd_ref.adapting.holding.slots import Holder, Slot


class Placed(NamedTuple):
    """Parameters put where the code looks for them."""

    lines: tuple[str, ...]
    holder: Holder
    root: str
    """The expression for what holds them."""
    where: str
    """In words: in net.W1, in a dict W1, b1."""
    container: str = ""
    """The argument that stands for all of them; empty where they are no argument."""
    arrays: Mapping[str, str] = {}
    """The arguments for single arrays, by name."""
    parts: int = 0
    """The number of things that a function of theirs returned; 0 for one."""


def any_holders(found: Sequence[Found], sizes: Sequence[int] | None) -> Iterator[Holder]:
    """Yield how arrays may be the parameters of a network, or numbers where no arrays are.

    Args:
        found: the arrays and numbers.
        sizes: of the network; None for those that there are.
    """
    arrays = [*holders(found, sizes)]
    yield from arrays or of_numbers(found, sizes)


def in_object(root: str, value: object, sizes: Sequence[int] | None) -> Iterator[Placed]:
    """Yield the parameters in the attributes of an instance.

    Args:
        root: the expression for it.
        value: the instance.
        sizes: of the network; None for those that its arrays have.
    """
    found = _marked(arrays_in(value, root), inspect.getmodule(type(value)))
    exact = {one.path for one in found if one.put or one.value.dtype == np.float64}

    def lines(one: Slot) -> list[str]:
        return [one.line] if one.path in exact else replaced(one, found, {root: value})

    yield from _written(any_holders(each_once(found), sizes), lines, root, "in ")


def in_module(name: str, module: ModuleType, sizes: Sequence[int] | None) -> Iterator[Placed]:
    """Yield the parameters in global variables of a module.

    Args:
        name: the expression for the module.
        module: the module.
        sizes: of the network; None for those that its arrays have.
    """
    found = _marked(arrays_of_module(name, module), module)
    named = [one for one in found if one.value.ndim == 0 or is_array(one) or _is_weight(one)]

    def lines(one: Slot) -> list[str]:
        return [one.line] if one.put else replaced(one, found, {name: module})

    holders = any_holders(each_once(named), sizes)
    for one in _written(holders, lines, name, "in the global "):
        slots = one.holder.slots
        yield one._replace(arrays={s.name: s.path for s in slots if s.path == f"{name}.{s.name}"})


def _is_weight(one: Found) -> bool:
    """Return whether a matrix is multiplied, and is not named as data are."""
    return one.is_multiplied and one.value.ndim == 2 and not {*roles_of(one.name)} & {"X", "Y"}


def _marked(found: Iterable[Found], module: ModuleType | None) -> list[Found]:
    """Arrays, with those marked that the code of a module uses as biases and weights."""
    added, _subtracted, factors = beside_products(module)
    return [
        one._replace(is_added=one.name in added, is_multiplied=one.name in factors) for one in found
    ]


def _written(
    each: Iterable[Holder], lines: Callable[[Slot], list[str]], root: str, said: str
) -> Iterator[Placed]:
    """Parameters written where they are, each by lines of its own."""
    for holder in each:
        written = [line for one in holder.slots for line in lines(one)]
        where = said + ", ".join(one.path for one in holder.slots)
        yield Placed((*written,), holder, root, where)
