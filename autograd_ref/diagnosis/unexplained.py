"""Notes where no known mistake explains a gradient: what is wrong, and what that rules out."""

from collections.abc import Iterator, Sequence

import numpy as np

from autograd_ref.diagnosis.evidence import Evidence
from autograd_ref.diagnosis.relations.relation import FEWEST, Array
from autograd_ref.diagnosis.wording import names_of
from autograd_ref.reference.model import Model
from autograd_ref.report.data import Note, listed
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.point import Point, Results

MOST_SHOWN = 8

FEW_DIGITS = "few digits"
"""The kind of the note that proposes an accuracy."""

EXPLAINED = 1e-6
"""The samples are named if they explain the difference up to this part of it. Chosen."""

LEAST = 1e4
"""The smallest such error, in units of roundoff: less may be rounding all the same. Chosen."""

FEW = 1e-2
"""The coarsest accuracy that is proposed. Chosen: the coarsest that solvers are run with, times
ten. What is off by more is taken for a mistake, such as an adjoint that uses the next step's state.
"""

EVERYWHERE = 0.5
"""The part of the entries that has to be off: a slip in one entry is none of an approximation's.
Chosen."""

ROOM = 3.0
"""The accuracy proposed is at least so many times the largest error, in a power of ten. Chosen."""


def pattern(
    evidence: Evidence, unknown: Sequence[Path], *, in_pairs: bool, loss_is_right: bool
) -> tuple[Note, ...]:
    """Return where blocks without a known cause are wrong, and what follows from that."""
    pairs = ", nor any two together," if in_pairs else ""
    text = f"None of the known mistakes{pairs} gives your {names_of(unknown)}."
    found = [Note("unknown cause", text)]
    shaped = [key for key in unknown if evidence.hand[key].shape == evidence.right[key].shape]
    found += [Note("where", _place(evidence, key)) for key in shaped]
    if shaped:
        found += _samples(evidence, shaped)
    # with a cause for some blocks, the others have mistakes of their own
    alike = set(unknown) == set(evidence.wrong) and len(evidence.hand) == len(evidence.right)
    advice = evidence.model.advice(evidence.point, evidence.wrong, loss_is_right) if alike else ""
    asked = evidence.asked(tuple(unknown))
    if asked is not None:
        found += [Note("half right", text) for text in evidence.model.half_right(asked)]
    found += not_named(evidence.model, evidence.point, evidence.right)
    if evidence.budget.stopped:
        found.append(Note("search stopped", evidence.budget.stopped))
    if advice:
        found.append(Note("ruled out", f"Where to look: {advice}."))
    return tuple(found)


def not_named(model: Model, point: Point, right: Results) -> Iterator[Note]:
    """The note, where no step of the derivation can be named, about why."""
    stopped = model.not_followed(point, right)
    if stopped:
        yield Note("steps not named", f"No step of the derivation can be named: {stopped}.")


def few_digits(evidence: Evidence) -> Iterator[Note]:
    """The note, where all blocks are off by little, and the wrong ones in most entries."""
    mine, right = {**evidence.hand, **evidence.near}, evidence.right
    if any(key not in mine or mine[key].shape != right[key].shape for key in right):
        return
    error = max(evidence.relative(key, mine[key], right[key]) for key in right)
    off = [
        float((np.abs(mine[key] - right[key]) > evidence.allowed[key]).mean())
        for key in (*evidence.wrong, *evidence.near)
        if right[key].size
    ]
    if not LEAST * evidence.unit < error < FEW / ROOM or min(off, default=0.0) < EVERYWHERE:
        return
    accuracy = 10.0 ** np.ceil(np.log10(ROOM * error))
    yield Note(
        FEW_DIGITS,
        f"Both sides agree in all entries, to {error:.1g} of the largest of a block, and no"
        " further. So it is where the loss or the gradient comes out of a solver, an integrator, a"
        " root finder or another iteration that stops at some accuracy, or is a difference"
        f" quotient: let it work more accurately, or state what it is good for: accuracy="
        f"{accuracy:.0e}. Or it is read off an update of the parameters: check_step knows its"
        " rounding. Or a constant as in log(p + 1e-8), which keeps a logarithm, a root or a"
        " division finite, is in the loss and not in the gradient. An index that is off by one on a"
        " fine grid looks alike, and its error falls in proportion to the step: that is a mistake"
        " and no accuracy.",
    )


def _place(evidence: Evidence, key: Path) -> str:
    """Return which entries of a block are wrong, and by how much."""
    hand, right = evidence.hand[key], evidence.right[key]
    apart = np.abs(hand - right) > evidence.allowed[key]
    words = evidence.model.axes(evidence.point, key)
    along = [_along(words, apart, axis) for axis in range(apart.ndim)]
    entries = "every entry" if apart.all() else f"{int(apart.sum())} of {apart.size} entries"
    where = " and ".join(filter(None, along)) or entries
    return f"{name_of(key)}: wrong in {where}, {_by_how_much(evidence, key, apart)}."


def _along(words: Sequence[str], apart: Array, axis: int) -> str | None:
    """Return which rows or columns are wrong, where not all of them are."""
    others = tuple(i for i in range(apart.ndim) if i != axis)
    wrong = np.flatnonzero(apart.any(axis=others))
    if len(wrong) == apart.shape[axis]:
        return None
    word = words[axis] if apart.ndim <= 2 else f"index {axis} ="
    if len(wrong) > 1 and apart.ndim <= 2:
        word += "es" if word.endswith("s") else "s"
    return f"{word} {_numbers(wrong)} only (of {apart.shape[axis]})"


def _by_how_much(evidence: Evidence, key: Path, apart: Array) -> str:
    """Return the factor, where enough entries have one that is not 1 rounded; else the error.

    Where zero is right, there is none.
    """
    hand, right = evidence.hand[key], evidence.right[key]
    if evidence.is_lost(key):
        return f"up to {np.abs(hand).max():.2g}, where zero is right"
    comparable = apart & (right != 0)
    ratios = hand[comparable] / right[comparable]
    if ratios.size >= FEWEST:
        least, most = (f"{ratio + 0.0:.4g}" for ratio in (ratios.min(), ratios.max()))
        if "1" not in (least, most):
            factor = least if most == least else f"{least} to {most}"
            return f"{factor} times what it should be"
    return f"off by up to {evidence.relative(key, hand, right):.2g} of the largest entry"


def _samples(evidence: Evidence, keys: Sequence[Path]) -> list[Note]:
    """Return how often each sample counts, where that explains the difference."""
    each = evidence.each()
    if each is None:
        return []
    size = {key: evidence.sizes[key] or 1.0 for key in keys}
    columns = [each[key].reshape(evidence.samples, -1) / size[key] for key in keys]
    matrix = np.concatenate(columns, axis=1).T
    apart = {key: evidence.hand[key] - evidence.right[key] for key in keys}
    difference = np.concatenate([apart[key].ravel() / size[key] for key in keys])
    if len(difference) < 2 * evidence.samples:
        return []
    more, *_others = np.linalg.lstsq(matrix, difference)
    left = np.abs(matrix @ more - difference).max()
    if left > EXPLAINED * np.abs(difference).max():
        return []
    wrong = np.flatnonzero(np.abs(more) > EXPLAINED * np.abs(more).max())
    weights = ", ".join(f"{1 + more[i]:.4g}" for i in wrong[:MOST_SHOWN])
    weights += ", ..." if len(wrong) > MOST_SHOWN else ""
    text = f"Of {evidence.samples} samples, {_numbers(wrong)} count {weights} times, not once."
    return [Note("samples", text)]


def _numbers(found: Array) -> str:
    return listed([str(i) for i in found], MOST_SHOWN)
