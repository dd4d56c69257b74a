"""Who is wrong, where two gradients differ: numerical slopes of the losses along the disagreement.

Along the direction of their difference the two gradients are as far apart as they can be, so one
slope of each loss tells more than any other number could.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.answer import Answer
from autograd_ref.evaluation import LOSS, Evaluation, Look, Point, Reference, Results, widened
from autograd_ref.numerical import slope
from autograd_ref.probes import Gradients, called, elsewhere, sample_count
from autograd_ref.report import Side, Slope, Witness
from autograd_ref.structure import as_array, is_real, leaves, rebuilt

STEP = 0.1
"""The largest step, relative to what is typical of the parameters that are moved."""

POINTS = 6
"""Besides one for every block, where the losses are compared."""

SAME = 1e-6
"""How constant a factor or a residual has to be for a relation between two losses to be named."""


class _Scene(NamedTuple):
    point: Point
    direction: Results
    step: float
    slack: float
    """What rounding leaves open in either gradient along the direction."""
    hand_loss: Callable[[Point], float] | None
    reference_loss: Callable[[Point], float]


def asked_witness(
    gradients: Gradients,
    reference: Reference,
    point: Point,
    exact: Evaluation,
    answer: Answer,
    wrong: list[str],
) -> Witness | None:
    """What the numerical derivatives say; None where no values differ.

    Args:
        gradients: the function under test.
        reference: what it is held against.
        point: where they differ.
        exact: the reference there.
        answer: what the function returned.
        wrong: the names of the blocks that do not match, the loss under LOSS.
    """
    given = {name: answer.gradients[name] for name in wrong if name in answer.gradients}
    comparable = {
        name: hand.astype(np.float64)
        for name, hand in given.items()
        if hand.shape == exact.gradients[name].shape
        and is_real(hand)
        and np.isfinite(hand - exact.gradients[name]).all()
    }
    if not comparable and LOSS not in wrong:
        return None
    has_loss = answer.loss is not None and answer.loss.size == 1 and is_real(answer.loss)
    if not comparable and not has_loss:
        return None
    try:
        return _testimony(gradients, reference, point, exact, comparable, has_loss=has_loss)
    except Exception as error:  # the check has its answer; the witness is an extra
        why = f"{type(error).__name__}: {error}"
        return Witness("undecided", f"Asked nearby, a loss raised {why}", 0.0, 0.0, None, None)


def _testimony(
    gradients: Gradients,
    reference: Reference,
    point: Point,
    exact: Evaluation,
    hand: dict[str, NDArray[Any]],
    *,
    has_loss: bool,
) -> Witness:
    def own_loss(where: Point) -> float:
        answer = called(gradients, where).answer
        return float("nan") if answer.loss is None else float(answer.loss.reshape(()))

    hand_loss = own_loss if has_loss else None
    difference = {name: found - exact.gradients[name] for name, found in hand.items()}
    length = _norm(difference)
    if length == 0:  # only the losses differ
        return Witness("losses", _relation(hand_loss, reference, point), 0.0, 0.0, None, None)
    direction = {name: values / length for name, values in difference.items()}
    along_hand = sum(float((hand[name] * d).sum()) for name, d in direction.items())
    along_reference = sum(float((exact.gradients[n] * d).sum()) for n, d in direction.items())
    wide = Point(widened(point.parameters), point.data)
    tolerances = exact.tolerances(Look.FIRST)
    slack = sum(float((np.abs(d) * tolerances[name]).sum()) for name, d in direction.items())
    step = _step(point, direction)
    scene = _Scene(wide, direction, step, slack, hand_loss, reference.value)
    reference_slope = _slope(scene, scene.reference_loss)
    hand_slope = None if hand_loss is None else _slope(scene, hand_loss)
    side, explanation = _verdict(scene, along_hand, along_reference, reference_slope, hand_slope)
    if side == "losses":
        explanation += " " + _relation(hand_loss, reference, point)
    return Witness(side, explanation, along_hand, along_reference, hand_slope, reference_slope)


def _verdict(
    scene: _Scene, hand: float, reference: float, of_reference: Slope, of_hand: Slope | None
) -> tuple[Side, str]:
    kink = _kink(scene, hand)
    if kink:
        return "kink", kink
    if of_reference.accuracy > abs(hand - reference) / 2:
        return "undecided", (
            f"The two differ by {abs(hand - reference):.1e} along their difference; the numerical"
            f" derivative is accurate to {of_reference.accuracy:.1e} only and cannot tell."
        )
    if _confirms(scene, of_reference, hand):
        return "reference", (
            "The numerical derivative of the reference's own loss agrees with the gradient under"
            " test: the reference is at fault (a detached tensor, a custom backward?)."
        )
    if not _confirms(scene, of_reference, reference):
        return "undecided", "The numerical derivative of the loss agrees with neither gradient."
    if of_hand is None:
        return "hand", (
            "The numerical derivative of the loss agrees with the reference: the gradient under"
            " test is wrong, or it belongs to another loss."
        )
    if _confirms(scene, of_hand, hand) and not _confirms(scene, of_hand, reference):
        return "losses", (
            "Each gradient agrees with the numerical derivative of its own loss:"
            " the two losses are different functions."
        )
    if _confirms(scene, of_hand, reference):
        return "hand", (
            "The numerical derivatives of both losses agree with the reference: the gradient under"
            " test is wrong, its loss is not."
        )
    return "hand", (
        "The gradient under test agrees neither with its own loss nor with the reference's, whose"
        " gradient is confirmed."
    )


def _confirms(scene: _Scene, numerical: Slope, gradient: float) -> bool:
    return abs(numerical.value - gradient) <= numerical.accuracy + scene.slack


def _kink(scene: _Scene, hand: float) -> str:
    """What to say where the slopes from the two sides differ and the gradient lies between them."""
    before, after = (_slope(scene, scene.reference_loss, one_sided=side) for side in (-1, 1))
    margin = before.accuracy + after.accuracy
    if not abs(after.value - before.value) > 2 * margin:
        return ""
    low, high = sorted((before.value, after.value))
    if not low - margin <= hand <= high + margin:
        return ""
    return (
        "The loss has a kink here, as ReLU has at exactly 0: along the difference its slope is"
        f" {before.value:.6g} on one side and {after.value:.6g} on the other, and both gradients"
        " lie between. Neither is wrong; check at another point."
    )


def _slope(scene: _Scene, loss: Callable[[Point], float], *, one_sided: int = 0) -> Slope:
    """Along the direction; not a number where the loss cannot be evaluated nearby."""

    def along(t: float) -> float:
        def move(name: str, leaf: NDArray[Any]) -> NDArray[Any]:
            return leaf + t * scene.direction[name] if name in scene.direction else leaf

        try:
            return loss(scene.point._replace(parameters=rebuilt(scene.point.parameters, move)))
        except ArithmeticError:
            return float("nan")

    return slope(along, scene.step, one_sided=one_sided)


def _step(point: Point, direction: Results) -> float:
    """The largest step: a tenth of what is typical, for the parameter that moves the most."""
    moved = [as_array(leaf) for name, leaf in leaves(point.parameters).items() if name in direction]
    flat = np.concatenate([array.ravel().astype(np.float64) for array in moved])
    typical = float(np.sqrt(np.mean(flat**2))) or 1.0
    return STEP * typical / max(float(np.abs(d).max(initial=0)) for d in direction.values())


def _norm(blocks: Results) -> float:
    return float(np.sqrt(sum(float((values**2).sum()) for values in blocks.values())))


def _relation(
    hand_loss: Callable[[Point], float] | None, reference: Reference, point: Point
) -> str:
    """By what two losses differ: a constant, a factor, or a sum of squares of the parameters."""
    assert hand_loss is not None, "only a loss can differ from a loss"
    names = list(leaves(point.parameters))
    points = [point, *(elsewhere(point, i, rearranged=False) for i in range(POINTS + len(names)))]
    hand = np.array([hand_loss(where) for where in points])
    theirs = np.array([reference.value(where) for where in points])
    difference = hand - theirs
    scale = float(np.abs(hand).max() + np.abs(theirs).max())
    if not np.isfinite(scale):
        return "One of them is not finite nearby."
    if np.ptp(difference) <= SAME * float(np.abs(difference).max()):
        return f"The loss under test is the reference's plus the constant {difference[0]:.6g}."
    ratio = hand / theirs
    if np.ptp(ratio) <= SAME * float(np.abs(ratio).max()):
        return f"The loss under test is {_factor(ratio[0], point)} times the reference's."
    squares = np.array(
        [
            [float((as_array(leaf).astype("f8") ** 2).sum()) for leaf in leaves(w[0]).values()]
            for w in points
        ]
    )
    weights = np.linalg.lstsq(squares, difference, rcond=None)[0]
    if float(np.abs(squares @ weights - difference).max()) > SAME * float(np.abs(difference).max()):
        return "They differ neither by a constant, nor by a factor, nor by weight decay."
    largest = float(np.abs(weights).max())
    terms = [
        f"{weight:+.6g} |{name}|^2"
        for name, weight in zip(names, weights, strict=True)
        if abs(weight) > SAME * largest
    ]
    return f"The loss under test is the reference's {' '.join(terms)} (weight decay)."


def _factor(ratio: float, point: Point) -> str:
    """The factor, with its name where it is the number of samples or its inverse."""
    samples = sample_count(point)
    for name, value in (("S", samples), ("1/S", 1 / samples if samples else 0)):
        if samples > 1 and abs(ratio / value - 1) < SAME:
            return f"{ratio:.6g} ({name}: a sum where the other has a mean)"
    return f"{ratio:.6g}"
