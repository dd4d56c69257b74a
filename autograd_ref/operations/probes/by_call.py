"""An operation that is right in one way to call it and wrong in another: that is the cause."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from autograd_ref.calls.call import Call, called
from autograd_ref.diagnosis.wording import names_of
from autograd_ref.operations.sides import Subject
from autograd_ref.operations.ways import How, Way
from autograd_ref.report.data import Cause
from autograd_ref.report.words import listed
from autograd_ref.tree.leaf import is_real, largest
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.point import Point
from autograd_ref.user_code import Raised, attempt

APART = 1e-3
"""The part of a gradient by which two calls differ, where it is no rounding. Chosen."""

OF_MEMORY = (
    "call .contiguous() before the kernel reads it, or pass its strides to the kernel: a view of"
    " other memory, transposed, a slice, or expanded, is a tensor like any other"
)


def cause_of_way(subject: Subject, way: Way, there: Point, wrong: Sequence[Path]) -> Cause | None:
    """Return the cause that a way to call the operation is; None where it is none.

    Args:
        subject: the operation.
        way: in which it is wrong, and is right otherwise.
        there: the inputs and upstream gradients of that way.
        wrong: the blocks that are wrong.
    """
    plain, here = _called(subject, How(), there), _called(subject, way.how, there)
    if plain is None or here is None or not any(_differ(plain, here, path) for path in wrong):
        return None
    kind, said, fix = _said(
        subject, way.how, lambda how: _changes(subject, how, there, plain, wrong)
    )
    are = "is" if len(wrong) == 1 else "are"
    text = f"Your {names_of(list(wrong))} {are} right, but not {said}."
    return Cause(kind, tuple(map(name_of, wrong)), text, fix, None, 0.0)


def _said(subject: Subject, how: How, changes: Callable[[How], bool]) -> tuple[str, str, str]:
    """The kind of a cause, the end of its sentence, and how to mend it."""
    if how.spread:
        each = sorted(how.spread, key=str)
        alone = [name for name in each if changes(How(frozenset((name,))))] or each
        said = listed([subject.signature.argument(name) for name in alone])
        are = "is" if len(alone) == 1 else "are"
        return "memory layout", f"where {said} {are} not contiguous in memory", OF_MEMORY
    if how.upstream_expanded:
        said = "where the upstream gradient is one number in memory, expanded (stride 0)"
        return "memory layout", said, OF_MEMORY
    if how.again:
        return (
            "a second backward pass",
            "in a second backward pass on the same graph",
            "do not write into saved tensors or into the upstream gradient, and keep no sums",
        )
    if how.unused is not None:
        return (
            "an output that is not used",
            f"where nothing depends on {name_of(how.unused)}",
            "its upstream gradient is then a tensor of zeros, or None where"
            " ctx.set_materialize_grads(False) says so",
        )
    if how.frozen is not None:
        return (
            "an input that is frozen",
            f"where {name_of(how.frozen)} does not require grad",
            "look at the entries of ctx.needs_input_grad: they are in the order of forward's"
            " arguments, and so are the gradients",
        )
    return (
        "kept elsewhere than in ctx",
        "where the operation is called on other inputs before its backward pass",
        "keep what the backward pass needs in ctx: ctx.save_for_backward",
    )


def _changes(subject: Subject, how: How, there: Point, plain: Call, wrong: Sequence[Path]) -> bool:
    """True where a way to call the operation changes a gradient, or is refused."""
    found = _called(subject, how, there)
    return found is None or any(_differ(plain, found, path) for path in wrong)


def _called(subject: Subject, how: How, there: Point) -> Call | None:
    found = attempt(partial(called, partial(subject.answer, how=how), there))
    return None if isinstance(found, Raised) else found


def _differ(one: Call, other: Call, path: Path) -> bool:
    a, b = (call.answer.gradients.get(path) for call in (one, other))
    return (
        a is None
        or b is None
        or a.shape != b.shape
        or not (is_real(a) and is_real(b) and np.isfinite(b).all())
        or largest(a - b) > APART * largest(a)
    )
