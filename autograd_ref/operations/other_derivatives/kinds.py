"""The kinds of derivatives that a caller can ask for, and what nobody asked for."""

from collections.abc import Collection, Iterator
from typing import cast

from torch.autograd import Function

from autograd_ref.operations.inputs import Operation
from autograd_ref.report.data import Note, listed
from autograd_ref.torch_internals import is_once_differentiable

KINDS = ("first", "second", "forward", "batched")
"""In the order in which they are reported."""


def asked(derivatives: object) -> tuple[str, ...]:
    """The kinds of derivatives that a caller asks for, in the order of the report.

    Raises:
        TypeError, ValueError: derivatives is something else than a collection of kinds.
    """
    needs = f"it needs a tuple of some of {listed([repr(kind) for kind in KINDS])}"
    if isinstance(derivatives, str) or not isinstance(derivatives, Collection):
        raise TypeError(f"derivatives is {derivatives!r}; {needs}")
    given = cast("Collection[object]", derivatives)
    unknown = [repr(kind) for kind in given if kind not in KINDS]
    if unknown or not given:
        raise ValueError(f"derivatives holds {listed(unknown) if unknown else 'nothing'}; {needs}")
    return tuple(kind for kind in KINDS if kind in given)


def defined(operation: Operation) -> dict[str, str]:
    """The derivatives that a torch.autograd.Function defines beside its backward pass, in words.

    One that is made for more than a backward pass has second derivatives as well, unless it says
    that it has none.

    Args:
        operation: as the caller gave it; anything else defines nothing.
    """
    function = getattr(operation, "__self__", None)
    if not (isinstance(function, type) and issubclass(function, Function)):
        return {}
    found: dict[str, str] = {}
    if function.jvp is not Function.jvp:
        found["forward"] = "forward mode (jvp)"
    if function.vmap is not Function.vmap or function.generate_vmap_rule:
        found["batched"] = "vmap"
    if found and not is_once_differentiable(function):
        found["second"] = "second derivatives"
    return found


def not_asked(operation: Operation, kinds: Collection[str]) -> Iterator[Note]:
    """The notes about what an operation defines, and nobody asked about."""
    found = {"first": "the first derivatives", **defined(operation)}
    yield from (Note("not called", text) for kind, text in found.items() if kind not in kinds)
