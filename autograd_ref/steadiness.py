"""Whether the function under test gives the same answer twice, and a right one at another point."""

import numpy as np
from numpy.typing import NDArray

from autograd_ref.evaluation import LOSS, Point, Reference
from autograd_ref.judge import Judgement, judged, spoiled
from autograd_ref.probes import Call, Gradients, called, elsewhere
from autograd_ref.report import Note
from autograd_ref.structure import as_array, is_real, leaves

MUCH = 1e-6
"""A second call that differs by less, relative to the block, adds in another order; by more, it is
another computation. (Rounding itself is judged elsewhere; this only chooses the words.)"""


def same_bits(first: Call, again: Call) -> bool:
    """Whether two calls returned the same."""
    one, two = _values(first), _values(again)
    return one.keys() == two.keys() and all(
        np.array_equal(one[name], two[name], equal_nan=one[name].dtype.kind == "f") for name in one
    )


def unsteady(first: Call, again: Call) -> list[Note]:
    """What two calls with the same arguments say, where they returned different gradients."""
    one, two = first.kept, again.kept
    if one.keys() != two.keys() or any(one[name].shape != two[name].shape for name in one):
        text = "Two calls with the same arguments return different structures or shapes."
        return [Note("changes from call to call", text)]
    changed = [name for name in one if _apart(one[name], two[name])]
    if not changed:
        return []
    if all(not _apart(2 * one[name], two[name]) for name in one):
        text = "The second call returns twice the first: gradients are added up over calls."
        return [Note("accumulates", text)]
    text = (
        f"Two calls with the same arguments return different gradients of {', '.join(changed)}:"
        " something is drawn at random without a seed, or kept from call to call."
    )
    return [Note("changes from call to call", text)]


def judged_elsewhere(
    gradients: Gradients, reference: Reference, point: Point, result: Judgement, seed: int
) -> tuple[Call | None, Judgement, list[Note]]:
    """Call the function at another point, and judge it there.

    First with other parameters and the samples rearranged; where that fails, with other
    parameters alone, because the function may rightly rely on the order of its data.

    Returns:
        The call, the judgement of before with what went wrong there, and what else to say.
    """
    notes: list[Note] = []
    last: Call | None = None
    for rearranged in (True, False):
        there = elsewhere(point, seed, rearranged=rearranged)
        try:
            exact = reference.evaluate(there)
        except Exception:  # outside the domain of the loss: no place to judge anybody
            continue
        if not np.isfinite(exact.loss):
            continue
        try:
            last = called(gradients, there)
        except Exception as error:
            notes = [_raised(error)]
            continue
        found = judged(gradients, reference, there, exact, last)
        if not found.wrong:
            return last, result, notes
        if _overflows(last):
            notes = [_overflowed(there)]
            continue
        if rearranged and not reference.exchangeable:
            notes = [_rearranged(found)]
            continue
        return last, spoiled(result, found, "agrees here, but at another point it {}"), []
    return last, result, notes


def _raised(error: Exception) -> Note:
    text = f"At another point, where the loss is finite, it raised {type(error).__name__}: {error}"
    return Note("raises elsewhere", text)


def _overflows(call: Call) -> bool:
    """Whether a gradient has values that are not finite."""
    return any(not np.isfinite(a).all() for a in call.kept.values() if is_real(a))


def _overflowed(there: Point) -> Note:
    size = max(float(np.abs(as_array(leaf)).max()) for leaf in leaves(there.parameters).values())
    text = (
        f"At another point, with parameters up to {size:.3g}, its gradient is not finite though the"
        " loss is: exponentials that overflow? Here it is fine."
    )
    return Note("overflows elsewhere", text)


def _rearranged(found: Judgement) -> Note:
    return Note(
        "depends on the order of the data",
        f"With other parameters it is right; with the rows of the data rearranged as well,"
        f" {', '.join(found.wrong)} is wrong. It may rely on how the data are made, or keep data"
        " of an earlier call.",
    )


def _values(call: Call) -> dict[str, NDArray[np.generic]]:
    loss = {} if call.answer.loss is None else {LOSS: call.answer.loss}
    return {**call.kept, **loss}


def _apart(one: NDArray[np.generic], two: NDArray[np.generic]) -> bool:
    if not is_real(one) or not is_real(two):
        return not np.array_equal(one, two)
    a, b = one.astype(np.float64), two.astype(np.float64)
    scale = np.abs(a).max(initial=0.0)
    return bool((np.abs(b - a) > MUCH * scale).any())
