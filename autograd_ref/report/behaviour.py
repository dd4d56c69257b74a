"""Behaviour of a function besides the gradient: the kinds of findings, and which do harm."""

from collections.abc import Collection, Mapping
from typing import cast

from autograd_ref.report.words import listed

FAILS_IN_SOME_CALLS = "fails in some calls"
MISSES_CHANGES = "misses changes in place"
AFTER_THE_LOSS = "works only right after the loss"

HARMFUL: Mapping[str, bool] = {
    "changes its arguments": True,  # the caller's parameters, data or upstream gradient are lost
    "reuses its result": True,  # a kept result changes with a later call, or the next one with it
    "accumulates": True,  # every call but the first is wrong
    "uses earlier values": True,  # a cache that is not made anew with other arguments
    "changes from call to call": True,  # something is drawn at random, or kept
    MISSES_CHANGES: True,  # from the second step on, an optimiser gets the gradient of the first
    AFTER_THE_LOSS: True,  # a line search need not call the loss last where it wants the gradient
    FAILS_IN_SOME_CALLS: True,  # PyTorch calls it like this where an output is unused, say
    # what both arrays are, the caller knows; nothing changes until the caller changes one of them
    "returns a view of its arguments": False,
    "gradients share memory": False,
    "returns a constant array": False,  # the gradient of a linear loss is one
}
"""The kinds of findings, and whether code that uses the function goes wrong by them."""

EXPLAINS = {
    "changes its arguments",
    "accumulates",
    "uses earlier values",
    "changes from call to call",
}
"""The kinds of findings that explain a wrong gradient."""


def harmful(kind: str, allowed: Collection[str]) -> bool:
    """Return True for a kind that does harm and is not allowed; one that is unknown does harm."""
    return HARMFUL.get(kind, True) and kind not in allowed


def known(allow: object) -> tuple[str, ...]:
    """Return the kinds that a caller accepts.

    Raises:
        TypeError, ValueError: something else than a collection of known kinds.
    """
    if isinstance(allow, str) or not isinstance(allow, Collection):
        raise TypeError(
            f"allow is {allow!r}; it needs a tuple of kinds of findings, such as"
            f" ({next(iter(HARMFUL))!r},)"
        )
    kinds = tuple(cast("Collection[object]", allow))
    unknown = [repr(kind) for kind in kinds if kind not in HARMFUL]
    if unknown:
        raise ValueError(
            f"allow holds {listed(unknown)}; it needs kinds of findings:"
            f" {listed([repr(kind) for kind in HARMFUL])}"
        )
    return cast("tuple[str, ...]", kinds)
