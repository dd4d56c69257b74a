"""Parameters that are given as lists and numbers of Python, for code that knows no arrays."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_ref.adapting.by_name.code_of import Function, lines_beside
from autograd_ref.adapting.holding.setups import Placed
from autograd_ref.adapting.holding.slots import Slot, copied

OF_ARRAYS = re.compile(r"\bnumpy\b|\w @ \w|\.(T|shape|dot|sum|mean)\b")
"""Signs of code for arrays, which may be given them without importing NumPy."""

WEIGHTED = r"((w|theta|weight)\w* ?\* ?\w+|\w+ ?\* ?(w|theta|weight)\w*)"

PRODUCT = re.compile(
    rf"\w @ \w|\b(T|dot|matmul|outer|einsum)\b|\bsum\({WEIGHTED}|\({WEIGHTED}\)\.sum\b"
)
"""Signs of products of arrays, and of sums over weighted inputs."""


def knows_no_arrays(function: Function) -> bool:
    """Return whether code is for lists: nothing in its file says that it knows arrays.

    Args:
        function: what is called.
    """
    scope: Mapping[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    others: list[Mapping[str, Any]] = [getattr(v, "__globals__", {}) for v in scope.values()]
    values = [value for names in (scope, *others) for value in names.values()]
    lines = [] if any(value is np for value in values) else lines_beside(function)
    return bool(lines) and not any(OF_ARRAYS.search(line) for line in lines)


def multiplies_arrays(function: Function) -> bool:
    """Return whether code has products of weights and inputs as arrays anywhere in its file.

    Args:
        function: what is called.
    """
    return any(PRODUCT.search(line) for line in lines_beside(function))


def as_lists(setups: Iterable[Placed]) -> Iterator[Placed]:
    """Yield parameters as lists, of one output as a list and a number too.

    Args:
        setups: with arrays.
    """
    for one in setups:
        if one.holder.form.held == "numbers" or any(slot.put for slot in one.holder.slots):
            yield one
            continue
        form = one.holder.form._replace(held="lists")
        held = one._replace(holder=one.holder._replace(form=form))
        if one.holder.sizes[-1] == 1:
            last = len(one.holder.sizes) - 2
            slots = [s.without_axis() if s.layer == last else s for s in one.holder.slots]
            yield _changed(held, slots)
        yield _changed(held, one.holder.slots)


def _changed(one: Placed, slots: Sequence[Slot]) -> Placed:
    """Parameters with others for the slots that they have."""
    lists = [s if s.shape == () else s._replace(given=f"{s.given}.tolist()") for s in slots]
    lines = one.lines
    for old, new in zip(one.holder.slots, lists, strict=True):
        lines = tuple(line.replace(copied(old), copied(new)) for line in lines)
    return one._replace(lines=lines, holder=one.holder._replace(slots=tuple(lists)))
