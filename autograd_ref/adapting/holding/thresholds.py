"""Biases that somebody's code subtracts, as thresholds are."""

from types import ModuleType

from autograd_ref.adapting.by_use.beside_products import beside_products
from autograd_ref.adapting.holding.setups import Placed
from autograd_ref.adapting.holding.slots import copied

SAID = ", subtracted as thresholds"


def with_thresholds(setup: Placed, module: ModuleType | None) -> Placed:
    """Return parameters with minus the biases where the code subtracts them.

    Args:
        setup: the parameters.
        module: the code.
    """
    names = beside_products(module).subtracted
    slots = list(setup.holder.slots)
    for i, one in enumerate(slots):
        if one.kind == "b" and {one.name, one.name.rstrip("0123456789")} & names:
            slots[i] = one._replace(given=f"-{one.given}", is_minus=True)
    if tuple(slots) == setup.holder.slots:
        return setup
    lines = "\n".join(setup.lines)
    for old, new in zip(setup.holder.slots, slots, strict=True):
        lines = lines.replace(old.line, new.line).replace(copied(old), copied(new))
    held = setup.holder._replace(slots=tuple(slots))
    return setup._replace(lines=(lines,), holder=held, where=f"{setup.where}{SAID}")
