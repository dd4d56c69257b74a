"""Where somebody's code has its parameters, as lines that put W0, b0, ... there."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.by_name.array_names import ARRAY
from autograd_ref.adapting.holding.arrays_found import Found, arrays_in, arrays_of_module
from autograd_ref.adapting.holding.matching import holders
from autograd_ref.adapting.holding.numbers import of_numbers
from autograd_ref.adapting.holding.slots import Holder, copied


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
    each = {id(one.value): one for one in reversed([*arrays_in(value, root)])}
    found = [*each.values()][::-1]  # an array that lies in two places once
    exact = {one.path for one in found if one.put or one.value.dtype == np.float64}
    yield from _written(any_holders(found, sizes), exact, root, "in ")


def in_module(name: str, module: ModuleType, sizes: Sequence[int] | None) -> Iterator[Placed]:
    """Yield the parameters in global variables of a module.

    Args:
        name: the expression for the module.
        module: the module.
        sizes: of the network; None for those that its arrays have.
    """
    found = [
        one
        for one in arrays_of_module(name, module)
        if one.value.ndim == 0 or ARRAY.fullmatch(one.name)
    ]
    exact = {one.path for one in found if one.put}
    yield from _written(any_holders(found, sizes), exact, name, "in the global ")


def _written(
    each: Iterable[Holder], exact: Collection[str], root: str, said: str
) -> Iterator[Placed]:
    """Parameters written where they are, at some paths in a way of their own."""
    for holder in each:
        lines = [s.line if s.path in exact else f"{s.path} = {copied(s)}" for s in holder.slots]
        where = said + ", ".join(slot.path for slot in holder.slots)
        yield Placed(tuple(lines), holder, root, where)
