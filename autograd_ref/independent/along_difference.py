"""The independent check: numerical derivatives of the losses along the difference of two gradients.

Along the direction of their difference the two gradients are as far apart as they can be, so one
directional derivative of each loss tells more than any other number could.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.call import called
from autograd_ref.calls.trial import Trial
from autograd_ref.independent.losses import related
from autograd_ref.reference.differences.stencil import slope_within
from autograd_ref.reference.directional import along, typical
from autograd_ref.reference.protocol import Level
from autograd_ref.report.data import IndependentCheck, Side, Slope
from autograd_ref.tree.leaf import as_array, is_real, largest
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt, worded

STEP = 0.1
"""The largest step, relative to what is typical of the parameters that are moved. Chosen."""

BLURRED = 0.2
"""A derivative known no better than this, relative to the difference, decides nothing; and rounding
in a gradient under test accounts for no more of it. Chosen."""

NEAR = 1e-3
"""A gradient as near as this to the derivative, relative to the difference, is the one confirmed.
Chosen."""

WELL = 0.1
"""A derivative that is known as well as this, relative to the difference, is not improved any
further. Chosen."""

OwnLoss = Callable[[Point], float]


class Along(NamedTuple):
    """Two gradients and the derivatives of their losses, along the difference of the two."""

    hand: float
    reference: float
    slack: float
    """The part of the gradient under test that rounding leaves open."""
    of_reference: Slope
    """The numerical derivative of the reference's loss."""
    of_hand: Slope | None
    """The numerical derivative of the loss that the function under test returns."""

    @property
    def gap(self) -> float:
        """How far the two gradients are apart."""
        return abs(self.hand - self.reference)

    @property
    def is_plain(self) -> bool:
        """True where the derivatives are those of a gradient, whatever rounding leaves open."""
        known = [one for one in (self.of_reference, self.of_hand) if one is not None]
        return all(
            self.confirms(one, self.hand) or self.confirms(one, self.reference) for one in known
        )

    def confirms(self, numerical: Slope, gradient: float) -> bool:
        """True where a numerical derivative is that of one of the two gradients."""
        slack = min(self.slack, BLURRED * self.gap) + NEAR * self.gap
        return abs(numerical.value - gradient) <= numerical.accuracy + slack


def along_difference(
    trial: Trial, answer: Answer, blocks: Collection[Path], *, loss: bool
) -> IndependentCheck | None:
    """The independent check of some blocks that differ in value.

    Args:
        trial: both sides, and the point where they differ.
        answer: what the function under test returned there.
        blocks: those that differ.
        loss: whether the loss differs as well.

    Returns:
        None where nothing finite differs.
    """
    difference = {
        path: answer.gradients[path].astype(np.float64) - trial.exact.gradients[path]
        for path in blocks
    }
    finite = {path: values for path, values in difference.items() if np.isfinite(values).all()}
    own = answer.loss
    has_loss = own is not None and own.size == 1 and is_real(own) and bool(np.isfinite(own).all())
    if not finite and not (has_loss and loss):
        return None

    def own_loss(where: Point) -> float:
        value = called(trial.subject, where).answer.loss
        return float("nan") if value is None else float(value.reshape(()))

    found = attempt(lambda: _checked(trial, answer, finite, own_loss if has_loss else None))
    if not isinstance(found, Raised):
        return found
    why = f"Evaluated nearby, a loss raised {worded(found.error)}"
    if any(values.any() for values in finite.values()):  # the other loss alone may decide
        alone = attempt(lambda: _checked(trial, answer, finite, None))
        if not isinstance(alone, Raised):
            return alone._replace(explanation=f"{alone.explanation} {why}")
    return IndependentCheck("undecided", why, 0.0, 0.0, None, None)


def _checked(
    trial: Trial, answer: Answer, difference: Results, own_loss: OwnLoss | None
) -> IndependentCheck:
    if own_loss is not None and not any(values.any() for values in difference.values()):
        said = related(own_loss, trial.reference, trial.point)
        return IndependentCheck("losses", said, 0.0, 0.0, None, None)
    direction = _unit(difference)
    found = _along(trial, answer, direction, own_loss)
    if not found.is_plain:
        found = found._replace(slack=_slack(trial, direction))
    side, explanation = _side(found)
    if side == "losses" and own_loss is not None:
        explanation += " " + related(own_loss, trial.reference, trial.point)
    said = trial.names.said(explanation)
    words = trial.names.quantity, trial.names.loss
    return IndependentCheck(
        side, said, found.hand, found.reference, found.of_hand, found.of_reference, words
    )


def _unit(difference: Results) -> Results:
    """The direction, of length one; scaled first, so that no square overflows or vanishes."""
    size = max(map(largest, difference.values()))
    scaled = {path: values / size for path, values in difference.items()}
    length = float(np.sqrt(sum(float((values**2).sum()) for values in scaled.values())))
    return {path: values / length for path, values in scaled.items()}


def _along(trial: Trial, answer: Answer, direction: Results, own_loss: OwnLoss | None) -> Along:
    def component(gradients: dict[Path, NDArray[np.float64]]) -> float:
        return sum(float((gradients[path] * d).sum()) for path, d in direction.items())

    exact, point = trial.exact, trial.point
    steps = _steps(point, direction)
    hand = component({path: answer.gradients[path].astype(np.float64) for path in direction})
    reference = component(exact.gradients)
    well = WELL * abs(hand - reference)
    return Along(
        hand=hand,
        reference=reference,
        slack=0.0,
        of_reference=slope_within(
            along(trial.reference.value, point, direction), *steps, enough=well
        ),
        of_hand=own_loss and slope_within(along(own_loss, point, direction), *steps, enough=well),
    )


def _slack(trial: Trial, direction: Results) -> float:
    tolerances = trial.exact.tolerances(Level.STRICT).gradients
    return sum(float((np.abs(d) * tolerances[path]).sum()) for path, d in direction.items())


def _steps(point: Point, direction: Results) -> list[float]:
    """The largest steps: a tenth of what is typical of the parameters, or of the smallest moved."""
    parameters = leaves(point.parameters)
    sizes = np.concatenate([np.abs(as_array(parameters[p]).ravel()) for p in direction])
    speeds = np.concatenate([np.abs(d).ravel() for d in direction.values()])
    fastest = float(speeds.max())
    steps = [STEP * typical(*(parameters[path] for path in direction)) / fastest]
    moving = (speeds > NEAR * fastest) & (sizes > 0)
    if moving.any():
        steps.append(STEP * float((sizes[moving] / speeds[moving]).min()))
    return steps


def _side(found: Along) -> tuple[Side, str]:
    """The side that is contradicted, and how it shows."""
    if not found.of_reference.accuracy <= BLURRED * found.gap:
        return "undecided", (
            f"Along their difference the two derivatives differ by {found.gap:.1e}; the numerical"
            f" derivative is accurate to {found.of_reference.accuracy:.1e} only, and cannot decide."
        )
    if found.confirms(found.of_reference, found.hand):
        return "reference", (
            "The numerical derivative of the reference's own loss agrees with the gradient under"
            " test: the reference is at fault (a detached tensor, a custom backward?). Where its"
            " gradient is the definition (straight-through, gradient reversal), say declared=True."
        )
    if not found.confirms(found.of_reference, found.reference):
        return "undecided", "The numerical derivative of the loss agrees with neither gradient."
    return _with_own_loss(found)


def _with_own_loss(found: Along) -> tuple[Side, str]:
    """The side that the own loss of the gradient under test contradicts; the reference is right."""
    if found.of_hand is None:
        return "hand", (
            "The numerical derivative of the loss agrees with the reference: the gradient under"
            " test is wrong, or it belongs to another loss."
        )
    if found.confirms(found.of_hand, found.reference):
        return "hand", (
            "The numerical derivatives of both losses agree with the reference: the gradient under"
            " test is wrong, its loss is not."
        )
    if found.confirms(found.of_hand, found.hand):
        return "losses", (
            "Each gradient agrees with the numerical derivative of its own loss:"
            " the two losses are different functions."
        )
    return "hand", (
        "The gradient under test agrees neither with its own loss nor with the reference's, whose"
        " gradient is confirmed."
    )
