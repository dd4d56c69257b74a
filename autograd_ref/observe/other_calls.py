"""Calls of a function that is known to be wrong, for the search of what is wrong with it."""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from autograd_ref.calls.call import called
from autograd_ref.calls.trial import Trial
from autograd_ref.observe.elsewhere import other_places
from autograd_ref.reference.effort.budget import FEW_SAMPLES, LEAST_SAMPLES
from autograd_ref.reference.model import NAMEABLE, WrongGradient
from autograd_ref.reference.protocol import Level
from autograd_ref.tree.leaf import as_array, largest
from autograd_ref.tree.nest import leaves
from autograd_ref.tree.point import Point, Results, sample_count, with_samples
from autograd_ref.user_code import Raised, attempt

Found = tuple[Point, Results, Results]
"""A point, the gradient under test and the right one there."""


class OtherCalls(NamedTuple):
    """Gradients under test besides the one that is wrong; None where they are not to be had."""

    again: Callable[[], Found | None] = lambda: None
    """Another point, with both gradients."""
    on_few_samples: Callable[[float], WrongGradient | None] = lambda _part: None
    """A few samples, of a part of the data."""


NO_OTHERS = OtherCalls()


def other_calls(trial: Trial) -> OtherCalls:
    """Return the calls, each made once, when it is asked for."""
    return OtherCalls(
        cache(partial(_at_another_point, trial)), cache(partial(_on_few_samples, trial))
    )


def _at_another_point(trial: Trial) -> Found | None:
    place = next(other_places(trial), None)
    found = None if place is None else _at(trial, place.point)
    return None if found is None else (found[0].point, found[1], found[0].exact.gradients)


def _at(trial: Trial, point: Point) -> tuple[Trial, Results] | None:
    """The trial at another point, and the gradient under test there; None where one raises."""
    call = attempt(partial(called, trial.subject, point))
    exact = attempt(partial(trial.reference.evaluate, point))
    if isinstance(call, Raised) or isinstance(exact, Raised):
        return None
    hand, right = call.answer.gradients, exact.gradients
    if any(path not in hand or hand[path].shape != g.shape for path, g in right.items()):
        return None
    there = trial._replace(point=point, exact=exact)
    return there, {path: hand[path].astype(np.float64) for path in right}


def _on_few_samples(trial: Trial, part: float) -> WrongGradient | None:
    """The gradient of a few samples, evenly spread; a wrong step is wrong there as well."""
    samples = sample_count(trial.point)
    few = max(LEAST_SAMPLES, min(_few(trial.point), int(part * samples)))
    if not trial.options.elsewhere or samples <= few:
        return None
    point = with_samples(trial.point, np.linspace(0, samples - 1, few).round().astype(np.intp))
    found = _at(trial, point)
    if found is None:
        return None
    there, hand = found
    right, tolerances = there.exact.gradients, there.exact.tolerances(Level.TEXTBOOK).gradients
    allowed = {path: largest(tolerances[path]) for path in right}
    apart = {path: largest(hand[path] - right[path]) for path in right}
    if not np.isfinite([*apart.values()]).all():
        return None
    wrong = tuple(path for path in right if apart[path] > NAMEABLE * allowed[path])
    again = cache(partial(_at_another_point, there))
    return WrongGradient(point, hand, right, allowed, wrong, again)


def _few(point: Point) -> int:
    """A number of samples that is no other size, so that a size is not taken for another."""
    sizes = {n for leaf in leaves(tuple(point)).values() for n in as_array(leaf).shape}
    return next((n for n in FEW_SAMPLES if n not in sizes), FEW_SAMPLES[0])
