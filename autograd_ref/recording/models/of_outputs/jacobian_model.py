"""The model of a function of several outputs: factors of rows and columns, and wrong steps.

For wrong steps, the rows are summed with random weights: what gives the right sum for these gives
the right rows, and the sum is the gradient of one number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.recording.models.of_outputs.factors import factors
from autograd_ref.recording.models.of_outputs.one_place import one_place
from autograd_ref.reference.jacobians.copies import Copies
from autograd_ref.reference.jacobians.outputs import weight
from autograd_ref.reference.model import Hypothesis, Model, UnknownModel, WrongGradient
from autograd_ref.tree.leaf import as_array, largest
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt


class JacobianModel(UnknownModel):
    """A function of several outputs.

    Args:
        copies: the form of the parameters, a copy for every output.
        outputs_at: the outputs at a point, whose parameters are no copies.
        of_total: the model of the sum of all outputs, each times its weight.
    """

    def __init__(self, copies: Copies, outputs_at: Callable[[Point], Any], of_total: Model) -> None:
        self._copies, self._outputs_at, self._of_total = copies, outputs_at, of_total

    def hypotheses(
        self, point: Point, hand: Results, right: Results, _earlier: Point | None, /
    ) -> Iterator[Hypothesis]:
        """Yield the Jacobians with a factor at their rows or columns, or wrong in one place."""
        once = self._once(point)
        outputs = attempt(lambda: self._outputs_at(once))
        if not isinstance(outputs, Raised):
            yield from factors(self._copies, once, outputs, hand, right)
        yield from one_place(self._copies, hand, right)

    def slips(self, wrong: WrongGradient, most: int, /) -> Iterator[Hypothesis]:
        """Yield the wrong steps that give the sum of the rows with random weights."""
        total = self._summed(wrong)
        for found in self._of_total.slips(total, most):
            off = {p: largest(total.hand[p] - found.gradients[p]) for p in total.hand}
            if all(off[p] <= total.allowed[p] for p in off):
                yield found._replace(gradients=wrong.hand)

    def half_right(self, wrong: WrongGradient, /) -> Iterable[str]:
        """Yield what is right of the sum of the rows."""
        return self._of_total.half_right(self._summed(wrong))

    def not_followed(self, point: Point, right: Results, /) -> str:
        """Return what stopped the recording of the function."""
        return self._of_total.not_followed(self._once(point), self._total(right))

    def _once(self, point: Point) -> Point:
        return point._replace(parameters=self._copies.first(point.parameters))

    def _summed(self, wrong: WrongGradient) -> WrongGradient:
        """The gradient of the sum of all outputs with their weights, for that of the copies."""

        def again() -> tuple[Point, Results, Results] | None:
            found = wrong.again()
            if found is None:
                return None
            point, hand, right = found
            return self._once(point), self._total(hand), self._total(right)

        allowed = {path: np.full(a.shape, wrong.allowed[path]) for path, a in wrong.right.items()}
        by_parameter = {p: largest(a) for p, a in self._total(allowed, sizes=True).items()}
        return WrongGradient(
            self._once(wrong.point),
            self._total(wrong.hand),
            self._total(wrong.right),
            by_parameter,
            tuple(dict.fromkeys(self._copies.parts(path)[1] for path in wrong.wrong)),
            again,
            budget=wrong.budget,
        )

    def _total(self, blocks: Mapping[Path, NDArray[Any]], *, sizes: bool = False) -> Results:
        """The sum of all rows with their weights, or with the sizes of these, by each parameter."""
        found: Results = {p: np.zeros(as_array(x).shape) for p, x in leaves(self._copies.x).items()}
        for number, (path, output) in enumerate(leaves(self._copies.outputs).items()):
            by = weight(number, as_array(output).shape)
            by = np.abs(by) if sizes else by
            for p in found:
                found[p] = found[p] + np.tensordot(by, blocks[*path, *p], axes=by.ndim)
        return found
