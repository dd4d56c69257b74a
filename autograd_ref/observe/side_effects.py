"""Side effects of the function under test: what it changes, shares, or writes to again."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Call
from autograd_ref.report.data import Note, listed
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import ROOT, leaves, name_of
from autograd_ref.tree.point import Point, is_array


def side_effects(first: Call, later: Sequence[Call], before: Point) -> list[Note]:
    """The side effects that the calls show, each kind once; before is what the first was given."""
    found = [
        *_changed_arguments(first.given, before),
        *_shared_memory(first),
        *_reused_buffers(first, later),
    ]
    return [note for i, note in enumerate(found) if note.kind not in {n.kind for n in found[:i]}]


def _changed_arguments(given: Point, before: Point) -> list[Note]:
    changed = [
        name
        for (name, now), (_name, then) in zip(_arrays(given), _arrays(before), strict=True)
        if not np.array_equal(now, then, equal_nan=now.dtype.kind == "f")
    ]
    if not changed:
        return []
    return [Note("changes its arguments", f"The function changes {listed(changed)} in place.")]


def _shared_memory(call: Call) -> list[Note]:
    found: list[Note] = []
    gradients = call.answer.gradients
    named = {name_of(path, root="parameters"): found for path, found in gradients.items()}
    for name, gradient in named.items():
        owners = [
            other for other, array in _arrays(call.given) if np.shares_memory(gradient, array)
        ]
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
        for path, gradient in first.answer.gradients.items():
            name, newer = name_of(path, root="parameters"), call.answer.gradients.get(path)
            if newer is not None and gradient.size and np.shares_memory(gradient, newer):
                text = (
                    f"The gradient of {name} lies in memory that the next call uses again:"
                    " a kept result changes, or was cached."
                )
                return [Note("reuses its result", text)]
    return []


def _arrays(point: Point) -> list[tuple[str, NDArray[Any]]]:
    """Parameters by their names, and the arrays of the data by their places."""
    named = [
        (name_of(path, root="parameters"), as_array(leaf))
        for path, leaf in leaves(point.parameters).items()
    ]
    for i, item in enumerate(point.data):
        for path, leaf in leaves(item).items():
            if is_array(leaf):
                inside = "" if path == ROOT else f" ({name_of(path)})"
                named.append((f"data[{i}]{inside}", as_array(leaf)))
    return named
