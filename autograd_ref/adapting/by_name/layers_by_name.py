"""Which names are weights and which biases, and of which layer: W1, b_h, Wxh, theta2, bias_o."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_ref.adapting.by_name.array_names import ARRAY, BIAS

DIGITS = re.compile(r"\d+")
LAST = re.compile(r".*(o|out|output|y|hy|ho|hidden_output)", re.IGNORECASE)


class Named(NamedTuple):
    """The names of the arrays of a network."""

    weights: tuple[str, ...]
    """One for each layer, the first layer first."""
    biases: tuple[str, ...]
    """Likewise, or none."""

    def of(self, kind: str, layer: int) -> str:
        """Return the name of the W or b of a layer."""
        return (self.weights if kind == "W" else self.biases)[layer]


def named_layers(names: Sequence[str]) -> Named | None:
    """Return which names are arrays of which layer; None where they are not those of a network.

    Args:
        names: in the order in which the code has them.

    Examples:
        >>> named_layers(["W2", "W1", "b2", "b1"])
        Named(weights=('W1', 'W2'), biases=('b1', 'b2'))
        >>> named_layers(["b_o", "w_hidden", "w_out", "b_h"])
        Named(weights=('w_hidden', 'w_out'), biases=('b_h', 'b_o'))
    """
    arrays = [name for name in dict.fromkeys(names) if ARRAY.fullmatch(name.strip("_"))]
    biases = [name for name in arrays if BIAS.fullmatch(name.strip("_"))]
    weights = [name for name in arrays if name not in biases]
    if not weights or len(biases) not in (0, len(weights)):
        return None
    return Named(_in_order(weights), _in_order(biases))


def layers_in_order(names: Sequence[str], layers: int) -> Iterator[Named]:
    """Yield which names may be arrays of which layer, by their numbers and their order alone.

    Args:
        names: in the order in which a forward pass reads them.
        layers: how many layers there are.

    Examples:
        >>> [*layers_in_order(["P2", "B2", "P1", "B1"], 2)][0]
        Named(weights=('P1', 'P2'), biases=('B1', 'B2'))
        >>> [*layers_in_order(["U", "u0", "V", "v0"], 2)][0]
        Named(weights=('U', 'V'), biases=('u0', 'v0'))
    """
    plain = tuple(dict.fromkeys(names))
    if len(plain) == layers:
        yield Named(_in_order(plain), ())
    if len(plain) != 2 * layers:
        return
    stems: dict[str, list[str]] = {}
    for name in plain:
        stems.setdefault(DIGITS.sub("", name), []).append(name)
    if [len(some) for some in stems.values()] == [layers, layers]:
        one, other = map(_in_order, stems.values())
        yield Named(one, other)
        yield Named(other, one)
    yield Named(plain[::2], plain[1::2])
    yield Named(plain[:layers], plain[layers:])


def _in_order(names: Sequence[str]) -> tuple[str, ...]:
    numbers = [DIGITS.findall(name) for name in names]
    if all(len(found) == 1 for found in numbers):
        return tuple(sorted(names, key=lambda name: int(DIGITS.findall(name)[0])))
    if len(names) == 2:
        return tuple(sorted(names, key=lambda name: bool(LAST.fullmatch(name))))
    return tuple(names)
