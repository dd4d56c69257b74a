"""Where somebody's code has its parameters, as lines that put W0, b0, ... there."""

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.by_name.roles import ARRAY
from autograd_ref.adapting.holding.arrays_found import arrays_in, arrays_of_module
from autograd_ref.adapting.holding.slots import Holder, holders


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


def in_object(root: str, value: object, sizes: Sequence[int] | None) -> Iterator[Placed]:
    """Yield the parameters in the attributes of an instance.

    Args:
        root: the expression for it.
        value: the instance.
        sizes: of the network; None for those that its arrays have.
    """
    for holder in holders(list(arrays_in(value, root)), sizes):
        lines = [f"{s.path}[...] = {holder.form.put(s.kind, s.layer)}" for s in holder.slots]
        where = "in " + ", ".join(slot.path for slot in holder.slots)
        yield Placed(tuple(lines), holder, root, where)


def in_module(name: str, module: ModuleType, sizes: Sequence[int] | None) -> Iterator[Placed]:
    """Yield the parameters in global variables of a module.

    Args:
        name: the expression for the module.
        module: the module.
        sizes: of the network; None for those that its arrays have.
    """
    found = [one for one in arrays_of_module(name, module) if ARRAY.fullmatch(one.name)]
    for holder in holders(found, sizes):
        lines = [f"{s.path} = np.array({holder.form.put(s.kind, s.layer)})" for s in holder.slots]
        where = "in the global " + ", ".join(slot.path for slot in holder.slots)
        yield Placed(tuple(lines), holder, name, where)
