"""Repeatability: two calls with the same arguments should return the same, whatever came before."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Call
from autograd_ref.report.behaviour import AFTER_THE_LOSS, MISSES_CHANGES
from autograd_ref.report.data import Note
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import is_real
from autograd_ref.tree.nest import name_of

BY_IDENTITY = Note(
    MISSES_CHANGES,
    "Called with the same arrays after their contents had changed, as w -= rate * gradient changes"
    " them, the function returns something else than with new arrays of the same contents, and is"
    " wrong. It keeps results by the identity of its arguments (x is self.x, id(x), or a comparison"
    " with an array that it did not copy): keep a copy, and compare contents.",
)

BY_THE_LOSS = Note(
    AFTER_THE_LOSS,
    "The function is right only where the last call of loss was with the same parameters: it reads"
    " what loss stored. Optimisers also ask for a gradient where they did not call loss last:"
    " compute it from the parameters, or compare them with a copy of those that loss had.",
)


def same_bits(first: Call, again: Call) -> bool:
    """True where two calls returned the same."""
    one, two = first.values, again.values
    return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)


def changes(first: Call, again: Call) -> list[Note]:
    """The notes about two calls with the same arguments that returned different gradients."""
    if same_bits(first, again):
        return []
    one, two = first.answer.gradients, again.answer.gradients
    alike = (first.answer.loss is None) == (again.answer.loss is None)
    alike = alike and one.keys() == two.keys()
    if not alike or any(one[path].shape != two[path].shape for path in one):
        text = "Two calls with the same arguments return different structures or shapes."
        return [Note("changes from call to call", text)]
    # by less, it adds in another order (and that rounding is judged elsewhere); by more than half
    # of the digits, it is another computation
    half = number_format.coarsest(first.given.parameters).unit ** 0.5
    apart = [path for path in one if _apart(one[path], two[path], by=half)]
    changed = [name_of(path, root="parameters") for path in apart]
    if not changed:
        return []
    if all(is_real(a) and not _apart(2 * a, two[path], by=half) for path, a in one.items()):
        text = "The second call returns twice the first: gradients are added up over calls."
        return [Note("accumulates", text)]
    text = (
        f"Two calls with the same arguments return different gradients of {', '.join(changed)}:"
        " something is drawn at random without a seed, or kept from call to call."
    )
    return [Note("changes from call to call", text)]


def _same(one: NDArray[Any], two: NDArray[Any]) -> bool:
    if one.dtype != two.dtype:
        return False
    if np.array_equal(one, two):  # without NaN, as most are: in a third of the time
        return True
    return one.dtype.kind == "f" and np.array_equal(one, two, equal_nan=True)


@np.errstate(invalid="ignore")  # what is infinite in both is not apart
def _apart(one: NDArray[Any], two: NDArray[Any], *, by: float) -> bool:
    """True where they differ by more than such a part of the block's largest entry."""
    if not is_real(one) or not is_real(two):
        return not np.array_equal(one, two)
    a, b = one.astype(np.float64), two.astype(np.float64)
    return bool((np.abs(b - a) > by * np.abs(a).max(initial=0.0)).any())
