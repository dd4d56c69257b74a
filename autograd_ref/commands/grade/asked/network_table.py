"""The tables of a grading file that say which network is meant, and how code is called for it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from autograd_ref.commands.grade.asked.requirements import (
    is_count,
    one_of,
    require,
    require_known,
    table,
)
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture

SIZES = 5, 7, 2
"""Where none are given: those of one hidden layer, as the built-in network has it."""

CHOICES = "activation", "output", "loss", "reduction", "l2", "bias"
"""The keywords of `architecture` that the table may have, beside shape."""


class NetworkTable(NamedTuple):
    """The network that submissions are to have."""

    meant: Architecture
    """The sizes of its layers are only examples where none are given."""
    sizes: tuple[tuple[int, ...], ...]
    """The only ones that are tried, where they are given."""
    chosen: bool
    """True where it may be another than the built-in one."""

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return (*self.meant.shapes,)


def network_in(given: object, convention: Mapping[str, Any]) -> NetworkTable:
    """The network that a table chooses.

    Raises:
        ValueError: it says something else than is asked, or the convention does not belong to it.
    """
    found = table("network", given)
    require_known(found, (*CHOICES, "shape"), "[network]")
    shape = found.get("shape", convention["shape"])
    fits = shape is None or _is_shape(shape)
    require(fits, "network.shape", shape, "a list of the sizes of the layers, as in [4, 16, 3]")
    sizes = None if shape is None else tuple(cast("list[int]", shape))
    set_ = [name for name, value in convention.items() if value]
    if found and set_:
        raise ValueError(
            f"[convention] has {set_[0]} and there is a [network]: code of a network that is chosen"
            " is called as it wants to be; leave [convention] out, and say shape in [network]"
        )
    chosen = {name: cast("Any", value) for name, value in found.items() if name != "shape"}
    try:
        meant = architecture(sizes or SIZES, **chosen)
    except (TypeError, ValueError) as error:
        raise ValueError(f"[network]: {error}") from None
    return NetworkTable(meant, () if sizes is None else (sizes,), bool(found))


Asked = tuple[Callable[[object], bool], str]
"""A test of a value, and what it needs to be, in words."""


def _chosen(*choices: str) -> Asked:
    return lambda value: value in choices, one_of(choices)


CONVENTION: Mapping[str, Asked] = {
    "theta": (lambda value: isinstance(value, bool), "true or false"),
    "targets": _chosen("labels", "one-hot"),
    "layout": _chosen("rows", "columns"),
    "biases": _chosen("vectors", "matrices"),
    "shape": (
        lambda value: _is_shape(value) and len(cast("list[int]", value)) == 3,
        "[N_I, N_H, N_O], as in [4, 16, 3]",
    ),
}


def convention_in(given: object) -> dict[str, Any]:
    """The options of `crosscheck check` for a convention; None for those that are detected.

    Raises:
        ValueError: the table says something else than is asked.
    """
    found = table("convention", given)
    require_known(found, CONVENTION, "[convention]")
    for name, value in found.items():
        fits, needs = CONVENTION[name]
        require(fits(value), f"convention.{name}", value, needs)
    nothing: dict[str, Any] = {**dict.fromkeys(CONVENTION), "theta": False}
    return {**nothing, **found}


def _is_shape(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(cast("list[object]", value)) > 1
        and all(is_count(n) and n != 0 for n in cast("list[object]", value))
    )
