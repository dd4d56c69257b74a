"""Which mistakes a problem could have shown: a check that cannot fail shows nothing."""

from collections.abc import Iterable

import numpy as np

from autograd_ref.assignment.autograd_reference import evaluated, network_problem
from autograd_ref.assignment.mistakes.planted import PLANTED, gradient_with
from autograd_ref.reference.protocol import Level
from autograd_ref.report.data import Hidden, Power
from autograd_ref.tree import number_format
from autograd_ref.tree.point import Point, Results
from manual_backprop.parameters import Parameters


def power_of(point: Point) -> Power:
    """Return which known mistakes a check of the network at this point could have shown.

    A mistake counts where it can be made: where its code runs on these shapes. It is hidden where
    all that it changes is within the tolerance.
    """
    parameters, batch = network_problem(point)
    exact = evaluated(point)
    narrow = number_format.coarsest(point.parameters).unit > number_format.of_dtype("f8").unit
    visible: list[str] = []
    hidden: list[Hidden] = []
    tolerances = exact.tolerances(Level.TEXTBOOK).gradients
    for planted in PLANTED:
        wrong = gradient_with(planted)(parameters, *batch)
        # what rounds to float32 is no mistake there
        if wrong is None or (narrow and planted.loses_digits):
            continue
        if _shows(wrong, exact.gradients, tolerances):
            visible.append(planted.title)
        else:
            hidden.append(Hidden(planted.title, planted.of.hides))
    return Power(tuple(visible), tuple(hidden))


def together(powers: Iterable[Power]) -> Power:
    """Return the power of several problems: what one of them could have shown is not hidden."""
    found = list(powers)
    visible = dict.fromkeys(title for power in found for title in power.visible)
    hidden = {h.title: h for power in found for h in power.hidden if h.title not in visible}
    return Power(tuple(visible), tuple(hidden.values()))


def _shows(wrong: Parameters, gradients: Results, tolerances: Results) -> bool:
    return any(
        block.shape != right.shape
        or not (np.abs(block - right) <= tolerances[name]).all()  # also where it is not finite
        for block, (name, right) in zip(wrong, gradients.items(), strict=True)
    )
