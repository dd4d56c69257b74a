"""Which arrays of an object are the parameters of a network."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.by_name.roles import ARRAY, BIAS, GRADIENT, KEPT
from autograd_ref.adapting.holding.arrays_found import Found
from autograd_ref.adapting.holding.forms import Form, forms, size_names


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

    @property
    def size(self) -> int:
        """The number of its entries."""
        return int(np.prod(self.shape))


class Holder(NamedTuple):
    """The arrays that hold all parameters of a network."""

    sizes: tuple[int, ...]
    form: Form
    slots: tuple[Slot, ...]


def slot(form: Form, kind: str, layer: int, sizes: Sequence[int]) -> Slot:
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
    return Slot(kind, layer, "", f"{kind}{layer}", shape, text)


def unplaced(form: Form, sizes: Sequence[int]) -> Holder:
    """Return all arrays of parameters, layer by layer, without places.

    Args:
        form: how arrays lie.
        sizes: of the network.
    """
    layers = range(len(sizes) - 1)
    slots = [slot(form, kind, layer, sizes) for layer in layers for kind in form.kinds]
    return Holder(tuple(sizes), form, tuple(slots))


def holders(found: Sequence[Found], sizes: Sequence[int] | None) -> Iterator[Holder]:
    """Yield how arrays may be the parameters of a network.

    Args:
        found: the arrays.
        sizes: of the network; None for those that the arrays have.
    """
    likely = [one for one in found if _is_parameter(one.name) and one.value.ndim > 0]
    named = [one for one in likely if ARRAY.fullmatch(one.name)]
    seen: set[Holder] = set()
    numbered = all(one.name[-1:].isdigit() for one in likely if one.value.ndim == 2)
    others = [] if sizes or numbered else [named[::-1], likely[::-1]]  # the last layer first
    for some in (named, likely, *others):
        for form in forms():
            for inside in [tuple(sizes)] if sizes else _sizes_of(some, form):
                holder = _held(some, inside, form, in_order=not sizes)
                like = [one for one in seen if one.sizes == inside]
                with_biases = any(len(one.form.kinds) == 2 for one in like)
                without = form.biases == "none" and with_biases
                if holder is not None and holder not in seen and not without:
                    seen.add(holder)
                    yield holder


def _is_parameter(name: str) -> bool:
    """Return whether a name may be that of a parameter: no derivative, nothing that is kept."""
    return not GRADIENT.fullmatch(name) and not KEPT.fullmatch(name)


def _is_bias(one: Found) -> bool:
    """Return whether an array is named, and shaped, as biases are."""
    return bool(BIAS.fullmatch(one.name)) and (one.value.ndim == 1 or 1 in one.value.shape)


def _belongs(one: Found, sizes: Sequence[int]) -> bool:
    """Return whether an array that is left is a parameter as well, of another kind of network."""
    if one.value.ndim == 2 and set(one.value.shape) <= {*sizes}:
        return True
    return bool(ARRAY.fullmatch(one.name)) and (one.value.ndim == 2 or _is_bias(one))


def _sizes_of(found: Sequence[Found], form: Form) -> Iterator[tuple[int, ...]]:
    """Yield the sizes that weights have, one layer after the other."""
    two = [one for one in found if one.value.ndim == 2]
    weights = [one for one in two if not _is_bias(one)]
    for some in (weights, [one for one in two if 1 not in one.value.shape]):
        sizes: list[int] = []
        for one in some:
            n_in, n_out = one.value.shape if form.weights == "in, out" else one.value.shape[::-1]
            n_in -= form.biases in ("first", "last")
            if sizes and n_in != sizes[-1]:
                sizes = []
                break
            sizes += [n_out] if sizes else [n_in, n_out]
        if sizes and min(sizes) > 0:
            yield tuple(sizes)


def _held(
    found: Sequence[Found], sizes: tuple[int, ...], form: Form, *, in_order: bool
) -> Holder | None:
    """The first arrays of the right shapes, layer by layer; None where some lack, or are left."""
    slots: list[Slot] = []
    used: dict[int, str] = {}
    for layer in range(len(sizes) - 1):
        for kind in form.kinds:
            one = slot(form, kind, layer, sizes)
            before = [i for i, other in used.items() if other == kind] if in_order else []
            index = _first(found, one, used, 1 + max(before, default=-1))
            if index is None:
                return None
            used[index] = kind
            slots.append(one._replace(path=found[index].path, name=found[index].name))
    left = [one for i, one in enumerate(found) if i not in used]
    if any(_belongs(one, sizes) for one in left):
        return None
    return Holder(sizes, form, tuple(slots))


def _first(found: Sequence[Found], wanted: Slot, used: Mapping[int, str], start: int) -> int | None:
    """The place of the first array that fits, and is not named as one of the other kind."""
    for i, one in enumerate(found):
        bias = _is_bias(one)
        other = bias if wanted.kind == "W" else bool(ARRAY.fullmatch(one.name)) and not bias
        if i >= start and i not in used and not other and one.value.shape == wanted.shape:
            return i
    return None
