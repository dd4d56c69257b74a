"""How far a quantity is from what was computed, in units of what rounding explains."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.steps.beside import Beside
from autograd_ref.rounding import monte_carlo
from autograd_ref.rounding.arithmetic import Level
from autograd_ref.tree.number_format import NumberFormat

Array = NDArray[np.float64]

FAR = 100.0
"""An error of so many tolerances with few samples needs no more of them. Chosen."""


class Nearness(NamedTuple):
    """One array beside what was computed."""

    share: float
    """The largest error / tolerance."""
    allowed: float
    """The largest tolerance."""


def closeness(
    hand: Sequence[Tensor], compute: Callable[[], list[Tensor]], number: NumberFormat
) -> list[Nearness]:
    """Return how close some arrays are to what is computed, at the first level that explains them.

    Args:
        hand: the arrays.
        compute: what they should be, evaluated again at every call, so that rounding moves it.
        number: the format in which the arrays were computed.
    """
    exact = [monte_carlo.as_float64(tensor) for tensor in compute()]
    arrays = [monte_carlo.as_float64(tensor) for tensor in hand]
    measured = partial(monte_carlo.tolerances, compute, exact, number, seed=0)
    allowed = measured(level=Level.STRICT)
    for level, most in ((Level.GROSS, np.inf), (Level.TEXTBOOK, FAR)):
        shares = [_share(*each) for each in zip(arrays, exact, allowed, strict=True)]
        if any(1 < share < most for share in shares):
            wider = measured(level=level)
            allowed = [np.maximum(a, w) for a, w in zip(allowed, wider, strict=True)]
    return [
        Nearness(_share(one, two, room), float(room.max(initial=0.0)))
        for one, two, room in zip(arrays, exact, allowed, strict=True)
    ]


ROOM = 4.0
"""Times its tolerance that a multiple of what is right may be off: both sides round. Chosen."""


ALIKE = 1e-6
"""How much two factors may differ, relative to one, to be one and the same. Chosen."""


class Judgement(NamedTuple):
    """How close one array is to what is right, and to what follows from those before it."""

    right: Nearness
    following: Nearness

    @property
    def is_right(self) -> bool:
        """True where it is what it is by the loss."""
        return self.right.share <= 1

    @property
    def follows(self) -> bool:
        """True where it is what follows from those before it."""
        return self.following.share <= 1


class Judgements(NamedTuple):
    """The judgement on every array."""

    pairs: list[Judgement]
    scales: dict[str, float]
    """The numbers by which derivatives were divided to judge what is computed from them."""
    made_up_for: frozenset[str]
    """Quantities that are right but for that number."""


def judgements(beside: Beside, near: Sequence[Nearness], number: NumberFormat) -> Judgements:
    """Return the judgement on each array.

    A derivative may be a number times the right one where what is computed from it is right: some
    divide by the number of samples there, others later. Then all that follows may have that number.

    Args:
        beside: what was returned.
        near: how close each array is to what is right.
        number: the format in which the arrays were computed.
    """
    found, scales = _following(beside, near, number), dict[str, float]()
    multiples = _multiples(beside, found)
    for name, factor in multiples.items():
        if name in scales and abs(scales[name] - factor) <= ALIKE * abs(factor):
            continue
        group = {**scales, **dict.fromkeys(_after(beside, found, name), factor)}
        changed = _following(beside.scaled(group), near, number)
        if _contradictions(changed) < _contradictions(found):
            found, scales = changed, group
    right = [n for n, f in scales.items() if abs(multiples.get(n, 0.0) - f) <= ALIKE * abs(f)]
    return Judgements(found, scales, frozenset(right))


def _after(beside: Beside, pairs: Sequence[Judgement], name: str) -> list[str]:
    """The wrong derivatives that may be computed from one, and this."""
    before = beside.tape.ancestors[
        next(max(q.refs) for q in beside.derivatives if q.name == name).node
    ]
    left = iter(pairs)
    found: list[str] = []
    for quantity in beside.quantities:
        parts = [next(left) for _ref in quantity.refs]
        is_after = any(before >> ref.node & 1 for ref in quantity.refs)
        if (
            quantity.is_derivative
            and quantity.parameter is None
            and is_after
            and not all(p.is_right for p in parts)
        ):
            found.append(quantity.name)
    return found


def _following(beside: Beside, near: Sequence[Nearness], number: NumberFormat) -> list[Judgement]:
    """How close each array is to what is right, and to what follows from those before it."""
    hand = beside.hand()
    found = closeness(hand, beside.following, number)
    values = sum(len(quantity.refs) for quantity in beside.values)  # they come first
    if any(part.share > 1 for part in near[:values]):
        others = closeness(hand, partial(beside.following, at_outputs=True), number)
        found = [min(both) for both in zip(found, others, strict=True)]
    return [Judgement(*both) for both in zip(near, found, strict=True)]


def _contradictions(pairs: Sequence[Judgement]) -> int:
    """How many arrays are right and do not follow from what was returned before them."""
    return sum(pair.is_right and not pair.follows for pair in pairs)


def _multiples(beside: Beside, pairs: Sequence[Judgement]) -> dict[str, float]:
    """The derivatives that are a number times the right ones, and that something contradicts."""
    if not _contradictions(pairs):
        return {}
    backwards = [(q.is_derivative, ref) for q in beside.quantities for ref in q.refs]
    found = zip(backwards, beside.right(), pairs, strict=True)
    right = {ref: (array, pair) for (is_one, ref), array, pair in found if is_one}
    contradicted = 0
    for ref, (_array, pair) in right.items():
        contradicted |= (1 << ref.node) * (pair.is_right and not pair.follows)
    factors: dict[str, float] = {}
    for quantity in beside.derivatives:
        behind = [beside.tape.ancestors[ref.node] for ref in quantity.refs]
        if any(nodes & contradicted for nodes in behind):
            factor = _common_factor(quantity.own, [right[ref] for ref in quantity.refs])
            if factor != 1:
                factors[quantity.name] = factor
    return factors


def _common_factor(own: Sequence[Tensor], parts: Sequence[tuple[Tensor, Judgement]]) -> float:
    """By how much some arrays are larger than the right ones; 1 where that is no one number."""
    if all(pair.is_right for _array, pair in parts):
        return 1.0
    factor = _factor(
        torch.cat([a.flatten() for a in own]), torch.cat([a.flatten() for a, _ in parts])
    )
    is_one = all(
        float((mine - factor * array).abs().max()) <= ROOM * abs(factor) * pair.right.allowed
        for mine, (array, pair) in zip(own, parts, strict=True)
    )
    return factor if is_one and factor else 1.0


def _factor(own: Tensor, right: Tensor) -> float:
    """By how much one array is larger than another, in the sense of least squares."""
    square = float((right * right).sum())
    return float((own * right).sum()) / square if square > 0 else 0.0


@np.errstate(invalid="ignore", over="ignore")
def _share(hand: Array, exact: Array, allowed: Array) -> float:
    """The largest error / tolerance; what is not finite follows from what is not."""
    error = np.where(np.isfinite(exact), np.abs(hand - exact), 0.0)
    share = np.divide(error, allowed, out=np.where(error > 0, np.inf, 0.0), where=allowed > 0)
    return float(np.nan_to_num(share, nan=np.inf, posinf=np.inf).max(initial=0.0))
