"""Weaknesses of a check itself: where a mistake could hide, and what was judged on copies."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.stated.points import Project, projected
from autograd_ref.calls.trial import Trial
from autograd_ref.observe.compare import share_of_tolerance
from autograd_ref.reference.protocol import Evaluation, Level
from autograd_ref.report.data import Note, listed
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, is_real, largest
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.point import Point, is_array

FINEST = 0.1
"""A stated accuracy from which on a match says little. Chosen."""


def weaknesses(trial: Trial, answer: Answer, decided: Collection[Path] = ()) -> list[Note]:
    """Everything to know about this check that does not change its verdict.

    Args:
        trial: what is checked.
        answer: of the first call.
        decided: the blocks that were decided at another point.
    """
    return [
        *_wishes(trial, answer),
        *_data(trial.point),
        *_parameters(trial),
        *_zero_reference(trial, decided),
        *_answer(answer, trial.names.function),
    ]


def _wishes(trial: Trial, answer: Answer) -> list[Note]:
    """The notes about what the caller allows."""
    accuracy, project = trial.options.accuracy, trial.options.project
    found: list[Note] = []
    if accuracy is not None:
        found.append(Note("accuracy", _accuracy(accuracy, trial.exact, answer)))
    if project is not None:
        found += _moved_by_project(project, trial)
    return found


def not_looked_at(trial: Trial) -> list[Note]:
    """The notes about calls and blocks that the caller does not want."""
    found: list[Note] = []
    if not trial.options.elsewhere:
        text = (
            "other parameters and other data (elsewhere=False), where results that are kept from an"
            " earlier call show, and formulas that hold here only"
        )
        found.append(Note("elsewhere", text))
    if trial.unasked:
        names = [name_of(path) for path in leaves(trial.point.parameters) if path in trial.unasked]
        found.append(Note("blocks", f"{listed(names)}, which only= or except_= leaves out"))
    return found


def _accuracy(accuracy: float, exact: Evaluation, answer: Answer) -> str:
    """The note about a stated accuracy: what it allows, and what rounding alone would have."""
    assert exact.by_rounding is not None, "it is what the accuracy is allowed beside"
    alone = exact.by_rounding(Level.STRICT).gradients
    beyond: list[str] = []
    small = entries = 0
    for path, reference in exact.gradients.items():
        size = largest(reference)
        small += int((np.abs(reference) <= accuracy * size).sum())
        entries += reference.size
        hand = answer.gradients.get(path)
        if hand is None or hand.shape != reference.shape or not is_real(hand):
            continue
        worst = largest(share_of_tolerance(hand.astype("f8"), reference, alone[path]))
        if worst > 1:
            allowed = largest(alone[path]) / (size or 1.0)
            beyond.append(f"{name_of(path)} {allowed:.1g} (exceeded {worst:.2g} times)")
    said = (
        f"accuracy={accuracy:g}: errors of that part of the largest entry of each block are"
        " allowed, beside rounding. "
    )
    if beyond:
        said += f"Rounding alone would have allowed {listed(beyond)}."
    else:
        said += "It was not needed: rounding alone explains all differences."
    if small:
        said += f" {small} of {entries} entries are smaller than that: only their size is checked."
    if accuracy >= FINEST:
        said += " So much lets pass a gradient that is wrong by a tenth: a match says little."
    return said


def _moved_by_project(project: Project, trial: Trial) -> list[Note]:
    """The note about parameters that are not in the set they are brought back to."""
    before, after = (leaves(p.parameters) for p in (trial.point, projected(project, trial.point)))
    moved = [
        name_of(path, root="parameters")
        for path, leaf in before.items()
        if not np.allclose(
            as_array(leaf).astype("f8"),
            as_array(after[path]).astype("f8"),
            rtol=number_format.of_leaf(leaf).unit ** 0.5,
            atol=number_format.of_leaf(leaf).unit ** 0.5 * largest(as_array(leaf)),
        )
    ]
    if not moved:
        return []
    text = (
        f"project moves {listed(moved)}: the check is made at parameters that are not in the set"
        " that project brings them back to."
    )
    return [Note("outside its set", text)]


def _hides_a_transposition(array: NDArray[np.generic]) -> bool:
    """True for a symmetric matrix; of any other, a transposed one has other values."""
    return array.ndim == 2 and array.size > 1 and np.array_equal(array, array.T)


def _data(point: Point) -> list[Note]:
    """The note about a batch of one: of rows, or of several arrays that go together."""
    found = [leaf for item in point.data for leaf in leaves(item).values() if is_array(leaf)]
    arrays = [array for array in map(as_array, found) if array.ndim]
    batch = any(array.ndim > 1 for array in arrays[:1]) or len(arrays) > 1
    if not batch or any(len(array) != 1 for array in arrays):
        return []
    return [
        Note(
            "one sample",
            "There is one sample: a missing 1/S, a sum over the wrong axis or a lost sample"
            " would look the same.",
        )
    ]


def _parameters(trial: Trial) -> list[Note]:
    point = trial.point
    arrays = {name: as_array(leaf) for name, leaf in trial.named(point.parameters).items()}
    found: list[Note] = []
    symmetric = [name for name, a in arrays.items() if _hides_a_transposition(a)]
    if symmetric and trial.reference.copies is None:
        text = f"{listed(symmetric)}: symmetric, so that a transposed matrix has the same values."
        found.append(Note("square", text))
    if all(array.size and not array.any() for array in arrays.values()):
        text = "All parameters are zero: most mistakes cannot show there."
        found.append(Note("zero parameters", text))
    integer = [name for name, array in arrays.items() if array.dtype.kind in "iub"]
    if integer:
        text = f"{listed(integer)}: integers; the reference works on copies in float64."
        found.append(Note("integer parameters", text))
    floats = {str(array.dtype) for array in arrays.values() if array.dtype.kind == "f"}
    if len(floats) > 1:
        text = (
            f"The parameters have different dtypes, {' and '.join(sorted(floats))}: all are judged"
            f" as {number_format.coarsest(point.parameters).name}, on copies in float64."
        )
        found.append(Note("mixed dtypes", text))
    return found


def _zero_reference(trial: Trial, decided: Collection[Path]) -> list[Note]:
    exact = trial.exact
    if trial.reference.zeros and any(map(np.any, exact.gradients.values())):
        return []
    zero = [
        trial.argument(path)
        for path, values in exact.gradients.items()
        if path not in {*decided, *trial.unasked} and values.size and not np.any(values)
    ]
    if not zero:
        return []
    why = "the loss may not depend on it, here or at all"
    if any(note.kind == "kink" for note in exact.notes):
        why = "one of the slopes that are right at a kink, or the loss does not depend on it here"
    text = f"The reference {trial.names.derivative} {listed(zero)} is zero everywhere: {why}."
    return [Note("zero reference", text)]


def _answer(answer: Answer, function: str) -> list[Note]:
    found: list[Note] = []
    if answer.in_list:
        text = (
            f"{function} returned a list of a number and an array: taken for (loss, gradient). If"
            " both are entries of one gradient, join them to an array of the parameters' shape."
        )
        found.append(Note("loss in a list", text))
    if answer.renamed:
        names, of = listed(list(answer.renamed)), listed(list(answer.renamed.values()))
        text = f"{function} returned {names}: taken for gradients by {of}."
        found.append(Note("other names", text))
    if answer.unknown:
        names = listed(list(answer.unknown))
        text = f"{function} also returned {names}, which no parameter has."
        found.append(Note("unknown names", text))
    return found
