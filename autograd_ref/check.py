"""check_gradients: the order of events."""

from collections.abc import Sequence
from typing import Any, Protocol

from autograd_ref.assignment.autograd_reference import assignment
from autograd_ref.calls.arguments import checked_point
from autograd_ref.calls.call import Gradients
from autograd_ref.calls.trial import Trial
from autograd_ref.diagnosis.explain import explained
from autograd_ref.observe.elsewhere import Place
from autograd_ref.observe.observed import Observed
from autograd_ref.reference.choose import Loss, quiet, reference_for
from autograd_ref.report.report import Report
from autograd_ref.user_code import as_raised
from autograd_ref.verdict.decide import decide


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
    return as_raised(lambda: examine(trial_of(gradients, parameters, data, loss, seed)))


def examine(trial: Trial, *, more_places: Sequence[Place] = (), diagnose: bool = True) -> Report:
    """The report of a trial: observe, decide, explain.

    Args:
        trial: what is checked, against what, and where.
        more_places: where to call the function besides at other parameters and with other data.
        diagnose: False where nobody asks which mistake it is.

    Raises:
        UserCodeRaised: the function under test did.
    """
    facts = Observed(trial, more_places)
    with quiet():
        return explained(facts, decide(facts), diagnose=diagnose)


def trial_of(
    gradients: Gradients, parameters: object, data: tuple[object, ...], loss: Loss | None, seed: int
) -> Trial:
    """The trial that the arguments of `check_gradients` ask for.

    Raises:
        TypeError, ValueError: arguments that cannot be used, by name.
        Exception: whatever the loss raises.
        UserCodeRaised: the loss raised, and was right once.
    """
    point = checked_point(gradients, parameters, data, loss)
    if loss is None:
        reference = assignment()
        exact = reference.evaluate(point)
    else:
        reference, exact = reference_for(loss, point, seed)
    return Trial(gradients, reference, point, exact, seed)


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
