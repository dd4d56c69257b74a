"""Which arrays of an object are the parameters of a network."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.holding.forms import Form, size_names


class Slot(NamedTuple):
    """An array that holds the weights or the biases of a layer."""

    kind: str
    """W or b."""
    layer: int
    path: str
    name: str
    shape: tuple[int, ...]
    text: tuple[str, ...]
    """The shape with the names of sizes."""
    given: str = ""
    """The expression of W0, b0, ... for it."""
    put: str = ""
    """The line that writes it, with {path} and {given}; empty for an array that is written on."""
    entry: tuple[int, ...] = ()
    """The place of a number that is a parameter by itself."""
    flat: bool = False
    """True where it lacks the axis of the only output."""
    is_minus: bool = False
    """True for a bias that is subtracted."""

    @property
    def size(self) -> int:
        """The number of its entries."""
        return int(np.prod(self.shape))

    @property
    def line(self) -> str:
        """The line that writes it."""
        put = self.put or "{path}[...] = {given}"
        return put.replace("{path}", self.path).replace("{given}", self.given)

    def got(self, form: Form, kind: str, found: str) -> str:
        """Return what is found for it as W or b, as that lies here."""
        if self.flat:
            found, form = f"np.reshape({found}, (1, -1))", form._replace(weights="out, in")
        elif form.held == "lists":
            found = f"np.array({found})"
        return "-" * self.is_minus + form.got(kind, found)

    def without_axis(self) -> "Slot":
        """Return it as it lies where the only output has no axis: a vector, or a number."""
        if self.kind == "b":
            return self._replace(shape=(), text=(), flat=True, given=f"float(b{self.layer}[0])")
        length = max(self.shape)
        text = self.text[self.shape.index(length)]
        given = f"np.ravel({self.given})"
        return self._replace(shape=(length,), text=(text,), flat=True, given=given)


class Holder(NamedTuple):
    """The arrays that hold all parameters of a network."""

    sizes: tuple[int, ...]
    form: Form
    slots: tuple[Slot, ...]

    def placed(self, path: Callable[[Slot], str]) -> "Holder":
        """Return it with a path for each array."""
        return self._replace(slots=tuple(one._replace(path=path(one)) for one in self.slots))


@lru_cache(maxsize=1024)
def slot(form: Form, kind: str, layer: int, sizes: tuple[int, ...]) -> Slot:
    """Return an array of parameters that has no place yet.

    Args:
        form: how arrays lie.
        kind: W or b.
        layer: its number.
        sizes: of the network.
    """
    names = size_names(sizes)
    shape = form.shape(kind, sizes[layer], sizes[layer + 1])
    text = form.shape_text(kind, names[layer], names[layer + 1])
    one = Slot(kind, layer, "", f"{kind}{layer}", shape, text, form.put(kind, layer))
    return one.without_axis() if form.flat and kind == "W" and layer == len(sizes) - 2 else one


def copied(one: Slot) -> str:
    """Return the expression for an array of theirs, which they may write on.

    Args:
        one: the array.
    """
    is_plain = one.given.removeprefix("-").startswith("float(") or one.given.endswith(".tolist()")
    return one.given if is_plain else f"np.array({one.given})"


def unplaced(form: Form, sizes: Sequence[int]) -> Holder:
    """Return all arrays of parameters, layer by layer, without places.

    Args:
        form: how arrays lie.
        sizes: of the network.
    """
    layers = range(len(sizes) - 1)
    slots = [slot(form, kind, layer, tuple(sizes)) for layer in layers for kind in form.kinds]
    return Holder(tuple(sizes), form, tuple(slots))
