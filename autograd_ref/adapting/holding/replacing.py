"""Lines that put other arrays in the place of theirs, wherever each of these lies."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from autograd_ref.adapting.holding.arrays_found import Found
from autograd_ref.adapting.holding.slots import Slot, copied

IN_A_ROW = re.compile(r"(.+)\[(\d+)\]")
"""The expression for a place in a list or tuple."""


def each_once(found: Sequence[Found]) -> list[Found]:
    """Return arrays without those that are there already, in another place.

    Args:
        found: the arrays.
    """
    each = {id(one.value): one for one in reversed(found)}
    return [*each.values()][::-1]


def replaced(one: Slot, found: Sequence[Found], names: Mapping[str, object]) -> list[str]:
    """Return the lines that put another array in all places of one of theirs.

    Args:
        one: the array.
        found: all arrays, in all places.
        names: the things that paths begin with.
    """
    (value,) = [other.value for other in found if other.path == one.path]
    places = [other.path for other in found if other.value is value and other.path != one.path]
    lines = [_assigned(one.path, copied(one), names)]
    return [*lines, *(_assigned(place, one.path, names) for place in places)]


def _assigned(path: str, text: str, names: Mapping[str, object]) -> str:
    """The line that puts something in a place; where that is in a tuple, a new tuple there."""
    place = IN_A_ROW.fullmatch(path)
    around: object = eval(place[1], {**names}) if place is not None else None
    if place is None or not isinstance(around, tuple):
        return f"{path} = {text}"
    row, i = cast("tuple[Any, ...]", around), int(place[2])
    fields: Sequence[str] = getattr(row, "_fields", ())
    new = f"(*{place[1]}[:{i}], {text}, *{place[1]}[{i + 1}:])"
    return _assigned(place[1], f"{place[1]}._replace({fields[i]}={text})" if fields else new, names)
