"""The reference of a comparison, whatever computes it: a loss, its gradients, its tolerances."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.reference.model import UNKNOWN, Model
from autograd_ref.report.data import Note
from autograd_ref.rounding.arithmetic import Level
from autograd_ref.tree.nest import Path
from autograd_ref.tree.number_format import NumberFormat
from autograd_ref.tree.point import Point, Results

Loss = Callable[..., Any]
"""A loss as the caller has it: loss(parameters, *data), in PyTorch or in NumPy."""


class NotALoss(TypeError):
    """A function returned something that is no loss; the text says what it was."""


class Tolerances(NamedTuple):
    """How far an honest result in the number format under test may be from the reference."""

    loss: NDArray[np.float64]
    gradients: Results
    """Entry by entry."""


class Coarser(NamedTuple):
    """The formats by which blocks are judged, where these are not all alike."""

    formats: Callable[[], Mapping[Path, NumberFormat]]
    """The coarsest that the computation of each block goes through."""
    own: Callable[[], Results]
    """The strict tolerance of each block in its own format."""


class Evaluation(NamedTuple):
    """A loss and its gradients at one point, in float64."""

    loss: float
    gradients: Results
    tolerances: Callable[[Level], Tolerances]
    """Computed when asked for, once for every level."""
    notes: tuple[Note, ...] = ()
    """Notes about the loss at this point: a kink, saturated units."""
    by_rounding: Callable[[Level], Tolerances] | None = None
    """The tolerances that rounding alone explains, where others allow more; None where it is the
    same."""
    beside: Callable[[Results], "Evaluation"] | None = None
    """With more care where these gradients differ from it; None where it is exact already."""
    unseen: tuple[Note, ...] = ()
    """Notes about what was not looked at, as in `Report.not_checked`; then no cause is found."""
    noise: float = math.inf
    """How much rounding scatters the values of the loss nearby, where that was measured."""
    kinks: Mapping[Path, str] = {}
    """The entries at which the loss has a kink, in words, for each block that has some."""
    coarser: Coarser | None = None
    """Where blocks have different formats, or their computation goes through a coarser one."""

    def kink_of(self, path: Path) -> str:
        """Where a block has a kink, in words; of PyTorch's, where nothing but a zero is known."""
        zero = not self.gradients[path].any()
        noted = zero and any(note.kind == "kink" for note in self.notes)
        return self.kinks.get(path, "there" if noted else "")


class Reference(NamedTuple):
    """The side that is believed until the independent check contradicts it."""

    about: str
    evaluate: Callable[[Point], Evaluation]
    value: Callable[[Point], float]
    """The loss alone."""
    around: Callable[[Point, Results, int], Callable[[Path], NDArray[np.float64]]] | None = None
    """The gradient by each block at a point moved by a hair, and where it meets a kink exactly, on
    its one side or the other, 1 or -1; None where there is no kink."""
    given: bool = False
    """True where the loss is the caller's, so that its gradient may be at fault."""
    blind: bool = False
    """True where nothing is known of formulas, and so not which of them round to a unit of one."""
    exchangeable: bool = False
    """True where the rows of the data are samples, in any order and with repetitions."""
    model: Model = UNKNOWN
    """Knowledge of the function behind the loss."""
    zeros: bool = False
    """True where a gradient may well be zero, if others are not: no output has to depend on every
    parameter, and no second derivative has to be there."""
    copies: Copies | None = None
    """The form of the parameters, where they are copies, one for every output of a function."""
