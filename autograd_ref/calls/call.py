"""One call of the function under test, on arrays of its own, and what it gave back.

The function gets copies, so that nothing it does can reach the user's arrays, and so that what it
changes, keeps or shares can be told.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer, understood
from autograd_ref.tree.nest import Path, leaves, require_end
from autograd_ref.tree.point import Point, own_copy
from autograd_ref.user_code import user_code

Gradients = Callable[..., object]
"""The function under test: gradients(parameters, *data)."""


class Call(NamedTuple):
    """The arguments and the answer of one call."""

    given: Point
    answer: Answer
    """As it was when the call returned: copies, which no later call can change."""
    live: dict[Path, NDArray[Any]]
    """The gradients that were returned, in whose memory later calls may write."""

    @property
    def values(self) -> dict[Path | None, NDArray[Any]]:
        """The gradients, and the loss under None."""
        loss = {} if self.answer.loss is None else {None: self.answer.loss}
        return {**self.answer.gradients, **loss}


def called(gradients: Gradients, point: Point, given: Point | None = None) -> Call:
    """Call the function on copies.

    Args:
        gradients: the function.
        point: where to call it.
        given: the copies, where there are some; they hold what the point does.

    Raises:
        UserCodeRaised: the function did, or it returned what contains itself.
    """
    given = given or own_copy(point)
    parameters = leaves(given.parameters)  # the function may take some away
    with user_code():
        result = gradients(given.parameters, *given.data)
        require_end({"what gradients returned": result})
    answer = understood(result, parameters)
    kept = {path: np.array(a) for path, a in answer.gradients.items()}
    loss = None if answer.loss is None else np.array(answer.loss)
    beside = {path: np.array(a) for path, a in answer.intermediates.items()}
    own = answer._replace(gradients=kept, loss=loss, intermediates=beside)
    return Call(given, own, answer.gradients)
