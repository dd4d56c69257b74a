"""Weights that are updated before what comes back through them is computed: W - rate * dW for W.

The rate is a number nobody knows. What it changes is steep in one way, so it is found by a few
steps of Newton's; and then it has to give the gradient under test, at two points.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.following import with_slips
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.finding.guesses import Cotangents, Guess, gives
from autograd_ref.recording.slips.sites import SlipSite
from autograd_ref.recording.slips.slip import At, Rule, Slip
from autograd_ref.recording.slips.spots import RESHAPES
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.reference.effort.budget import Budget
from autograd_ref.reference.model import WrongGradient
from autograd_ref.tree.point import Results

PRODUCTS = frozenset("mul mm mv bmm dot matmul convolution".split())

MOST_STEPS = 12
"""Steps of Newton's at most. Chosen: a rate is found in two, of one layer, or five."""

BESIDE = 1e-4
"""How far the rate is moved to see what it changes. Chosen."""

FOUND = 1e-13
"""The part of the rate by which the last step moves it. Derived: the rounding of its terms."""

ROUNDED = 1e-9
"""How far it may be off from what is typed, relative to it. Chosen: it is fitted to the last digits
of the gradient."""

DIGITS = 3
"""Digits of a rate that is typed; only such a one is believed where there is no second point."""


def updated_weights(
    steps: Steps, wrong: WrongGradient, right: Cotangents, budget: Budget, *, apart: bool
) -> Iterator[Guess]:
    """Yield that one weight, or all of them, had been updated, where that gives the gradient.

    Args:
        steps: of the record.
        wrong: the gradient.
        right: the right derivatives by all values.
        budget: what it may take.
        apart: True where the record has composite operations taken apart.
    """
    for places in budget.each("updated weights", list(_updated(steps.tape))):
        rate = _rate(steps, places, wrong, right)
        guess = Guess(apart, (_slip(places, rate),))
        (found,) = with_slips(steps, [guess.slips], right)
        fits = gives(found, wrong.hand, wrong.allowed)
        if fits and (_is_typed(rate) or wrong.again() is not None):
            yield guess
            return


def _updated(tape: Tape) -> Iterator[tuple[SlipSite, ...]]:
    """Yield the places where a weight is used on the way back: of each, and of all together."""
    found: dict[Ref, list[SlipSite]] = {}
    for site, nodes in tape.turns.items():
        node = tape.nodes[nodes[-1]]
        if nodes[-1] not in tape.is_needed or site.operation not in PRODUCTS:
            continue
        for place in (0, 1) if len(node.operands) > 1 else ():
            weight = _parameter(tape, node.operands[1 - place])
            if weight is not None and node.operands[place] in tape.moving:
                found.setdefault(weight, []).append(SlipSite(site, place))
    together = tuple(place for places in found.values() for place in places)
    yield from dict.fromkeys((*map(tuple, found.values()), together))


def _parameter(tape: Tape, ref: Ref) -> Ref | None:
    """The parameter that a value is, with its entries arranged perhaps."""
    while ref not in tape.parameters.values():
        node = tape.nodes[ref.node]
        if node.site.operation not in RESHAPES or not node.operands:
            return None
        ref = node.operands[0]
    return ref


def _slip(places: tuple[SlipSite, ...], rate: float) -> Slip:
    what = "`W {} {:.6g} * dW`".format("-+"[rate < 0], abs(rate))
    rule = Rule(
        "an updated weight",
        partial(_made, rate),
        f"what comes back to {{x}} goes through weights W that are already updated: {what}",
        2.0,
        "compute all gradients before any weight is updated",
    )
    return Slip(rule, places)


def _made(rate: float, at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    number = 1 - at.place
    if number not in at.step.moving:
        return None
    moved = at.step.back({0: at.c.unsqueeze(0)})[number][0]
    every = _of_other_uses(at, number)
    if every is not None:
        moved = moved + every
    step = at.step.with_operand(number, at.step.operands[number] - rate * moved)
    return step.back({0: at.c.unsqueeze(0)})[at.place][0]


def _of_other_uses(at: At, number: int) -> Tensor | None:
    """The part of the right gradient of a weight that comes by other uses, as by a penalty."""
    assert at.step is not None, "made at steps only"
    tape, node = at.steps.tape, at.step.node
    weight = _parameter(tape, node.operands[number])
    every = None if weight is None else at.cotangent(weight)
    c = at.cotangent(Ref(tape.turns[node.site][node.turn]))
    if every is None or c is None or weight is None or len(tape.uses[weight]) == 1:
        return None
    here = at.step.back({0: c.unsqueeze(0)})[number][0]
    return (every if every.shape == here.shape else every.mT) - here


def _rate(
    steps: Steps, places: tuple[SlipSite, ...], wrong: WrongGradient, right: Cotangents
) -> float:
    """The rate that comes nearest to the gradient."""
    rate = 0.0
    for _ in range(MOST_STEPS):
        rates = (rate, rate + BESIDE)
        found = with_slips(steps, [(_slip(places, one),) for one in rates], right)
        here, beside = (_flat(gradients, wrong) for gradients in found)
        steep = (beside - here) / BESIDE
        size = float(steep @ steep)
        if size == 0 or not np.isfinite(size):
            break
        step = float(steep @ (_flat(wrong.hand, wrong) - here)) / size
        rate += step
        if abs(step) <= FOUND * abs(rate):
            break
    return _typed(rate)


def _typed(rate: float) -> float:
    """The rate as it is typed, where it is one."""
    typed = float(f"{rate:.{DIGITS}g}")
    return typed if abs(typed - rate) <= ROUNDED * abs(rate) else rate


def _is_typed(rate: float) -> bool:
    return rate == float(f"{rate:.{DIGITS}g}")


def _flat(gradients: Results, wrong: WrongGradient) -> NDArray[np.float64]:
    return np.concatenate([gradients[path].ravel() for path in wrong.wrong])
