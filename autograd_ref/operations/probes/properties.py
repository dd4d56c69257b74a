"""Properties that a wrong backward pass without a known cause lacks: linear, and row by row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.calls.call import called
from autograd_ref.operations.sides import Subject
from autograd_ref.operations.ways import How
from autograd_ref.reference.protocol import Reference
from autograd_ref.report.data import Note
from autograd_ref.report.report import Report
from autograd_ref.report.words import listed
from autograd_ref.tree.leaf import is_real, largest
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

APART = 1e-2
"""The part of a gradient by which it may miss a property in rounding. Chosen: bfloat16 has three
digits."""

NOTHING = 1e-3
"""The part of a gradient below which an entry of it is rounding. Chosen."""

MOST_ROWS = 8
"""Rows that are named."""

A = NDArray[np.float64]
Asked = Callable[[Point], Results | None]


def with_properties(report: Report, subject: Subject, reference: Reference, point: Point) -> Report:
    """Return a report that says, where no cause is known, which property the gradient lacks.

    Args:
        report: of the check.
        subject: the operation.
        reference: what it is compared with.
        point: its inputs and upstream gradients.
    """
    names = {block.name for block in report.blocks if block.verdict == "mismatch"}
    if not names or report.causes:
        return report
    wrong = [path for path in subject.signature.inputs if name_of(path) in names]
    return replace(report, pattern=(*report.pattern, *_lacking(subject, reference, point, wrong)))


def _lacking(
    subject: Subject, reference: Reference, point: Point, wrong: Sequence[Path]
) -> Iterator[Note]:
    """Yield the properties that every backward pass has, and this one lacks."""
    mine, right = partial(_of_subject, subject), partial(_of_reference, reference)
    outputs = tuple(subject.signature.outputs)
    for path in wrong:
        said = _not_linear(mine, point, outputs, path)
        if said is not None:
            yield Note("not linear", f"{name_of(path)}: {said}.")
            return
    if len(outputs) == 1:
        for path in wrong:
            said = _mixed(mine, right, point, outputs[0], path)
            if said is not None:
                yield Note("rows", f"{name_of(path)}: {said}.")


def _of_subject(subject: Subject, point: Point) -> Results | None:
    found = attempt(partial(called, partial(subject.answer, how=How()), point))
    if isinstance(found, Raised):
        return None
    gradients = found.answer.gradients
    return {p: a.astype(np.float64) for p, a in gradients.items() if is_real(a)}


def _of_reference(reference: Reference, point: Point) -> Results | None:
    found = attempt(partial(reference.evaluate, point))
    return None if isinstance(found, Raised) else found.gradients


def _not_linear(mine: Asked, point: Point, outputs: Sequence[Path], path: Path) -> str | None:
    """How a gradient depends on the upstream gradient, if not in proportion."""
    found = [mine(_times(point, outputs, by)) for by in (0.0, 1.0, -2.0)]
    blocks = [one[path] for one in found if one is not None and path in one]
    if len(blocks) < len(found):  # it may refuse some upstream gradients
        return None
    nothing, own, turned = blocks
    size = largest(own)
    if largest(nothing) > APART * size:
        return (
            "it is not zero where the upstream gradient is, so that something is added that the"
            " upstream gradient is no factor of"
        )
    if largest(turned + 2 * own) > APART * size:
        return "-2 times the upstream gradient does not give -2 times of it: it is not linear in it"
    return None


def _mixed(mine: Asked, right: Asked, point: Point, output: Path, path: Path) -> str | None:
    """The rows that a single row of the upstream gradient reaches, where these are others."""
    for row in (0, -1) if _has_rows(point, output) else ():
        there = _row_alone(point, output, row)
        found, exact = mine(there), right(there)
        if found is None or exact is None or path not in found:
            return None
        if found[path].shape != exact[path].shape or not found[path].ndim:
            return None
        one, other = (_rows(side[path]) for side in (found, exact))
        if one != other:
            return (
                f"the {'first' if row == 0 else 'last'} row of the upstream gradient reaches"
                f" {_said(one)} of it, and has to reach {_said(other)}"
            )
    return None


def _has_rows(point: Point, output: Path) -> bool:
    """True for an output of real numbers with two rows or more."""
    leaf = leaves(point.parameters).get(output)
    return isinstance(leaf, Tensor) and leaf.ndim > 0 and len(leaf) > 1


def _rows(block: A) -> tuple[int, ...]:
    flat = np.abs(block.reshape(len(block), -1)).max(axis=1, initial=0.0)
    return tuple(map(int, np.flatnonzero(flat > NOTHING * flat.max(initial=0.0))))


def _said(rows: Sequence[int]) -> str:
    if not rows:
        return "no row"
    word = "row" if len(rows) == 1 else "rows"
    return f"{word} {listed([str(row) for row in rows], MOST_ROWS)}"


def _times(point: Point, outputs: Sequence[Path], by: float) -> Point:
    return _with(point, outputs, lambda upstream: upstream * by)


def _row_alone(point: Point, output: Path, row: int) -> Point:
    """The point with an upstream gradient of zeros but for a row."""

    def kept(upstream: Tensor) -> Tensor:
        found = torch.zeros_like(upstream)
        found[row] = upstream[row]
        return found

    return _with(point, (output,), kept)


def _with(point: Point, outputs: Sequence[Path], change: Callable[[Tensor], Tensor]) -> Point:
    """The point with other upstream gradients of some outputs."""

    def changed(path: Path, leaf: Any) -> Any:
        is_upstream = any(path[: len(output)] == output for output in outputs)
        return change(leaf.detach()) if is_upstream else leaf

    return point._replace(parameters=rebuilt(point.parameters, changed))
