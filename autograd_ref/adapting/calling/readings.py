"""Where the gradient is, once somebody's code has run: in what it returns, keeps or updates."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.by_name.array_names import GRADIENT, MOMENTS
from autograd_ref.adapting.calling.matched_arrays import expressions, matched
from autograd_ref.adapting.holding.arrays_found import (
    Found,
    arrays_in,
    arrays_under,
    inside,
    is_number,
    of_lists,
)
from autograd_ref.adapting.holding.slots import Holder

Array = NDArray[Any]

RETURNED = "returned"
"""The place of what the last call returned, in words."""

RESULT = "result"
"""The variable for it."""


DEEPEST_NUMBERS = 2
"""Levels of what is returned in which numbers are looked for. Chosen."""


class WhereRead(NamedTuple):
    """Expressions for all derivatives, or for all updated parameters."""

    kind: Literal["gradient", "updated"]
    where: str
    """In words: returned, kept in attributes, updated in place."""
    of: Mapping[str, str]
    """By W0, b0, W1, ..."""
    numbers: Mapping[str, str] = {}
    """The expressions for numbers that are returned beside it, each with its name or none."""
    loss: str = ""
    """The expression for the one of these that is the loss; empty where none is known to be."""
    rate: float = 1.0
    """The learning rate of an update, where that is a number in the code."""
    beside: tuple[Mapping[str, str], ...] = ()
    """The expressions for all else that is returned and has the shapes of the parameters."""
    off_by: float = 0.0
    """How far one of the numbers is from the loss, as a share, where that is little; else 0."""
    is_minus: bool = False
    """True for minus what is returned, as the code adds that to the parameters."""
    by_moments: bool = False
    """True for an update by an optimiser that keeps moments."""


class Ran(NamedTuple):
    """The objects at hand once somebody's code has run."""

    result: object
    """The result of the last call."""
    root: object
    """The instance, module or container that holds the parameters."""
    path: str
    """The expression for that."""
    holder: Holder
    before: Mapping[str, Array]
    """The arrays in it before the call, by their paths."""
    after: Mapping[str, Array] = {}
    """The parameters after it, likewise."""
    names: Sequence[str] = ()
    """The names of what was returned, as far as they are known."""
    is_added: bool = False
    """True where the code adds the result to the parameters."""


def readings(ran: Ran) -> Iterator[WhereRead]:
    """Yield where gradients may be, the plainest first.

    Args:
        ran: what there is.
    """
    numbers, holder = _numbers(ran), ran.holder
    found = _returned(ran)
    for of in matched(found, holder):
        read = " ".join(of.values())
        others = [one for one in found if one.path not in read]
        rest = (*matched(others, holder, whole=True),)
        alone = {text: name for text, name in numbers.items() if text not in read}
        if ran.is_added:
            minus = {name: f"-{text}" for name, text in of.items()}
            yield WhereRead("gradient", RETURNED, minus, alone, beside=rest, is_minus=True)
        yield WhereRead("gradient", RETURNED, of, alone, beside=rest)
        yield WhereRead("updated", RETURNED, of)
    slots = {one.path for one in holder.slots}
    after = [*arrays_under(ran.root, ran.path)]
    after = [one for one in after if one.value.ndim > 0 or GRADIENT.fullmatch(one.name)]
    shapes = {one.shape for one in holder.slots}
    alike = [one for one in after if one.value.shape in shapes and one.path not in slots]
    moments = [one for one in alike if _is_of_an_optimiser(one)]
    after = [one for one in after if one not in moments]
    new = [one for one in after if one.path not in slots and _is_new(one, ran.before)]
    for some in ([one for one in new if GRADIENT.fullmatch(one.name)], new):
        for of in matched(some, holder, whole=True):
            yield WhereRead("gradient", f"kept in {', '.join(_paths(of))}", of)
    values = {one.path: one.value for one in after} | {**ran.after}
    updated = in_place(holder) if slots <= {*values} else None
    if updated and any(not np.array_equal(values[one], ran.before[one]) for one in slots):
        by_moments = any(_is_new(one, ran.before) for one in moments)
        yield updated._replace(by_moments=by_moments)


def in_place(holder: Holder) -> WhereRead | None:
    """Return where the parameters are after an update in place; None where they have no places.

    Args:
        holder: of the parameters.
    """
    if not all(one.path for one in holder.slots):
        return None
    of = expressions(holder, {one: one.path for one in holder.slots})
    return WhereRead("updated", "updated in place", of)


def _paths(of: Mapping[str, str]) -> list[str]:
    """The places of arrays, without what is done to them."""
    return [re.sub(r"^-?(np\.\w+\()?|, -1\)$|\)$", "", text) for text in of.values()]


def _is_of_an_optimiser(one: Found) -> bool:
    """Return whether an array is a moment: a tenth of a gradient, as in optimiser.m."""
    names = [part.partition("[")[0].strip("_") for part in one.path.split(".")[1:]]
    return any(map(MOMENTS.fullmatch, names)) and not any(map(GRADIENT.fullmatch, names))


def _is_new(one: Found, before: Mapping[str, Array]) -> bool:
    return one.path not in before or not np.array_equal(before[one.path], one.value)


def _returned(ran: Ran) -> list[Found]:
    """All arrays of a result; numbers that are parameters by themselves are told by their names."""
    found = [*_with_numbers(ran.result, RESULT)]
    if ran.holder.form.held == "numbers" and len(found) == len(ran.names):
        return [one._replace(name=name) for one, name in zip(found, ran.names, strict=True)]
    return found


def _with_numbers(value: object, path: str, name: str = "", depth: int = 0) -> Iterator[Found]:
    """All arrays of a result, numbers among them: one of one entry is often one."""
    rows = of_lists(value)
    if rows is not None:
        yield Found(f"np.array({path})", name, rows)
    elif is_number(value) or isinstance(value, np.bool_):
        yield Found(path, name, np.asarray(cast("Any", value)))
    elif isinstance(value, list | tuple | Mapping) and depth < DEEPEST_NUMBERS:
        for step, own, inner in inside(cast("object", value), name):
            yield from _with_numbers(inner, f"{path}{step}", own, depth + 1)
    else:
        yield from arrays_in(cast("object", value), path, name, depth)


def _numbers(ran: Ran) -> dict[str, str]:
    """The numbers in a tuple that is returned, by their expressions, each with its name."""
    row = cast("tuple[Any, ...]", ran.result) if isinstance(ran.result, tuple) else ()
    names = ran.names if len(ran.names) == len(row) else [""] * len(row)
    return {
        f"{RESULT}[{i}]": name
        for i, (name, one) in enumerate(zip(names, row, strict=True))
        if len(row) > 1 and (isinstance(one, float) or _is_of_no_axis(one))
    }


def _is_of_no_axis(value: object) -> bool:
    return isinstance(value, np.floating | np.ndarray) and np.shape(cast("Any", value)) == ()
