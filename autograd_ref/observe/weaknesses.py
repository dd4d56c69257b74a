"""Weaknesses of a check itself: where a mistake could hide, and what was judged on copies."""

import numpy as np

from autograd_ref.calls.answer import Answer
from autograd_ref.reference.protocol import Evaluation
from autograd_ref.report.data import Note, listed
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import leaves, name_of
from autograd_ref.tree.point import Point, sample_count


def weaknesses(point: Point, exact: Evaluation, answer: Answer) -> list[Note]:
    """Everything to know about this check that does not change its verdict."""
    return [*_data(point), *_parameters(point), *_zero_reference(exact), *_answer(answer)]


def _data(point: Point) -> list[Note]:
    if sample_count(point) != 1:
        return []
    return [
        Note(
            "one sample",
            "There is one sample: a missing 1/S, a sum over the wrong axis or a lost sample"
            " would look the same.",
        )
    ]


def _parameters(point: Point) -> list[Note]:
    arrays = {
        name_of(path, root="parameters"): as_array(leaf)
        for path, leaf in leaves(point.parameters).items()
    }
    found: list[Note] = []
    square = [name for name, a in arrays.items() if a.ndim == 2 and len(set(a.shape)) == 1]
    if square:
        text = f"{listed(square)}: square, so that a transposed matrix fits wherever it is used."
        found.append(Note("square", text))
    if not any(array.any() for array in arrays.values()):
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


def _zero_reference(exact: Evaluation) -> list[Note]:
    zero = [
        name_of(path, root="parameters")
        for path, values in exact.gradients.items()
        if not np.any(values)
    ]
    if not zero:
        return []
    return [
        Note(
            "zero reference",
            f"The reference gradient of {listed(zero)} is zero everywhere: the loss may not depend"
            " on it, here or at all.",
        )
    ]


def _answer(answer: Answer) -> list[Note]:
    found: list[Note] = []
    if answer.renamed:
        names, of = listed(list(answer.renamed)), listed(list(answer.renamed.values()))
        text = f"gradients returned {names}: taken for gradients by {of}."
        found.append(Note("other names", text))
    if answer.unknown:
        names = listed(list(answer.unknown))
        text = f"gradients also returned {names}, which no parameter has."
        found.append(Note("unknown names", text))
    return found
