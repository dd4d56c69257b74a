"""The mistake in one wrong step, looked for between the quantities that were returned."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from torch import Tensor

from autograd_ref.recording.following import followed
from autograd_ref.recording.frames import CodePlace
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.finding.claims import Search
from autograd_ref.recording.slips.spots import RESHAPES
from autograd_ref.recording.slips.telling.in_words import worded
from autograd_ref.recording.steps.beside import Beside, Given
from autograd_ref.recording.steps.between import between
from autograd_ref.recording.steps.read import Chosen, read
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.reference.effort.budget import Budget
from autograd_ref.reference.model import ReturnedBeside, WrongGradient
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.data import Cause
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results

UNITS = 16.0
"""Units of roundoff that what is wrong may round by where what is right is zero. Chosen."""


class ByHand(NamedTuple):
    """A loss, and what the function under test returned at one point or two."""

    loss: Loss
    here: ReturnedBeside
    there: Callable[[], ReturnedBeside | None]
    chosen: Chosen


class Causes:
    """The search for the mistakes in the steps of one derivation.

    Args:
        derivation: the derivation.
        factors: the numbers that some derivatives are too large by, which is made up for later.
    """

    def __init__(self, derivation: ByHand, factors: dict[str, float]) -> None:
        self._derivation, self._factors = derivation, factors
        self._budget = Budget()
        self._found: dict[tuple[bool, bool], Beside | None] = {}

    def of(self, quantity: Given, allowed: Sequence[float], unit: float) -> Cause | None:
        """Return the mistake in a wrong quantity; None where none is found.

        Args:
            quantity: as it was returned.
            allowed: how far rounding may move each of its arrays.
            unit: the rounding of a result, relative to it.
        """
        steps = self._between(quantity, here=True, apart=False)
        assert steps is not None, "it was recorded for the verdict"
        hand, right = _arrays(quantity, steps)
        wrong = WrongGradient(
            self._derivation.here.point,
            hand,
            right,
            {
                path: max(one, UNITS * unit * float(np.abs(hand[path]).max(initial=0.0)))
                for path, one in zip(hand, allowed, strict=True)
            },
            tuple(path for path in hand if not np.allclose(hand[path], right[path], 1e-12, 0.0)),
            lambda: self._again(quantity),
            budget=self._budget,
        )

        def record(_loss: Loss, point: Point, _right: Results, *, apart: bool) -> Steps | None:
            return self._between(quantity, here=point is wrong.point, apart=apart)

        search = Search(self._derivation.loss, wrong, record)
        for claim in chain(search.claims(), search.pairs()):
            kind, what, fix = worded(claim)
            comma = "," if what.startswith("in ") else ""
            return Cause(
                kind,
                (quantity.name,),
                f"{quantity.name} is what comes out if{comma} {what}.",
                fix,
                _relative(hand, right, right),
                _relative(hand, claim.gradients, right),
            )
        return None

    def _again(self, quantity: Given) -> tuple[Point, Results, Results] | None:
        there = self._there
        steps = None if there is None else self._between(quantity, here=False, apart=False)
        beside = None if there is None else self._beside(here=False, apart=False)
        if there is None or steps is None or beside is None:
            return None
        same = _same(quantity, beside)
        return None if same is None else (there.point, *_arrays(same, steps))

    @cached_property
    def _there(self) -> ReturnedBeside | None:
        return self._derivation.there()

    def _between(self, quantity: Given, *, here: bool, apart: bool) -> Steps | None:
        """The record of the part that a quantity is computed by."""
        beside = self._beside(here=here, apart=apart)
        same = None if beside is None else _same(quantity, beside)
        if beside is None or same is None:
            return None
        tape = beside.mine.tape
        of = dict(zip(_paths(same), same.refs, strict=True))
        place = place_of(same, tape)
        return between(tape, beside.own_derivatives, of, place)

    def _beside(self, *, here: bool, apart: bool) -> Beside | None:
        if (here, apart) not in self._found:
            self._found[here, apart] = self._recorded(here=here, apart=apart)
        return self._found[here, apart]

    def _recorded(self, *, here: bool, apart: bool) -> Beside | None:
        derivation = self._derivation
        found = derivation.here if here else self._there
        assert found is not None, "without it nothing is recorded there"
        steps = followed(derivation.loss, found.point, found.right, apart=apart)
        if steps is None:
            return None
        quantities = read(steps, found).chosen(derivation.chosen)
        return Beside(steps.tape, quantities, found.hand).scaled(self._factors)


def place_of(quantity: Given, tape: Tape) -> CodePlace:
    """Return where in the loss a quantity is used, or (a value) where it is computed."""
    ref = quantity.refs[-1]
    while quantity.is_derivative:
        uses = tape.uses.get(ref, [])
        if not uses:
            break
        node = tape.nodes[uses[0]]
        if node.site.operation not in RESHAPES:
            return node.place
        ref = Ref(uses[0])
    return tape.nodes[ref.node].place


def _same(quantity: Given, beside: Beside) -> Given | None:
    """The quantity in another record."""
    key = quantity.name, quantity.parameter
    return next((q for q in beside.quantities if (q.name, q.parameter) == key), None)


def _arrays(quantity: Given, steps: Steps) -> tuple[Results, Results]:
    """The quantity, and what it should be."""
    hand = dict(zip(_paths(quantity), map(_as_array, quantity.own), strict=True))
    right = {path: _as_array(g[0]) for path, g in swept(steps).gradients.items()}
    return hand, right


def _paths(quantity: Given) -> list[Path]:
    """The paths of its arrays among the parameters of the part that it is computed by."""
    if len(quantity.refs) == 1:
        return [(quantity.name,)]
    return [(quantity.name, i) for i in range(len(quantity.refs))]


def _as_array(tensor: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return tensor.detach().numpy().copy()


def _relative(one: Results, two: Results, right: Results) -> float:
    """The largest difference, relative to the largest entry of what is right."""
    size = max(float(np.abs(a).max(initial=0.0)) for a in right.values())
    apart = max(float(np.abs(one[p] - two[p]).max(initial=0.0)) for p in right)
    return apart / (size or 1.0)
