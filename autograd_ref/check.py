"""check_gradients: the order of events."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any, Protocol

from autograd_ref.assignment.detectable import power_of
from autograd_ref.assignment.intermediates import compared
from autograd_ref.calls.call import Gradients, called, findings
from autograd_ref.diagnosis.evidence import seen
from autograd_ref.diagnosis.search import diagnosed
from autograd_ref.diagnosis.unexplained import pattern
from autograd_ref.independent.along_difference import questioned
from autograd_ref.independent.consistency import confirmed
from autograd_ref.observe.elsewhere import (
    Place,
    Trouble,
    other_places,
    same_bits,
    settled_elsewhere,
    unsteady,
)
from autograd_ref.observe.weaknesses import caveats
from autograd_ref.reference.choose import Loss, checked_point, chosen_reference, quiet
from autograd_ref.reference.protocol import Evaluation, Point, Reference
from autograd_ref.report.data import Cause, Note
from autograd_ref.report.report import Report
from autograd_ref.verdict.judge import judged, spoiled


class Check(Protocol):
    """How check_gradients and assert_gradients_match are called."""

    def __call__(
        self,
        gradients: Gradients,
        parameters: Any,
        *data: Any,
        loss: Loss | None = None,
        seed: int = 0,
    ) -> Report:
        """A gradient against autograd."""
        ...


class GradientMismatch(AssertionError):
    """A gradient that is not shown to be right; its text is the report.

    Attributes:
        report: the report itself.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> tuple[type["GradientMismatch"], tuple[Report]]:
        return GradientMismatch, (self.report,)


def check_gradients(
    gradients: Gradients, parameters: Any, *data: Any, loss: Loss | None = None, seed: int = 0
) -> Report:
    """Hold a gradient against autograd, to the last units of rounding.

    The function under test is called a few times, at the point given and at one other, always on
    copies of the arguments.

    Args:
        gradients: the function under test: gradients(parameters, *data) returns a structure like
            parameters, or (loss, gradients), or (loss, gradients, dict of intermediate quantities):
            of z1, a1, z2, y_hat, e2, delta1 the report names the first that is wrong.
        parameters: any nest of arrays: one array, a dict, list, tuple, NamedTuple or dataclass of
            them, of nests of them.
        data: passed on to both sides, as arrays to gradients and as float64 or int64 tensors to
            loss.
        loss: the same loss as a PyTorch function, loss(parameters, *data) -> scalar tensor, with
            tensors in the arrays' places; or as a NumPy function, whose numerical derivative is
            then the reference. None is the assignment's network: parameters W0, b0, W1, b1; X (S,
            N_I); Y labels (S,) or rows (S, N_O).
        seed: for the other point, and for the directions of rounding.

    Returns:
        The report: verdict, one block for every parameter, and what else there is to know.

    Raises:
        TypeError, ValueError: arguments that cannot be used, by name.
        Exception: whatever the function under test raises.
    """
    point = checked_point(gradients, parameters, data, loss)
    reference, exact = chosen_reference(loss, point, seed)
    return examined(gradients, reference, point, exact, seed)


def examined(
    gradients: Gradients,
    reference: Reference,
    point: Point,
    exact: Evaluation,
    seed: int,
    *,
    more_places: Sequence[Place] = (),
    diagnose: bool = True,
) -> Report:
    """As `check_gradients`, where the reference is chosen and has said what it says there."""
    first, again = called(gradients, point), called(gradients, point)
    changes = unsteady(first, again)
    steady = not changes
    with quiet():
        result = judged(gradients, reference, point, exact, first, steady=steady)
        result = questioned(result, gradients, reference, point, exact, first)
        trouble = Trouble(point, exact, first, result)
        if not result.wrong and not same_bits(first, again):
            second = judged(gradients, reference, point, exact, again, steady=steady)
            result = spoiled(result, second, "agrees at first, but the second call {}")
        if reference.given and not result.wrong and result.witness is None:
            result = confirmed(result, reference, point, exact, seed)
        places = chain(other_places(gradients, reference, point, seed), more_places)
        calls, result, notes, later = settled_elsewhere(places, reference, result, steady=steady)
        if not diagnose:
            causes, seen_there = (), ()
        elif trouble.found.wrong:
            causes, seen_there = _diagnosed(reference, trouble)
        else:
            causes, seen_there = _diagnosed(reference, later, earlier=(point, exact))
    return Report(
        blocks=result.blocks,
        loss=result.loss,
        reference=reference.about,
        findings=(*changes, *findings(first, [again, *calls], point)),
        warnings=(*exact.notes, *caveats(point, exact, first.answer), *result.digits, *notes),
        witness=result.witness,
        causes=causes,
        intermediates=compared(first.answer.intermediates, point) if reference.of_network else (),
        pattern=seen_there,
        shares=result.shares,
        measure=partial(power_of, point) if reference.of_network else None,
    )


def _diagnosed(
    reference: Reference,
    trouble: Trouble | None,
    earlier: tuple[Point, Evaluation] | None = None,
) -> tuple[tuple[Cause, ...], tuple[Note, ...]]:
    """Which mistakes were made, where a call is wrong and not the reference; and what is left."""
    if trouble is None or not trouble.found.wrong:
        return (), ()
    point, exact, call, found = trouble
    if found.witness is not None and found.witness.side in ("reference", "kink"):
        return (), ()
    scene = seen(call.answer, found.wrong, reference, point, exact, earlier)
    causes = diagnosed(scene)
    explained = {name for cause in causes for name in cause.blocks}
    unknown = [name for name in scene.wrong if name not in explained]
    loss_is_right = found.loss is not None and found.loss.verdict == "match"
    return causes, pattern(scene, unknown, loss_is_right=loss_is_right) if unknown else ()


def assert_gradients_match(
    gradients: Gradients, parameters: Any, *data: Any, loss: Loss | None = None, seed: int = 0
) -> Report:
    """As `check_gradients`, for tests.

    Returns:
        The report of a match.

    Raises:
        GradientMismatch: the verdict is mismatch or inconclusive; its text is the report.
        Exception: as `check_gradients`.
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    report = check_gradients(gradients, parameters, *data, loss=loss, seed=seed)
    if report.verdict != "match":
        raise GradientMismatch(report)
    return report
