"""Side effects of the function under test: what it changes, shares, or writes to again."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Call
from autograd_ref.calls.trial import Trial
from autograd_ref.report.data import Note, listed
from autograd_ref.tree.leaf import as_array, is_numeric
from autograd_ref.tree.nest import ROOT, leaves, name_of
from autograd_ref.tree.point import Point, is_array

Made = tuple[Trial, Call]
"""A call, and the trial at whose point it was made."""


def side_effects(first: Made, later: Sequence[Made]) -> list[Note]:
    """The side effects that calls of one function show, each kind once."""
    found = [
        *_changed_arguments([first, *later]),
        *_shared_memory(*first),
        *_reused_results(first, later),
    ]
    return [note for i, note in enumerate(found) if note.kind not in {n.kind for n in found[:i]}]


def _changed_arguments(calls: Iterable[Made]) -> list[Note]:
    for trial, call in calls:
        before, after = _named(trial.point, trial), _named(call.given, trial)
        changed = [name for name in {**before, **after} if not _same(before, after, name)]
        if changed:
            text = f"The function changes {listed(changed)} in place."
            return [Note("changes its arguments", text)]
    return []


def _shared_memory(trial: Trial, call: Call) -> list[Note]:
    found: list[Note] = []
    live = call.live.items()
    named = {trial.argument(path): gradient for path, gradient in live}
    of = trial.names.derivative
    arguments = _named(call.given, trial)
    for name, gradient in named.items():
        owners = [other for other, array in arguments.items() if np.shares_memory(gradient, array)]
        if owners:
            text = (
                f"The {of} {name} shares memory with {owners[0]}: changing one changes the other."
            )
            found.append(Note("returns a view of its arguments", text))
    for (one, a), (two, b) in combinations(named.items(), 2):
        if np.shares_memory(a, b):
            text = f"The {of} {one} shares memory with that of {two}: changing one changes both."
            found.append(Note("gradients share memory", text))
    return found


def _reused_results(first: Made, later: Sequence[Made]) -> list[Note]:
    """A result that a later call writes to, or returns again; a constant comes last."""
    trial, call = first
    of = trial.names.derivative
    calls = [one for _trial, one in later]
    elsewhere = any(there.point is not trial.point for there, _call in later)
    constants: list[str] = []
    for path, gradient in call.live.items():
        name = trial.argument(path)
        if not _equal(gradient, call.answer.gradients[path]):
            text = f"The {of} {name}, once returned, is changed by a later call."
            return [Note("reuses its result", text)]
        newer = [one for one in calls if path in one.live]
        again = [
            one for one in newer if gradient.size and np.shares_memory(gradient, one.live[path])
        ]
        if not again or not gradient.flags.writeable:  # nobody can write into it by accident
            continue
        same = all(_equal(gradient, one.answer.gradients[path]) for one in again)
        if elsewhere and len(again) == len(calls) and same:
            constants.append(name)
            continue
        text = (
            f"The {of} {name} lies in memory that the next call uses again:"
            " a kept result changes, or was cached."
        )
        return [Note("reuses its result", text)]
    if not constants:
        return []
    text = (
        f"The {of} {listed(constants)} is the same array in every call, here and elsewhere:"
        " a caller that writes into it changes what later calls return."
    )
    return [Note("returns a constant array", text)]


def _same(before: dict[str, NDArray[Any]], after: dict[str, NDArray[Any]], name: str) -> bool:
    return name in before and name in after and _equal(before[name], after[name])


def _equal(one: NDArray[Any], two: NDArray[Any]) -> bool:
    return np.array_equal(one, two, equal_nan=one.dtype.kind in "fc" and two.dtype.kind in "fc")


def _named(point: Point, trial: Trial) -> dict[str, NDArray[Any]]:
    """Parameters by their names, arrays and numbers of the data by their places."""
    parameters = trial.named(point.parameters).items()
    named = {name: as_array(leaf) for name, leaf in parameters}
    for i, item in enumerate(point.data):
        for path, leaf in leaves(item).items():
            if is_array(leaf) or is_numeric(leaf):
                inside = "" if path == ROOT else f" ({name_of(path)})"
                named[f"data[{i}]{inside}"] = as_array(leaf)
    return named
