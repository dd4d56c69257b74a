"""Which number of a problem a measured one is: a parameter, one of the data, their powers."""

import math
from collections.abc import Iterator

import numpy as np

from autograd_ref.tree.leaf import as_array, is_numeric
from autograd_ref.tree.nest import leaves, name_of
from autograd_ref.tree.point import Point

ALIKE = 1e-9
"""How near a measured number has to be to one with a name, relative to it. Chosen."""

MOST = 200
"""Entries of the parameters that are looked at. Chosen."""

CONSTANTS = {"ln 10": math.log(10), "ln 2": math.log(2), "pi": math.pi, "2 pi": 2 * math.pi}
CONSTANTS |= {"the root of 2": math.sqrt(2), "the root of 2 pi": math.sqrt(2 * math.pi)}


def numbers_at(point: Point, value: float) -> Iterator[str]:
    """Yield the names of a number, or of one that it is the inverse or the square of.

    Args:
        point: the parameters, which are no copies, and the data.
        value: the number.
    """
    for name, number in _named(point):
        powers = {name: number}
        if name not in CONSTANTS and number > 0:
            powers |= {f"{name} squared": number**2, f"the root of {name}": number**0.5}
        for said, power in powers.items():
            for sign, minus in ((1.0, ""), (-1.0, "minus ")):
                if power and math.isclose(value, sign * power, rel_tol=ALIKE):
                    yield f"{minus}{said}"
                elif power and math.isclose(value, sign / power, rel_tol=ALIKE):
                    yield f"{minus}1 / {said}"


def _named(point: Point) -> Iterator[tuple[str, float]]:
    yield from CONSTANTS.items()
    for path, leaf in leaves(point.parameters).items():
        array = as_array(leaf)
        for number, index in zip(range(MOST), np.ndindex(array.shape), strict=False):
            del number
            inside = f"[{', '.join(map(str, index))}]" if index else ""
            yield f"{name_of(path, root='x')}{inside}", float(array[index])
    for number, item in enumerate(point.data):
        for path, leaf in leaves(item).items():
            array = as_array(leaf) if is_numeric(leaf) else np.zeros(0)
            inside = f" ({name_of(path)})" if path else ""
            if array.size == 1:
                yield f"data[{number}]{inside}", float(array.reshape(()))
            else:
                yield f"the length of data[{number}]{inside}", float(len(array))
