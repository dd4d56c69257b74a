"""A check without the search for the mistake, which takes most of its time: the verdicts alone."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from autograd_ref.calls.trial import Options
from autograd_ref.check import examine, trial_of
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.report import Report
from autograd_ref.user_code import as_raised


def undiagnosed(
    gradients: Any, parameters: Any, *data: Any, loss: Loss | None = None, **options: Any
) -> Report:
    """The report of check_gradients without causes and steps."""
    asked = Options(**options)
    return as_raised(
        lambda: examine(trial_of(gradients, parameters, data, loss, asked), diagnose=False)
    )


@contextmanager
def without_causes(door: ModuleType) -> Generator[None]:
    """Another check, whose module calls examine, without the search meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "examine", partial(examine, diagnose=False))
        yield
