"""The steps of the first call of a check, from what the function returned beside its gradients."""

from collections.abc import Collection
from functools import partial
from itertools import islice

import numpy as np

from autograd_ref.calls.call import Call, called
from autograd_ref.calls.trial import Trial
from autograd_ref.observe.elsewhere import other_places
from autograd_ref.observe.observed import Observed
from autograd_ref.reference.model import Judged, ReturnedBeside
from autograd_ref.reference.protocol import Evaluation
from autograd_ref.report.data import Note
from autograd_ref.tree.leaf import is_real
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point
from autograd_ref.user_code import Raised, attempt

NO_RECORD = Note(
    "quantities",
    "what the function returned beside the gradients: only a loss in PyTorch can be followed",
)


def steps_of(facts: Observed, matching: Collection[Path]) -> Judged:
    """Return the steps, and what could not be judged.

    Args:
        facts: about the check.
        matching: the parameters whose gradients match.
    """
    trial = facts.here.trial
    if not facts.first.answer.intermediates:
        return Judged()
    here = _beside(facts.first, trial.point, trial.exact)
    judged = trial.reference.model.steps(here, matching, partial(_again, trial))
    if trial.reference.blind and not judged.steps:
        return Judged(notes=(NO_RECORD,))
    return judged


def _again(trial: Trial) -> ReturnedBeside | None:
    """The quantities at another point; None where there is none."""
    if not trial.options.elsewhere:
        return None
    for place in islice(other_places(trial), 1):
        call = attempt(partial(called, trial.subject, place.point))
        exact = attempt(partial(trial.reference.evaluate, place.point))
        if not isinstance(call, Raised) and not isinstance(exact, Raised):
            return _beside(call, place.point, exact)
    return None


def _beside(call: Call, point: Point, exact: Evaluation) -> ReturnedBeside:
    hand = {
        path: call.answer.gradients[path].astype(np.float64)
        for path, right in exact.gradients.items()
        if path in call.answer.gradients
        and is_real(call.answer.gradients[path])
        and call.answer.gradients[path].shape == right.shape
    }
    return ReturnedBeside(point, call.answer.intermediates, hand, exact.gradients)
