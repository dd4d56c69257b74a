"""Parameters that are numbers, each with a name of its own: w1, w2, b1."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

from autograd_ref.adapting.by_name.array_names import is_parameter
from autograd_ref.adapting.by_name.layers_by_name import DIGITS, LAST
from autograd_ref.adapting.holding.arrays_found import Found
from autograd_ref.adapting.holding.forms import Form
from autograd_ref.adapting.holding.slots import Holder, Slot

Entry = tuple[int, ...]
Sizes = tuple[int, ...]

PUT = "{path} = {given}"
"""The line that writes a number."""

ORDERS: Sequence[Callable[[Found], Any]] = (
    lambda _one: 0,
    lambda one: [int(n) for n in DIGITS.findall(one.name)],
    lambda one: bool(LAST.fullmatch(DIGITS.sub("", one.name)) or one.name[0] == "v"),
)
"""The orders in which numbers may be those of a network: as they stand in the code, by their
numbers, those of the outputs last."""


def of_numbers(found: Sequence[Found], sizes: Sequence[int] | None) -> Iterator[Holder]:
    """Yield how numbers may be the parameters of a network, in the orders that people number them.

    Args:
        found: the numbers, among other things.
        sizes: of the network; None for those that as many numbers have.
    """
    numbers = [one for one in found if one.value.ndim == 0 and is_parameter(one.name)]
    weights = [one for one in numbers if _kind(one.name) == "W"]
    biases = [one for one in numbers if _kind(one.name) == "b"]
    seen: list[set[Slot]] = []
    for inside in [*sizes_of(len(weights), len(biases))] if sizes is None else [tuple(sizes)]:
        if len(weights) != sum(inputs * outputs for inputs, outputs in pairwise(inside)):
            continue
        form = Form(biases="vector" if biases else "none", held="numbers")
        for order, arranged in product(ORDERS, ARRANGED):
            places = [*arranged("W", inside)]
            others = [*_by_unit("b", inside)] if biases else []
            if not places or len(others) != len(biases):
                continue
            ordered = sorted(weights, key=order) + sorted(biases, key=order)
            rows = zip(places + others, ordered, strict=True)
            slots = {one.path: where._replace(path=one.path, name=one.name) for where, one in rows}
            if {*slots.values()} not in seen:
                seen.append({*slots.values()})
                own = [slots[one.path] for one in numbers if one.path in slots]
                yield Holder(inside, form, tuple(own))


def sizes_of(weights: int, biases: int) -> Iterator[Sizes]:
    """Yield the sizes of networks that have as many parameters, those with one output first.

    Args:
        weights: their number.
        biases: their number; 0 where there are none.

    Examples:
        >>> [*sizes_of(6, 3)]
        [(2, 2, 1), (2, 3)]
    """
    for outputs in range(1, biases or 2):
        for hidden in [biases - outputs] if biases else range(2, weights):
            inputs, left = divmod(weights - hidden * outputs, hidden)
            if hidden > 1 and inputs > 0 and not left:
                yield inputs, hidden, outputs
    inputs, left = divmod(weights, biases or 1)
    if inputs > 0 and not left:
        yield inputs, biases or 1


def assembled(numbers: Mapping[Entry, str]) -> str:
    """Return the expression for an array of single numbers.

    Args:
        numbers: the expression for each, by its place.

    Examples:
        >>> assembled({(0, 0): "a", (0, 1): "b", (1, 0): "c", (1, 1): "d"})
        'np.array([[a, b], [c, d]])'
    """
    rows: dict[int, list[str]] = {}
    for where in sorted(numbers):
        rows.setdefault(where[0], []).append(numbers[where])
    is_matrix = all(len(where) == 2 for where in numbers)
    inner = [f"[{', '.join(row)}]" if is_matrix else row[0] for row in rows.values()]
    return f"np.array([{', '.join(inner)}])"


def _by_unit(kind: str, sizes: Sizes) -> Iterator[Slot]:
    """The numbers of a network, layer by layer, unit by unit."""
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        axes = [range(outputs), range(inputs)] if kind == "W" else [range(outputs)]
        yield from (_number(kind, layer, entry) for entry in product(*axes))


def _by_input(kind: str, sizes: Sizes) -> Iterator[Slot]:
    """The weights of a network, layer by layer, input by input."""
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        pairs = product(range(inputs), range(outputs))
        yield from (_number(kind, layer, entry[::-1]) for entry in pairs)


def _through(kind: str, sizes: Sizes) -> Iterator[Slot]:
    """The weights of a network, those to and from one hidden unit before those of the next."""
    inputs, hidden, outputs = sizes if len(sizes) == 3 else (0, 0, 0)
    for unit in range(hidden):
        yield from (_number(kind, 0, (unit, i)) for i in range(inputs))
        yield from (_number(kind, 1, (i, unit)) for i in range(outputs))


def _number(kind: str, layer: int, entry: Entry) -> Slot:
    text = f"float({kind}{layer}[{', '.join(map(str, entry))}])"
    return Slot(kind, layer, "", "", (), (), entry=entry, given=text, put=PUT)


ARRANGED: Sequence[Callable[[str, Sizes], Iterator[Slot]]] = (_by_unit, _by_input, _through)
"""The ways in which numbered weights go through a network."""


def _kind(name: str) -> str:
    """W for the name of a weight, b for that of a bias; empty for any other."""
    words = re.findall(r"[a-z]+", name.lower())
    if any(re.fullmatch(r"b[a-z]{0,2}|bias[a-z]*|intercept", word) for word in words):
        return "b"
    return "W" * any(re.fullmatch(r"[wvu][a-z]{0,2}|weights?|theta", word) for word in words)
