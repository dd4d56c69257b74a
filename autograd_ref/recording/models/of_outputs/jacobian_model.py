"""The model of a function of several outputs: factors of rows and columns, and wrong steps.

For wrong steps, the rows are summed with random weights: what gives the right sum for these gives
the right rows, and the sum is the gradient of one number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.recording.models.of_outputs.factors import factors
from autograd_ref.recording.models.of_outputs.squares import shifted, squares
from autograd_ref.recording.models.of_outputs.where_off import where_off
from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.reference.jacobians.outputs import weight
from autograd_ref.reference.model import (
    Discrepancy,
    Hypothesis,
    Model,
    UnknownModel,
    WrongGradient,
)
from autograd_ref.tree.leaf import as_array, is_numeric, largest, like
from autograd_ref.tree.nest import Path, is_leaf, leaves
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt


class JacobianModel(UnknownModel):
    """A function of several outputs.

    Args:
        copies: the form of the parameters, a copy for every output.
        outputs_at: the outputs at a point, whose parameters are no copies.
        jacobian_at: the right Jacobian at a point, by copies.
        of_total: the model of the sum of all outputs, each times its weight.
    """

    def __init__(
        self,
        copies: Copies,
        outputs_at: Callable[[Point], Any],
        jacobian_at: Callable[[Point], Results],
        of_total: Model,
    ) -> None:
        self._copies, self._outputs_at = copies, outputs_at
        self._jacobian_at, self._of_total = jacobian_at, of_total

    def hypotheses(self, seen: Discrepancy, /) -> Iterator[Hypothesis]:
        """Yield the Jacobians with a factor at their rows or columns, or wrong in one place."""
        copies, right, once = self._copies, seen.right, self._once(seen.point)
        outputs = attempt(lambda: self._outputs_at(once))
        yield from () if isinstance(outputs, Raised) else factors(copies, once, outputs, seen)
        yield from squares(copies, right)
        yield from where_off(copies, once, seen)
        yield from shifted(copies, right)
        yield from self._taken_at_data(once)
        if all(path in seen.hand and seen.hand[path].shape == right[path].shape for path in right):
            yield from self._of_the_total(once, seen)

    def _taken_at_data(self, once: Point) -> Iterator[Hypothesis]:
        """Yield the Jacobians at data that have the form of the parameters: an earlier state."""
        if not is_leaf(once.parameters):
            return
        for number, item in enumerate(once.data):
            same = is_numeric(item) and as_array(item).shape == as_array(once.parameters).shape
            if same and as_array(item).dtype.kind == "f":
                there = once._replace(parameters=like(once.parameters, as_array(item)))
                found = attempt(lambda there=there: self._right_at(there))
                if not isinstance(found, Raised):
                    what = f"the derivatives are taken at data[{number}], not at x"
                    fix = f"put x in the place of data[{number}]"
                    yield Hypothesis("at another point", what, fix, found, lambda: None)

    def _right_at(self, once: Point) -> Results:
        copied = once._replace(parameters=self._copies.of(once.parameters))
        return self._jacobian_at(copied)

    def _of_the_total(self, once: Point, seen: Discrepancy) -> Iterator[Hypothesis]:
        """Yield the wrong derivations that give the sum of the rows with random weights."""
        total = Discrepancy(
            once, self._total(seen.hand), self._total(seen.right), self._allowed(seen)
        )
        for found in self._of_total.hypotheses(total):
            if _are_alike(found, total):
                yield found._replace(gradients=seen.hand, derivation=None)

    def slips(self, wrong: WrongGradient, most: int, /) -> Iterator[Hypothesis]:
        """Yield the wrong steps that give the sum of the rows with random weights."""
        total = self._summed(wrong)
        for found in self._of_total.slips(total, most):
            if _are_alike(found, total):
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
            return found and (self._once(found[0]), self._total(found[1]), self._total(found[2]))

        return WrongGradient(
            self._once(wrong.point),
            self._total(wrong.hand),
            self._total(wrong.right),
            self._allowed(wrong),
            tuple(dict.fromkeys(self._copies.parts(path)[1] for path in wrong.wrong)),
            again,
            budget=wrong.budget,
        )

    def _allowed(self, wrong: Discrepancy | WrongGradient) -> dict[Path, float]:
        """The largest error that rounding explains in the sum of the rows."""
        each = {path: np.full(a.shape, wrong.allowed[path]) for path, a in wrong.right.items()}
        return {p: largest(a) for p, a in self._total(each, sizes=True).items()}

    def _total(self, blocks: Mapping[Path, NDArray[Any]], *, sizes: bool = False) -> Results:
        """The sum of all rows with their weights, or with the sizes of these, by each parameter."""
        found: Results = {p: np.zeros(as_array(x).shape) for p, x in leaves(self._copies.x).items()}
        for number, (path, output) in enumerate(leaves(self._copies.outputs).items()):
            by = weight(number, as_array(output).shape)
            by = np.abs(by) if sizes else by
            for p in found:
                found[p] = found[p] + np.tensordot(by, blocks[*path, *p], axes=by.ndim)
        return found


def _are_alike(found: Hypothesis, total: Discrepancy | WrongGradient) -> bool:
    """True where a derivation gives the gradient under test, to its rounding."""
    off = {p: largest(hand - found.gradients[p]) for p, hand in total.hand.items()}
    return all(off[p] <= total.allowed[p] for p in off)
