"""A check without the search for the mistake, which takes most of its time: the verdicts alone."""

from typing import Any

from autograd_ref.calls.trial import Options
from autograd_ref.check import examine, trial_of
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.report import Report
from autograd_ref.user_code import as_raised


def undiagnosed(
    gradients: Any, parameters: Any, *data: Any, loss: Loss | None = None, elsewhere: bool = True
) -> Report:
    """The report of check_gradients without causes and steps."""
    options = Options(elsewhere=elsewhere)
    return as_raised(
        lambda: examine(trial_of(gradients, parameters, data, loss, options), diagnose=False)
    )
