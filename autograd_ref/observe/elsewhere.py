"""Whether the function under test gives the same answer twice, and a right one at another point."""

from collections.abc import Generator, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import (
    Call,
    Gradients,
    called,
    with_other_data,
    with_other_parameters,
)
from autograd_ref.independent.along_difference import questioned
from autograd_ref.reference.protocol import LOSS, Evaluation, Point, Reference
from autograd_ref.report.data import Note
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import as_array, is_real, leaves
from autograd_ref.tree.number_format import NumberFormat
from autograd_ref.verdict.judge import Judgement, judged, spoiled

MANY_DIGITS = 1e-3
"""An answer that is right to so much, relative to the block, is no other point's answer."""


def same_bits(first: Call, again: Call) -> bool:
    """Whether two calls returned the same."""
    one, two = _values(first), _values(again)
    return one.keys() == two.keys() and all(_same(one[name], two[name]) for name in one)


def unsteady(first: Call, again: Call) -> list[Note]:
    """What two calls with the same arguments say, where they returned different gradients."""
    if same_bits(first, again):
        return []
    one, two = first.kept, again.kept
    if one.keys() != two.keys() or any(one[name].shape != two[name].shape for name in one):
        text = "Two calls with the same arguments return different structures or shapes."
        return [Note("changes from call to call", text)]
    # by less, it adds in another order (and that rounding is judged elsewhere); by more than half
    # of the digits, it is another computation
    half = number_format.coarsest(first.given.parameters).unit ** 0.5
    changed = [name for name in one if _apart(one[name], two[name], by=half)]
    if not changed:
        return []
    if all(not _apart(2 * one[name], two[name], by=half) for name in one):
        text = "The second call returns twice the first: gradients are added up over calls."
        return [Note("accumulates", text)]
    text = (
        f"Two calls with the same arguments return different gradients of {', '.join(changed)}:"
        " something is drawn at random without a seed, or kept from call to call."
    )
    return [Note("changes from call to call", text)]


class Place(NamedTuple):
    """Somewhere else to call the function."""

    said: str
    """How it is called there, as in "with other parameters"."""
    gradients: Gradients
    point: Point
    binding: bool = True
    """Whether a function that is wrong there is wrong."""


def other_places(
    gradients: Gradients, reference: Reference, point: Point, seed: int
) -> Generator[Place]:
    """With other parameters, then with other data.

    Data that are not known to be samples may not be rearranged as one likes: a function that is
    wrong then is told of, and not accused.
    """
    yield Place("with other parameters", gradients, with_other_parameters(point, seed))
    rearranged = with_other_data(point)
    if rearranged is not None:
        yield Place("with other data", gradients, rearranged, binding=reference.exchangeable)


class Trouble(NamedTuple):
    """Where the function is wrong, and how."""

    point: Point
    exact: Evaluation
    call: Call
    found: Judgement


def settled_elsewhere(
    places: Iterable[Place], reference: Reference, result: Judgement, *, steady: bool
) -> tuple[list[Call], Judgement, list[Note], Trouble | None]:
    """Call the function elsewhere, and judge it there.

    Returns:
        The calls, the judgement of before with what went wrong there, what else to say, and the
        first place where something goes wrong that did not before.
    """
    calls: list[Call] = []
    notes: list[Note] = []
    trouble: Trouble | None = None
    for place in places:
        exact = _evaluated(reference, place.point)
        if exact is None:
            continue
        try:
            call = called(place.gradients, place.point)
        except Exception as error:
            notes.append(_raised(place, error))
            continue
        calls.append(call)
        if _agrees_by_far(call, exact, number_format.coarsest(place.point.parameters)):
            continue
        if all(block.name in result.wrong for block in result.blocks):
            continue  # nothing could become worse
        about = place.gradients, reference, place.point, exact, call
        found = judged(*about, steady=steady)
        if set(found.wrong) <= set(result.wrong):
            continue
        found = questioned(found, *about)
        if not found.wrong:
            continue
        if _overflows(call):
            notes.append(_overflowed(place))
        elif not place.binding:
            notes.append(_rearranged(found))
        else:
            result = spoiled(result, found, f"agrees here, but {place.said} it {{}}")
            trouble = trouble or Trouble(place.point, exact, call, found)
    return calls, result, notes, trouble


def _agrees_by_far(call: Call, exact: Evaluation, number: NumberFormat) -> bool:
    """Whether half of the digits are right, so that nothing is kept from elsewhere, nor was hidden.

    The tolerance that tells more takes longer to find than everything else; it is found once.
    """
    part = min(number.unit**0.5, MANY_DIGITS)
    for name, values in exact.gradients.items():
        hand = call.answer.gradients.get(name)
        if hand is None or hand.shape != values.shape or not is_real(hand):
            return False
        if not float(np.abs(hand - values).max()) <= part * float(np.abs(values).max()):
            return False
    loss = call.answer.loss
    if loss is None:
        return True
    return is_real(loss) and bool((np.abs(loss - exact.loss) <= part * abs(exact.loss)).all())


def _evaluated(reference: Reference, there: Point) -> Evaluation | None:
    """The reference at another point; None outside the domain of the loss: no place to judge."""
    try:
        exact = reference.evaluate(there)
    except Exception:
        return None
    return exact if np.isfinite(exact.loss) else None


def _raised(place: Place, error: Exception) -> Note:
    text = f"Called {place.said}, it raised {type(error).__name__}: {error}"
    return Note("raises elsewhere", text)


def _overflows(call: Call) -> bool:
    """Whether the loss or a gradient has values that are not finite."""
    return any(not np.isfinite(a).all() for a in _values(call).values() if is_real(a))


def _overflowed(place: Place) -> Note:
    parameters = leaves(place.point.parameters).values()
    size = max(float(np.abs(as_array(leaf)).max()) for leaf in parameters)
    text = (
        f"Called {place.said}, up to {size:.3g}, what it returns is not finite, though it should"
        " be: exponentials that overflow? Here it is fine."
    )
    return Note("overflows elsewhere", text)


def _rearranged(found: Judgement) -> Note:
    return Note(
        "depends on the order of the data",
        f"With the rows of the data rearranged, {', '.join(found.wrong)} is wrong. It may rely on"
        " how the data are made, or keep data of an earlier call.",
    )


def _values(call: Call) -> dict[str, NDArray[np.generic]]:
    loss = {} if call.answer.loss is None else {LOSS: call.answer.loss}
    return {**call.kept, **loss}


def _same(one: NDArray[np.generic], two: NDArray[np.generic]) -> bool:
    both_float = one.dtype.kind == two.dtype.kind == "f"
    return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=both_float)


def _apart(one: NDArray[np.generic], two: NDArray[np.generic], *, by: float) -> bool:
    """Whether they differ by more than such a part of the block's largest entry."""
    if not is_real(one) or not is_real(two):
        return not np.array_equal(one, two)
    a, b = one.astype(np.float64), two.astype(np.float64)
    return bool((np.abs(b - a) > by * np.abs(a).max(initial=0.0)).any())
