"""Lists of numbers among the parameters: vectors, as for SciPy, or blocks of one number each."""

from typing import Any

from autograd_ref.calls.call import Gradients, called
from autograd_ref.reference.choice.callers_loss import in_arrays
from autograd_ref.reference.choose import quiet
from autograd_ref.reference.protocol import Loss
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import leaves, with_vectors
from autograd_ref.tree.point import Point, own_copy
from autograd_ref.user_code import Raised, attempt, user_code


def with_lists_resolved(gradients: Gradients, loss: Loss | None, point: Point) -> Point:
    """The point, with a vector in the place of every list of numbers.

    The lists stay where the function under test answers one by one, and the loss takes them.
    """
    vectors = with_vectors(point.parameters)
    if leaves(vectors).keys() == leaves(point.parameters).keys():
        return point
    with quiet():
        stays = loss is not None and _answers(gradients, point) and _takes(loss, point)
    return point if stays else point._replace(parameters=vectors)


def _answers(gradients: Gradients, point: Point) -> bool:
    """True where the result has the form of the parameters, lists and all."""
    call = attempt(lambda: called(gradients, point))
    if isinstance(call, Raised):
        return False
    shapes = {path: gradient.shape for path, gradient in call.answer.gradients.items()}
    return shapes == {path: as_array(leaf).shape for path, leaf in leaves(point.parameters).items()}


def _takes(loss: Loss, point: Point) -> bool:
    """True where the loss of the lists is a number."""
    value = in_arrays(loss, set())

    def evaluated() -> Any:
        given = own_copy(point)
        with user_code():
            return value(given.parameters, *given.data)

    return not isinstance(attempt(evaluated), Raised)
