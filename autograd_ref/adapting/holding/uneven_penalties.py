"""Penalties that the layers of somebody's network have apart from each other."""

import re
from collections.abc import Iterator
from typing import cast

from autograd_ref.adapting.holding.arrays_found import DEEPEST, inside, is_number

PENALTY = re.compile(r".*(l1|l2|reg(ulari|_|$)|penalty|weight_decay|lambda).*", re.IGNORECASE)
"""The names of the factors of penalties."""

LEFT_OUT = "  # another layer has none"
"""Behind a line that sets one to 0."""


def uneven_penalties(value: object, path: str) -> list[str]:
    """Return the lines that set penalties to 0 which one layer has and another has not.

    None of the usual networks has such a penalty, so that none could be judged by it.

    Args:
        value: what holds the layers.
        path: the expression for it.

    Examples:
        >>> from types import SimpleNamespace
        >>> layers = [SimpleNamespace(l2=0.1), SimpleNamespace(l2=0)]
        >>> uneven_penalties(SimpleNamespace(layers=layers), "net")
        ['net.layers[0].l2 = 0.0  # another layer has none']
    """
    found = [*_numbers(value, path, "", 0)]
    lines: list[str] = []
    for place, name, number in found:
        same = [other for _place, own, other in found if own == name]
        if number and not all(same):
            lines.append(f"{place} = 0.0{LEFT_OUT}")
    return lines


def _numbers(value: object, path: str, name: str, depth: int) -> Iterator[tuple[str, str, float]]:
    """The factors of penalties in an object, each with its place and its name."""
    if is_number(value):
        if PENALTY.fullmatch(name):
            yield path, name, float(cast("float", value))
    elif depth < DEEPEST and not isinstance(value, str):
        for step, own, inner in inside(value, name):
            yield from _numbers(inner, f"{path}{step}", own, depth + 1)
