"""Parameters in one argument without names: alone, in a list, in one vector."""

from collections.abc import Iterator, Sequence

from autograd_ref.adapting.by_name.layers_by_name import Named, named_layers
from autograd_ref.adapting.by_use.argument_uses import Uses
from autograd_ref.adapting.holding.forms import forms
from autograd_ref.adapting.holding.setups import Placed
from autograd_ref.adapting.holding.slots import Holder, copied, unplaced

THEIRS = "theirs"
"""The variable for a container of parameters."""


def alone(sizes: Sequence[int]) -> Iterator[Placed]:
    """Yield the weights of the only layer, as the argument itself.

    Args:
        sizes: of the network.
    """
    for form in forms(biases=False):
        holder = unplaced(form, sizes)
        held = holder.placed(lambda _one: THEIRS)
        yield Placed((f"{THEIRS} = {copied(held.slots[0])}",), held, THEIRS, "alone", THEIRS)
        if sizes[-1] == 1:
            line = f"{THEIRS} = np.ravel({form.put('W', 0)})"
            yield Placed((line,), held, THEIRS, "in one vector", THEIRS)


def in_order(uses: Uses, sizes: Sequence[int]) -> Iterator[Placed]:
    """Yield the parameters in a tuple, a list, a list of layers, or one vector.

    Args:
        uses: how their code takes the argument apart.
        sizes: of the network.
    """
    named = named_layers(uses.unpacked)
    biases = bool(named.biases) if named is not None else None
    for form in forms(sizes, biases=biases):
        holder = unplaced(form, sizes)
        order = _order(uses.unpacked, named, holder)
        row = ", ".join(copied(holder.slots[i]) for i in order)
        slots = [holder.slots[i]._replace(path=f"{THEIRS}[{n}]") for n, i in enumerate(order)]
        held = holder._replace(slots=tuple(slots))
        yield Placed((f"{THEIRS} = [{row}]",), held, THEIRS, "in a list", THEIRS)
        if not uses.unpacked:
            yield from (*_layer_by_layer(holder), *_vectors(holder))


def _layer_by_layer(holder: Holder) -> Iterator[Placed]:
    """A list of layers, each with its weights and biases."""
    if len(holder.form.kinds) == 2:
        held = holder.placed(lambda one: f"{THEIRS}[{one.layer}][{'Wb'.index(one.kind)}]")
        both = [copied(one) for one in held.slots]
        row = ", ".join(f"[{W}, {b}]" for W, b in zip(both[::2], both[1::2], strict=True))
        yield Placed((f"{THEIRS} = [{row}]",), held, THEIRS, "in a list of layers", THEIRS)


def _vectors(holder: Holder) -> Iterator[Placed]:
    """All parameters in one vector: layer by layer, or all weights before all biases."""
    count = len(holder.slots)
    orders = [[*range(count)]]
    if len(holder.form.kinds) == 2:
        orders.append([*range(0, count, 2), *range(1, count, 2)])
    for order in orders:
        slots = tuple(holder.slots[i] for i in order)
        row = ", ".join(f"np.ravel({one.given})" for one in slots)
        line = f"{THEIRS} = np.concatenate([{row}])"
        yield Placed((line,), holder._replace(slots=slots), THEIRS, "in one vector", THEIRS)


def _order(names: Sequence[str], named: Named | None, holder: Holder) -> list[int]:
    """The places of the arrays in the order of the names that they are unpacked to."""
    plain = [*range(len(holder.slots))]
    if named is None or {*names} != {*named.weights, *named.biases} or len(names) != len(plain):
        return plain
    own = [named.of(one.kind, one.layer) for one in holder.slots]
    return [own.index(name) for name in names]
