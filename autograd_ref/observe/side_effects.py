"""Side effects of the function under test: what it changes, shares, or writes to again."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Call
from autograd_ref.calls.trial import Trial
from autograd_ref.report.data import Note, listed
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import ROOT, leaves, name_of
from autograd_ref.tree.point import Point, is_array


def side_effects(first: Call, later: Sequence[Call], trial: Trial) -> list[Note]:
    """The side effects that the calls of a trial show, each kind once."""
    found = [
        *_changed_arguments(first.given, trial),
        *_shared_memory(first, trial),
        *_reused_buffers(first, later),
    ]
    return [note for i, note in enumerate(found) if note.kind not in {n.kind for n in found[:i]}]


def _changed_arguments(given: Point, trial: Trial) -> list[Note]:
    after, before = _arrays(given, trial), _arrays(trial.point, trial)
    changed = [
        name
        for (name, now), (_name, then) in zip(after, before, strict=True)
        if not np.array_equal(now, then, equal_nan=now.dtype.kind == "f")
    ]
    if not changed:
        return []
    return [Note("changes its arguments", f"The function changes {listed(changed)} in place.")]


def _shared_memory(call: Call, trial: Trial) -> list[Note]:
    found: list[Note] = []
    live = call.live.items()
    named = {name_of(path, root="parameters"): gradient for path, gradient in live}
    for name, gradient in named.items():
        arguments = _arrays(call.given, trial)
        owners = [other for other, array in arguments if np.shares_memory(gradient, array)]
        if owners:
            text = (
                f"The gradient of {name} shares memory with {owners[0]}:"
                " changing one changes the other."
            )
            found.append(Note("returns a view of its arguments", text))
    for (one, a), (two, b) in combinations(named.items(), 2):
        if np.shares_memory(a, b):
            text = f"The gradients of {one} and {two} share memory: changing one changes the other."
            found.append(Note("gradients share memory", text))
    return found


def _reused_buffers(first: Call, later: Sequence[Call]) -> list[Note]:
    """A result that a later call writes to, or returns again."""
    for call in later:
        for path, gradient in first.live.items():
            name, newer = name_of(path, root="parameters"), call.live.get(path)
            if newer is not None and gradient.size and np.shares_memory(gradient, newer):
                text = (
                    f"The gradient of {name} lies in memory that the next call uses again:"
                    " a kept result changes, or was cached."
                )
                return [Note("reuses its result", text)]
    return []


def _arrays(point: Point, trial: Trial) -> list[tuple[str, NDArray[Any]]]:
    """Parameters by their names, and the arrays of the data by their places."""
    parameters = leaves(point.parameters).items()
    named = [(trial.argument(path), as_array(leaf)) for path, leaf in parameters]
    for i, item in enumerate(point.data):
        for path, leaf in leaves(item).items():
            if is_array(leaf):
                inside = "" if path == ROOT else f" ({name_of(path)})"
                named.append((f"data[{i}]{inside}", as_array(leaf)))
    return named
