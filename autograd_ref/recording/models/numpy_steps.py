"""The model of a loss in NumPy: that of its code in PyTorch, where that has the same gradient."""

from collections.abc import Callable, Collection, Iterator
from functools import partial

from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.reference.model import (
    Discrepancy,
    Hypothesis,
    Judged,
    Model,
    ReturnedBeside,
    UnknownModel,
    WrongGradient,
)
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.rounding.monte_carlo import as_float64
from autograd_ref.tree.leaf import largest
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

CLOSE = 1e-5
"""The largest difference of the gradient by PyTorch from the numerical one, relative to the largest
entry of a block. Chosen: the numerical one has more digits, unless the loss loses them."""


class NumpyModel(UnknownModel):
    """A loss in NumPy, whose steps are known where PyTorch can run it.

    Args:
        in_torch: the model of its code in PyTorch.
        values: the model of its values, for where nothing else is known.
    """

    def __init__(self, in_torch: TorchModel, values: Model) -> None:
        self._in_torch, self._values = in_torch, values
        self._wrong: tuple[WrongGradient, WrongGradient | None] | None = None

    def hypotheses(self, seen: Discrepancy, /) -> Iterator[Hypothesis]:
        """Yield the wrong derivations of its code."""
        exact = self._exact(seen.point, seen.right)
        if exact is not None:
            yield from self._in_torch.hypotheses(seen._replace(right=exact))

    def slips(self, wrong: WrongGradient, most: int, /) -> Iterator[Hypothesis]:
        """Yield the wrong steps that give a gradient, in terms of its lines."""
        known = self._known(wrong)
        if known is not None:
            yield from self._in_torch.slips(known, most)

    def half_right(self, wrong: WrongGradient, /) -> Iterator[str]:
        """Yield which layers are right for another derivative by them."""
        known = self._known(wrong)
        if known is not None:
            yield from self._in_torch.half_right(known)

    def not_followed(self, point: Point, right: Results, /) -> str:
        """Return what stopped the recording, or that nothing but values is seen."""
        exact = self._exact(point, right)
        if exact is None:
            return self._values.not_followed(point, right)
        return self._in_torch.not_followed(point, exact)

    def steps(
        self,
        found: ReturnedBeside,
        matching: Collection[Path],
        again: Callable[[], ReturnedBeside | None],
        /,
    ) -> Judged:
        """Return the verdict on each quantity, by its name in the code."""
        exact = self._exact(found.point, found.right)
        if exact is None:
            return self._values.steps(found, matching, again)
        return self._in_torch.steps(found._replace(right=exact), matching, again)

    def _known(self, wrong: WrongGradient) -> WrongGradient | None:
        """The wrong gradient beside the right one to all digits; None where it is not known."""
        if self._wrong is not None and self._wrong[0] is wrong:
            return self._wrong[1]
        exact, known = self._exact(wrong.point, wrong.right), None
        if exact is not None:
            known = wrong._replace(right=exact, again=partial(self._again, wrong))
        self._wrong = wrong, known
        return known

    def _again(self, wrong: WrongGradient) -> tuple[Point, Results, Results] | None:
        found = wrong.again()
        if found is None:
            return None
        point, hand, right = found
        exact = self._exact(point, right)
        return None if exact is None else (point, hand, exact)

    def _exact(self, point: Point, right: Results) -> Results | None:
        """The gradient by PyTorch, where it is the numerical one."""

        def compute() -> Results:
            _value, gradients = differentiate(self._in_torch.loss, *point)
            return {path: as_float64(gradient) for path, gradient in gradients.items()}

        found = attempt(compute)
        if isinstance(found, Raised):
            return None
        close = (
            largest(found[path] - numerical) <= CLOSE * largest(numerical)
            for path, numerical in right.items()
        )
        return found if all(close) else None
