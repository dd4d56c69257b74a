"""Who is wrong, where two gradients differ: numerical slopes of the losses along the disagreement.

Along the direction of their difference the two gradients are as far apart as they can be, so one
slope of each loss tells more than any other number could.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.call import Call, Gradients, called
from autograd_ref.independent.exemptions import AT_A_KINK, KINK, excuses
from autograd_ref.independent.losses import related
from autograd_ref.reference.directional import along, typical
from autograd_ref.reference.numerical import slope
from autograd_ref.reference.protocol import LOSS, Evaluation, Look, Point, Reference, Results
from autograd_ref.report.data import IndependentCheck, Side, Slope
from autograd_ref.tree.nest import as_array, is_real, leaves
from autograd_ref.verdict.judge import Judgement, excused

STEP = 0.1
"""The largest step, relative to what is typical of the parameters that are moved."""

BLURRED = 0.2
"""A slope known no better than this, relative to the disagreement, decides nothing; and rounding
in a gradient under test is no excuse for more of it."""

NEAR = 1e-3
"""A gradient as near as this to the slope, relative to the disagreement, is the one confirmed."""

AT_FAULT = "differs from a reference that is itself wrong here"


class _Scene(NamedTuple):
    """Two gradients that differ, along their difference."""

    hand: float
    reference: float
    slack: float
    """What rounding leaves open of the gradient under test."""
    of_reference: Slope
    """Of the reference's loss."""
    of_hand: Slope | None
    """Of the hand side's own loss, where it has one."""

    @property
    def gap(self) -> float:
        return abs(self.hand - self.reference)

    def confirms(self, numerical: Slope, gradient: float) -> bool:
        """Whether a slope is that of one of the two gradients."""
        slack = min(self.slack, BLURRED * self.gap) + NEAR * self.gap
        return abs(numerical.value - gradient) <= numerical.accuracy + slack


def questioned(
    result: Judgement,
    gradients: Gradients,
    reference: Reference,
    point: Point,
    exact: Evaluation,
    call: Call,
) -> Judgement:
    """The same judgement with what the witness says of it; nobody is blamed where it excuses them.

    Args:
        result: the judgement.
        gradients: the function under test.
        reference: what it is held against.
        point: where the two may differ.
        exact: the reference there.
        call: of the function, there.
    """

    def ask(wrong: list[str]) -> IndependentCheck | None:
        in_value = [name for name in wrong if name in result.shares or name == LOSS]
        return _asked(gradients, reference, point, exact, call.answer, in_value)

    found = excuses(result, reference, point, exact, call)
    result = excused(result, found)
    witness = ask(result.wrong)
    if witness is None and KINK in found.values():
        witness = IndependentCheck("kink", AT_A_KINK, 0.0, 0.0, None, None)
    if witness is not None and witness.side == "reference":
        blocks = [name for name in result.wrong if name != LOSS]
        # what excuses one of them does not excuse the others
        alone = {blocks[0]: witness} if len(blocks) == 1 else {name: ask([name]) for name in blocks}
        at_fault = [name for name, w in alone.items() if w and w.side == "reference"]
        result = excused(result, dict.fromkeys(at_fault, AT_FAULT))
    return result._replace(witness=witness)


def _asked(
    gradients: Gradients,
    reference: Reference,
    point: Point,
    exact: Evaluation,
    answer: Answer,
    wrong: list[str],
) -> IndependentCheck | None:
    """What the numerical derivatives say of blocks that are wrong in value; None without any."""
    hand = {n: answer.gradients[n].astype(np.float64) for n in wrong if n != LOSS}
    comparable = {
        name: found
        for name, found in hand.items()
        if np.isfinite(found - exact.gradients[name]).all()
    }
    has_loss = (
        answer.loss is not None
        and answer.loss.size == 1
        and is_real(answer.loss)
        and bool(np.isfinite(answer.loss).all())
    )
    if not comparable and not (has_loss and LOSS in wrong):
        return None

    def own_loss(where: Point) -> float:
        value = called(gradients, where).answer.loss
        return float("nan") if value is None else float(value.reshape(()))

    try:
        return _testimony(reference, point, exact, comparable, own_loss if has_loss else None)
    except Exception as error:  # the check has its answer; the witness is an extra
        why = f"{type(error).__name__}: {error}"
        return IndependentCheck(
            "undecided", f"Asked nearby, a loss raised {why}", 0.0, 0.0, None, None
        )


def _testimony(
    reference: Reference,
    point: Point,
    exact: Evaluation,
    hand: dict[str, NDArray[Any]],
    own_loss: Callable[[Point], float] | None,
) -> IndependentCheck:
    difference = {name: found - exact.gradients[name] for name, found in hand.items()}
    if own_loss is not None and not any(values.any() for values in difference.values()):
        return IndependentCheck("losses", related(own_loss, reference, point), 0.0, 0.0, None, None)
    direction = _unit(difference)
    scene = _scene(reference, point, exact, hand, direction, own_loss)
    side, explanation = _verdict(scene)
    if side == "losses" and own_loss is not None:
        explanation += " " + related(own_loss, reference, point)
    return IndependentCheck(
        side, explanation, scene.hand, scene.reference, scene.of_hand, scene.of_reference
    )


def _unit(difference: Results) -> Results:
    """Of length one; scaled first, so that no square overflows or vanishes."""
    largest = max(float(np.abs(values).max()) for values in difference.values())
    scaled = {name: values / largest for name, values in difference.items()}
    length = float(np.sqrt(sum(float((values**2).sum()) for values in scaled.values())))
    return {name: values / length for name, values in scaled.items()}


def _scene(
    reference: Reference,
    point: Point,
    exact: Evaluation,
    hand: dict[str, NDArray[Any]],
    direction: Results,
    own_loss: Callable[[Point], float] | None,
) -> _Scene:
    tolerances = exact.tolerances(Look.FIRST)
    steps = _steps(point, direction)
    return _Scene(
        hand=sum(float((hand[name] * d).sum()) for name, d in direction.items()),
        reference=sum(float((exact.gradients[n] * d).sum()) for n, d in direction.items()),
        slack=sum(float((np.abs(d) * tolerances[name]).sum()) for name, d in direction.items()),
        of_reference=slope(along(reference.value, point, direction), *steps),
        of_hand=own_loss and slope(along(own_loss, point, direction), *steps),
    )


def _steps(point: Point, direction: Results) -> list[float]:
    """The largest steps: a tenth of what is typical of the parameters, or of the smallest moved."""
    parameters = leaves(point.parameters)
    sizes = np.concatenate([np.abs(as_array(parameters[n]).ravel()) for n in direction])
    speeds = np.concatenate([np.abs(d).ravel() for d in direction.values()])
    fastest = float(speeds.max())
    steps = [STEP * typical(*(parameters[name] for name in direction)) / fastest]
    moving = (speeds > NEAR * fastest) & (sizes > 0)
    if moving.any():
        steps.append(STEP * float((sizes[moving] / speeds[moving]).min()))
    return steps


def _verdict(scene: _Scene) -> tuple[Side, str]:
    if not scene.of_reference.accuracy <= BLURRED * scene.gap:
        return "undecided", (
            f"The two differ by {scene.gap:.1e} along their difference; the numerical derivative is"
            f" accurate to {scene.of_reference.accuracy:.1e} only and cannot tell."
        )
    if scene.confirms(scene.of_reference, scene.hand):
        return "reference", (
            "The numerical derivative of the reference's own loss agrees with the gradient under"
            " test: the reference is at fault (a detached tensor, a custom backward?)."
        )
    if not scene.confirms(scene.of_reference, scene.reference):
        return "undecided", "The numerical derivative of the loss agrees with neither gradient."
    return _of_the_hand_side(scene)


def _of_the_hand_side(scene: _Scene) -> tuple[Side, str]:
    """What its own loss says, where the reference is confirmed."""
    if scene.of_hand is None:
        return "hand", (
            "The numerical derivative of the loss agrees with the reference: the gradient under"
            " test is wrong, or it belongs to another loss."
        )
    if scene.confirms(scene.of_hand, scene.reference):
        return "hand", (
            "The numerical derivatives of both losses agree with the reference: the gradient under"
            " test is wrong, its loss is not."
        )
    if scene.confirms(scene.of_hand, scene.hand):
        return "losses", (
            "Each gradient agrees with the numerical derivative of its own loss:"
            " the two losses are different functions."
        )
    return "hand", (
        "The gradient under test agrees neither with its own loss nor with the reference's, whose"
        " gradient is confirmed."
    )
