"""What a gradient is held against, whatever computes it: a loss, its gradients, its tolerances."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.data import Note
from autograd_ref.tree.nest import as_array, rebuilt

LOSS = "(loss)"
"""The name of the value beside those of its gradients; no parameter is called like this."""

Results = dict[str, NDArray[np.float64]]


class NotALoss(TypeError):
    """What a function returned that is no loss; the text says what it was."""


class Point(NamedTuple):
    """Where a gradient is checked: a nest of parameters as the user has it, and the data."""

    parameters: Any
    data: tuple[Any, ...]


class Look(Enum):
    """How closely rounding is looked at; the closer looks are taken where something is wrong.

    What passes the first look is a match: had it been off by more, it would at least have needed
    another. Nobody is accused before the last.
    """

    FIRST = "formulas that keep their digits, sums that round up and down; few samples"
    SECOND = "formulas that keep their digits, sums that drift; many samples"
    TEXTBOOK = "textbook formulas, sums that drift; many samples"


class Evaluation(NamedTuple):
    """A loss and its gradients at one point, in float64."""

    loss: float
    gradients: Results
    tolerances: Callable[[Look], Results]
    """How far an honest gradient in the number format under test may be from these, entry by
    entry; the loss under LOSS."""
    notes: tuple[Note, ...] = ()
    """What is odd about the loss at this point."""


class Reference(NamedTuple):
    """The side that is believed until the witness says otherwise."""

    about: str
    evaluate: Callable[[Point], Evaluation]
    value: Callable[[Point], float]
    """The loss alone."""
    around: Callable[[Point, float], Iterable[Results]] | None = None
    """Gradients on all sides of a point, so far away relative to each entry, where kinks have other
    slopes; None where there is no kink, or none can be seen."""
    given: bool = False
    """Whether the loss is the caller's, so that its gradient may be at fault."""
    blind: bool = False
    """Whether it knows nothing of formulas, and so not which of them round to a unit of one."""
    exchangeable: bool = False
    """Whether the rows of the data are known to be samples, in any order and with repetitions."""
    of_network: bool = False
    """Whether it is that of the assignment's network, whose wrong derivations are known."""


def widened(parameters: object, dtype: Any = np.float64) -> Any:
    """The same values in another float dtype; tensors as arrays."""
    return rebuilt(parameters, lambda _name, leaf: np.array(as_array(leaf), dtype=dtype))
