"""The reference for a loss: by PyTorch where it can differentiate it, else by NumPy.

Which of the two a loss is written for is decided by value (`choice.by_value`), not by whether
tensors pass through it.
"""

from collections.abc import Generator
from contextlib import contextmanager

import numpy as np

from autograd_ref.reference.choice.by_value import CHANGED, Both, why_numpy
from autograd_ref.reference.choice.callers_loss import Taken, in_arrays, in_tensors
from autograd_ref.reference.choice.errors import (
    A_LOSS,
    Required,
    clause,
    name_of,
    not_a_loss,
    refuses_tensors,
)
from autograd_ref.reference.numpy_loss import numpy_loss
from autograd_ref.reference.protocol import Evaluation, Loss, Reference
from autograd_ref.reference.torch_loss import torch_loss
from autograd_ref.tree.leaf import is_tensor
from autograd_ref.tree.nest import leaves
from autograd_ref.tree.point import Point
from autograd_ref.user_code import Raised, attempt


def reference_for(
    loss: Loss, point: Point, seed: int, *, thorough: bool = False, wanted: Required = A_LOSS
) -> tuple[Reference, Evaluation]:
    """The reference for a loss, and its evaluation at the point.

    Args:
        loss: the function.
        point: where it is evaluated.
        seed: for the directions of rounding.
        thorough: take a numerical derivative by every entry, however many there are.
        wanted: what it is called in messages, and has to return.

    Raises:
        TypeError: loss does not return one real number.
        ValueError: two evaluations of loss differ.
        Exception: whatever it raises.
    """
    arrays = not any(map(is_tensor, leaves(point.parameters).values()))
    taken, remarks = Taken(), set[str]()
    both = Both(
        torch_loss(in_tensors(loss, remarks), seed),
        numpy_loss(in_arrays(loss, remarks), thorough=thorough),
        numpy_loss(in_arrays(loss, remarks, tensors=False)),
        arrays,
    )

    def evaluated() -> tuple[Evaluation, float]:
        with taken:
            exact = both.by_torch.evaluate(point)
        return exact, both.by_torch.value(point)

    found = attempt(evaluated)
    if isinstance(found, Raised):
        # what makes tensors of arrays itself refuses tensors; what fails with them fails
        way = both.by_numpy if refuses_tensors(found.error) else both.in_numpy
        with quiet():
            value = attempt(lambda: way.value(point))
        if isinstance(value, Raised):
            raise not_a_loss(loss, found.error, value.error, wanted, arrays=arrays)
        why = f"given tensors, it {clause(found.error)}"
    else:
        exact, again = found
        _require_the_same(loss, exact.loss, again, wanted)
        with quiet():
            why = why_numpy(both, point, exact, taken)
        if not why:
            return _about(both.by_torch, *remarks), exact
        value = both.by_numpy.value(point)
    _require_the_same(loss, value, both.by_numpy.value(point), wanted)
    reference = _about(both.by_numpy, *remarks, why)
    with quiet():
        return reference, reference.evaluate(point)


@contextmanager
def quiet() -> Generator[None]:
    """Suppress what NumPy warns of at points that the caller did not ask for.

    This belongs to the thread. Python's filters of warnings belong to the process, and stay.
    """
    with np.errstate(all="ignore"):
        yield


def _about(reference: Reference, *remarks: str) -> Reference:
    said = f" ({'; '.join(remarks)})" if remarks else ""
    return reference._replace(about=reference.about + said)


def _require_the_same(loss: Loss, one: float, two: float, wanted: Required) -> None:
    """A loss that draws at random has no gradient that a second call could agree with."""
    if abs(one - two) > CHANGED * max(abs(one), abs(two)):
        raise ValueError(
            f"{wanted.name} is {name_of(loss)}, and returned {one:.6g} and then {two:.6g} for the"
            " same arguments; it needs to be the same function every time (is dropout left on, or"
            " something drawn at random?)"
        )
