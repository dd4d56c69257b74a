"""Which arrays are the parameters of a network, by their names and shapes."""

from collections.abc import Iterator, Mapping, Sequence

from autograd_ref.adapting.by_name.array_names import ARRAY, BIAS, GRADIENT, MOMENTS, is_parameter
from autograd_ref.adapting.holding.arrays_found import Found
from autograd_ref.adapting.holding.forms import Form, forms
from autograd_ref.adapting.holding.slots import Holder, Slot, slot


def holders(found: Sequence[Found], sizes: Sequence[int] | None) -> Iterator[Holder]:
    """Yield how arrays may be the parameters of a network.

    Args:
        found: the arrays.
        sizes: of the network; None for those that the arrays have.
    """
    several = [one for one in found if one.value.ndim > 0]
    numbers = any(one.value.ndim == 0 and BIAS.fullmatch(one.name) for one in found)
    arrays = [*_holders(several, sizes, flat=False)]
    arrays = [one for one in arrays if not numbers or one.form.biases != "none"]
    yield from arrays or _holders(found, sizes, flat=True)


def _holders(
    found: Sequence[Found], sizes: Sequence[int] | None, *, flat: bool
) -> Iterator[Holder]:
    """How arrays may be parameters, with the axis of the only output or without it."""
    if flat and sizes and sizes[-1] > 1:
        return
    likely = [one for one in found if is_parameter(one.name) and not _is_of_gradients(one)]
    named = [one for one in likely if is_array(one)]
    seen: set[Holder] = set()
    numbered = all(one.name[-1:].isdigit() for one in likely if one.value.ndim == 2)
    others = [] if sizes or numbered else [named[::-1], likely[::-1]]  # the last layer first
    every = [one for one in found if not GRADIENT.fullmatch(one.name)]
    by_use = [one for one in likely if one.is_added or one.is_multiplied]
    for some in (named, likely, by_use, *others, every):
        if some is every and (seen or not sizes):
            return  # what an optimiser keeps, by its name, is no parameter where others are
        for form in forms() if flat else forms(sizes or (0, 0, 1)):
            for inside in [tuple(sizes)] if sizes else _sizes_of(some, form, flat=flat):
                holder = _held(some, inside, form, in_order=not sizes, flat=flat)
                like = [one for one in seen if one.sizes == inside]
                with_biases = any(len(one.form.kinds) == 2 for one in like)
                without = form.biases == "none" and with_biases
                if holder is None or (form.biases == "none" and _leaves_biases(holder, likely)):
                    continue
                if holder not in seen and not without:
                    seen.add(holder)
                    yield holder


def _is_of_gradients(one: Found) -> bool:
    """Return whether an array lies in gradients, or in what an optimiser keeps: net.m["W1"]."""
    around = one.path.removesuffix(f".{one.name}").split(".")[1:]
    names = [part.partition("[")[0].strip("_") for part in around]
    inside = [name for name, part in zip(names, around, strict=True) if "[" in part]
    return any(map(GRADIENT.fullmatch, names)) or any(map(MOMENTS.fullmatch, inside))


def is_array(one: Found) -> bool:
    """Return whether an array is a weight or a bias, by its name or its use.

    Args:
        one: the array.
    """
    return one.is_added or bool(ARRAY.fullmatch(one.name))


def _is_bias(one: Found) -> bool:
    """Return whether an array is named, or used, and shaped as biases are."""
    named = one.is_added or bool(BIAS.fullmatch(one.name))
    return named and (one.value.ndim < 2 or 1 in one.value.shape)


def _may_be_threshold(one: Found) -> bool:
    """Return whether an array is named as thresholds and weights are, and shaped as thresholds."""
    return one.name.startswith("theta") and one.value.ndim == 1


def _belongs(one: Found, sizes: Sequence[int]) -> bool:
    """Return whether an array that is left is a parameter as well, of another kind of network."""
    inside = bool(one.value.shape) and {*one.value.shape} <= {*sizes}
    if one.value.ndim == 2 and inside:
        return True
    return bool(ARRAY.fullmatch(one.name)) and (one.value.ndim == 2 or _is_bias(one) or inside)


def _leaves_biases(holder: Holder, found: Sequence[Found]) -> bool:
    """Return whether an array of the shape of biases of some layer is left, whatever its name."""
    used = {one.path for one in holder.slots}
    shapes = {shape for n in holder.sizes[1:] if n > 1 for shape in ((n,), (1, n), (n, 1))}
    return any(one.path not in used and one.value.shape in shapes for one in found)


def _sizes_of(found: Sequence[Found], form: Form, *, flat: bool) -> Iterator[tuple[int, ...]]:
    """Yield the sizes that weights have, one layer after the other."""
    shape = (1, -1) if form.weights == "out, in" else (-1, 1)
    two = [one for one in found if one.value.ndim == 2]
    for one in found if flat else ():
        if one.value.ndim == 1 and ARRAY.fullmatch(one.name) and not _is_bias(one):
            two.append(one._replace(value=one.value.reshape(shape)))
    weights = [one for one in two if not _is_bias(one)]
    lists = {one.path.rpartition("[")[0] for one in two}
    apart = [[one for one in two if one.path.rpartition("[")[0] == name] for name in sorted(lists)]
    for some in (weights, [one for one in two if 1 not in one.value.shape], *apart):
        sizes: list[int] = []
        for one in some:
            n_in, n_out = one.value.shape if form.weights == "in, out" else one.value.shape[::-1]
            n_in -= form.in_weights
            if sizes and n_in != sizes[-1]:
                sizes = []
                break
            sizes += [n_out] if sizes else [n_in, n_out]
        if sizes and min(sizes) > 0:
            yield (*sizes, 1) if form.flat else tuple(sizes)


def _held(
    found: Sequence[Found], sizes: tuple[int, ...], form: Form, *, in_order: bool, flat: bool
) -> Holder | None:
    """The first arrays of the right shapes, layer by layer; None where some lack, or are left."""
    slots: list[Slot] = []
    used: dict[int, str] = {}
    for layer in range(len(sizes) - 1):
        for kind in form.kinds:
            one = slot(form, kind, layer, sizes)
            before = [i for i, other in used.items() if other == kind] if in_order else []
            start = 1 + max(before, default=-1)
            ways = [one.without_axis(), one] if flat and layer == len(sizes) - 2 else [one]
            places = [(way, _first(found, way, used, start)) for way in ways]
            placed = [(way, i) for way, i in places if i is not None]
            if not placed:
                return None
            way, index = placed[0]
            used[index] = kind
            there = found[index]
            slots.append(way._replace(path=there.path, name=there.name, put=there.put))
    left = [one for i, one in enumerate(found) if i not in used]
    if any(_belongs(one, sizes) for one in left):
        return None
    return Holder(sizes, form, tuple(slots))


def _first(found: Sequence[Found], wanted: Slot, used: Mapping[int, str], start: int) -> int | None:
    """The place of the first array that fits, and is not named as one of the other kind."""
    for i, one in enumerate(found):
        if i < start or i in used or one.value.shape != wanted.shape:
            continue
        bias = _is_bias(one)
        may_be_bias = bias or not ARRAY.fullmatch(one.name) or _may_be_threshold(one)
        if (wanted.kind == "W" and not bias) or (wanted.kind == "b" and may_be_bias):
            return i
    return None
