"""Which arrays are the derivatives by which parameters: by name, shape, place, or in one vector."""

import re
from collections.abc import Iterator, Mapping, Sequence

from autograd_ref.adapting.by_name.array_names import GRADIENT
from autograd_ref.adapting.holding.arrays_found import (
    Found,
)
from autograd_ref.adapting.holding.numbers import assembled
from autograd_ref.adapting.holding.slots import Holder, Slot

DERIVATIVE = re.compile(
    r"^(d_?|grads?_?(of_?)?|nabla_?|delta_?|g_?)|_?(grads?|gradients?|_d)$", re.IGNORECASE
)
"""Prefixes and suffixes that make the name of a derivative of that of a parameter."""


def matched(
    found: Sequence[Found], holder: Holder, *, whole: bool = False
) -> Iterator[dict[str, str]]:
    """Yield how arrays may be those of the slots: in a vector, by name and shape, by place.

    By place alone some may have a wrong shape, unless all are asked for.

    Args:
        found: the arrays.
        holder: of the parameters.
        whole: True where all have to have the right size.
    """
    total = sum(one.size for one in holder.slots)
    for one in found:
        several = len(holder.slots) > 1 or one.value.ndim == 1
        if several and one.value.size == total and total in one.value.shape:
            yield _from_a_vector(one.path, holder)
    seen: list[dict[str, str]] = []
    for some in (found, found[::-1]):
        chosen = _chosen(some, holder.slots)
        of = {} if chosen is None else expressions(holder, chosen)
        if of and of not in seen:
            seen.append(of)
            yield of
    if not seen and not whole and len(found) == len(holder.slots) > 1:
        placed = dict(zip(holder.slots, found, strict=True))
        right = sum(one.value.size == slot.size for slot, one in placed.items())
        if 2 * right >= len(placed):
            yield expressions(holder, {slot: one.path for slot, one in placed.items()})


def _chosen(found: Sequence[Found], slots: Sequence[Slot]) -> dict[Slot, str] | None:
    """An array for each slot; None where some lack."""
    chosen: dict[Slot, str] = {}
    for slot in slots:
        used = set(chosen.values())
        fitting = [one for one in found if one.path not in used and one.value.size == slot.size]
        if not fitting:
            return None
        chosen[slot] = min(fitting, key=lambda one, slot=slot: _distance(one, slot)).path
    return chosen


def _distance(one: Found, slot: Slot) -> tuple[bool, bool, bool]:
    same = DERIVATIVE.sub("", one.name).lower().strip("_") == slot.name.lower().strip("_")
    return not same, not GRADIENT.fullmatch(one.name), one.value.shape != slot.shape


def expressions(holder: Holder, chosen: Mapping[Slot, str]) -> dict[str, str]:
    """Return the derivatives by W0, b0, ... as expressions of arrays.

    Args:
        holder: of the parameters.
        chosen: the expression of the array for each slot.
    """
    form, found = holder.form, dict[str, str]()
    for slot in sorted(chosen, key=lambda one: (one.layer, one.kind)):
        name = f"{slot.kind}{slot.layer}"
        if slot.entry:
            same = {one.entry: chosen[one] for one in chosen if one[:2] == slot[:2]}
            found[name] = assembled(same)
            continue
        found[name] = slot.got(form, slot.kind, chosen[slot])
        if form.in_weights:
            found[f"b{slot.layer}"] = slot.got(form, "b", chosen[slot])
    return found


def _from_a_vector(path: str, holder: Holder) -> dict[str, str]:
    """The derivatives as pieces of one vector, in the order of the slots."""
    pieces: dict[Slot, str] = {}
    ends = [" * ".join(one.text) or "1" for one in holder.slots]
    for i, one in enumerate(holder.slots):
        start, end = " + ".join(ends[:i]), " + ".join(ends[: i + 1])
        shape = ", ".join(one.text) + ("," if len(one.text) == 1 else "")
        piece = f"np.ravel({path})[{start}:{end}].reshape({shape})"
        pieces[one] = f"np.ravel({path})[{i}]" if one.entry else piece
    return expressions(holder, pieces)
