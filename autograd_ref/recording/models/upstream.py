"""Backward passes that leave out the upstream gradient, or use it in another way than once.

The loss of an operation is the sum of its outputs, each times its upstream gradient: its gradient
with another upstream gradient is what such a backward pass returns.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.reference.model import Hypothesis
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.rounding.monte_carlo import as_float64
from autograd_ref.tree.complex_parts import IMAG
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

FIX = (
    "apply the chain rule: each gradient is the upstream gradient, summed over the outputs, times"
    " the derivative of the operation; once for every output"
)

NEAR = 0.1
"""How near a block is, in parts of its size, to what a mistake makes of it. Chosen: beyond the
rounding of any format, and below any factor that people forget."""

NOTHING = 1e-6
"""The part of the right gradient below which what a mistake gives is rounding. Chosen."""

TYPED = 1e-5
"""How near a factor has to be to one of few digits: float32 keeps more. Chosen."""

A = NDArray[np.float64]
Outputs = tuple[Path, ...]
Change = Callable[[Path, Any], Any]
"""A function of a path and an upstream gradient, to what is wrongly used in its place."""


class _Use(NamedTuple):
    """A wrong use of the upstream gradient of some outputs."""

    name: str
    said: str
    """The wrong use: the end of a sentence, with {} for the upstream gradient."""
    change: Change


def _left_out(path: Path, upstream: Any, factor: float = 1.0) -> Any:
    return upstream * 0 + (0 if path[-1] == IMAG else factor)


def _twice(_path: Path, upstream: Any) -> Any:
    return upstream * upstream


def _first(_path: Path, upstream: Any) -> Any:
    return upstream * 0 + upstream.reshape(-1)[:1].sum()


def _not_passed_on(_path: Path, upstream: Any) -> Any:
    return upstream * 0


LEFT_OUT = _Use("upstream gradient left out", "{} is left out", _left_out)
IN_ALL = (
    LEFT_OUT,
    _Use("upstream gradient applied twice", "{} is applied twice", _twice),
    _Use(
        "first entry of the upstream gradient",
        "the first entry of {} is used for all of them",
        _first,
    ),
)
"""Wrong uses of the upstream gradients of all outputs alike."""

IN_ONE = (
    LEFT_OUT,
    _Use("one output's share missing", "{} is not used", _not_passed_on),
)
"""Wrong uses of that of one output among several."""


class OperationModel(TorchModel):
    """A differentiable operation, of which its upstream gradients are known.

    Args:
        loss: the sum of the outputs of the reference, each times its upstream gradient.
        outputs: the paths of the upstream gradients among the parameters of the loss.
    """

    def __init__(self, loss: Loss, outputs: Mapping[Path, object]) -> None:
        super().__init__(loss)
        self.outputs = tuple(outputs)

    def hypotheses(
        self, point: Point, hand: Results, _earlier: Point | None, /
    ) -> Iterator[Hypothesis]:
        """Yield the gradients of wrong uses of the upstream gradient."""
        right = self._gradients(point)
        if right is None:
            return
        inputs = [path for path in right if not self._is_upstream(path, self.outputs)]
        for use, outputs in (*self._uses(), *self._multiplied(point, hand, right, inputs)):
            found = self._gradients(self._with(use, outputs, point))
            if found is None or all(_is_nothing(found[path], right[path]) for path in inputs):
                continue
            yield Hypothesis(
                name=use.name,
                what=use.said.format(_named(outputs, of_many=len(self.outputs) > 1)),
                fix=FIX,
                gradients=_where_it_was_done(found, right, hand),
                in_float32=lambda: None,
                derivation=use,
            )

    def _uses(self) -> Iterator[tuple[_Use, Outputs]]:
        """The wrong uses, each with the outputs that it is of."""
        for use in IN_ALL:
            yield use, self.outputs
        if len(self.outputs) > 1:
            for use in IN_ONE:
                for output in self.outputs:
                    yield use, (output,)

    def _multiplied(
        self, point: Point, hand: Results, right: Results, inputs: list[Path]
    ) -> Iterator[tuple[_Use, Outputs]]:
        """A factor of few digits in the place of an upstream gradient that is one number."""
        upstream = [
            as_array(leaf)
            for path, leaf in leaves(point.parameters).items()
            if self._is_upstream(path, self.outputs)
        ]
        if len(upstream) > 1 or upstream[0].size != 1:
            return
        own = float(upstream[0].reshape(()))
        wrong = [p for p in inputs if p in hand and not _is_near(hand[p], right[p])]
        factors = {own * _ratio(hand[p], right[p]) for p in wrong}
        typed = {_typed(factor) for factor in factors}
        if len(typed) == 1 and not typed & {0.0, 1.0}:
            yield _constant(typed.pop()), self.outputs

    def _with(self, use: _Use, outputs: Outputs, point: Point) -> Point:
        """The point with the upstream gradients that a wrong use amounts to."""

        def changed(path: Path, leaf: Any) -> Any:
            return use.change(path, leaf) if self._is_upstream(path, outputs) else leaf

        return point._replace(parameters=rebuilt(point.parameters, changed))

    @staticmethod
    def _is_upstream(path: Path, outputs: Outputs) -> bool:
        """True for the upstream gradient of one of these outputs, or a part of it."""
        return any(path[: len(output)] == output for output in outputs)

    def _gradients(self, point: Point) -> Results | None:
        def compute() -> Results:
            _value, gradients = differentiate(self.loss, *point)
            return {path: as_float64(gradient) for path, gradient in gradients.items()}

        found = attempt(compute)
        return None if isinstance(found, Raised) else found


def _where_it_was_done(found: Results, right: Results, hand: Results) -> Results:
    """The gradients by a mistake, in the blocks that are near to it, or in all where none is."""
    made = {path for path, values in hand.items() if _is_near(values, found[path])}
    return {path: found[path] if path in made or not made else right[path] for path in found}


def _is_near(hand: A, other: A) -> bool:
    if hand.shape != other.shape:
        return False
    return float(np.linalg.norm(hand - other)) <= NEAR * float(np.linalg.norm(other))


def _is_nothing(found: A, right: A) -> bool:
    """True where it is zero to rounding, which other mistakes are as well."""
    return float(np.abs(found).max(initial=0.0)) <= NOTHING * np.abs(right).max(initial=0.0)


def _ratio(hand: A, right: A) -> float:
    """The factor between the two; 0 where there is none."""
    square = float(np.vdot(right, right))
    return float(np.vdot(right, hand)) / square if hand.shape == right.shape and square else 0.0


def _typed(factor: float) -> float:
    """The factor in two digits, or one over a whole number; 1 where it is neither."""
    divisor = max(1, round(1 / abs(factor))) if factor else 1
    for typed in (float(f"{factor:.2g}"), float(round(factor)), float(np.sign(factor)) / divisor):
        if abs(factor - typed) <= TYPED * abs(factor):
            return typed
    return 1.0


def _constant(factor: float) -> _Use:
    return _Use(
        "upstream gradient left out + a constant factor",
        f"{{}} is left out, and the rest multiplied by {factor:.4g}",
        partial(_left_out, factor=factor),
    )


def _named(outputs: Outputs, *, of_many: bool) -> str:
    """The upstream gradients in words."""
    if len(outputs) == 1 and of_many:
        return f"the upstream gradient of {name_of(outputs[0])}"
    return "the upstream gradient"
