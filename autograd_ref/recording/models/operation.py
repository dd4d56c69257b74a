"""The model of an operation: its upstream gradients, and the steps of its reference."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.recording.models.upstream import (
    UPSTREAM,
    Outputs,
    Use,
    Words,
    is_near,
    multiplied,
    named,
    uses,
)
from autograd_ref.reference.model import Discrepancy, Hypothesis, WrongGradient
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import differentiate, evaluated
from autograd_ref.rounding.monte_carlo import as_float64
from autograd_ref.torch_internals import gradients_of
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

NOTHING = 1e-6
"""The part of the right gradient below which what a mistake gives is rounding. Chosen."""


class OperationModel(TorchModel):
    """A differentiable operation, of which its upstream gradients are known.

    Args:
        loss: the sum of the outputs of the reference, each times its upstream gradient.
        outputs: the paths of the upstream gradients among the parameters of the loss.
        words: how these are called.
    """

    def __init__(self, loss: Loss, outputs: Mapping[Path, object], words: Words = UPSTREAM) -> None:
        super().__init__(loss)
        self._words = words
        self.outputs = tuple(outputs)
        self._by_inputs = TorchModel(self._loss_by_inputs)

    def hypotheses(self, seen: Discrepancy, /) -> Iterator[Hypothesis]:
        """Yield wrong uses of the upstream gradient, and small constants left out."""
        point, hand = seen.point, seen.hand
        right = self._gradients_of(point)
        if right is None:
            return
        inputs = self._some(right)
        upstream = {p: a for p, a in leaves(point.parameters).items() if self._is_upstream(p)}
        further = ((use, self.outputs) for use in multiplied(upstream, hand, inputs))
        for use, outputs in (*uses(self.outputs, self._words.in_one), *further):
            found = self._gradients_of(self._with(use, outputs, point))
            if found is None or all(_is_nothing(found[path], inputs[path]) for path in inputs):
                continue
            yield Hypothesis(
                name=use.name,
                what=use.said.format(named(outputs, self._words, of_many=len(self.outputs) > 1)),
                fix=self._words.fix,
                gradients=_where_it_was_done(found, right, hand),
                in_float32=lambda: None,
                derivation=use,
            )
        outputs = {p: a for p, a in right.items() if self._is_upstream(p)}
        for found in self._by_inputs.hypotheses(seen._replace(point=self._apart(point))):
            gradients = {**found.gradients, **outputs}
            yield found._replace(gradients=gradients, derivation=None)

    def compose(self, _one: Hypothesis, _two: Hypothesis, /) -> None:
        """Return nothing: what is done to an upstream gradient is done once."""

    def slips(self, wrong: WrongGradient, most: int, /) -> Iterator[Hypothesis]:
        """Yield wrong steps of the backward pass: where all outputs are right, they stay so.

        Args:
            wrong: the gradient.
            most: how many at once.
        """
        if any(self._is_upstream(path) for path in wrong.wrong):
            yield from super().slips(wrong, most)
            return
        outputs = {p: a for p, a in wrong.right.items() if self._is_upstream(p)}

        def again() -> tuple[Point, Results, Results] | None:
            there = wrong.again()
            return there and (self._apart(there[0]), self._some(there[1]), self._some(there[2]))

        found = wrong._replace(
            point=self._apart(wrong.point),
            hand=self._some(wrong.hand),
            right=self._some(wrong.right),
            again=again,
        )
        steps = [*self._by_inputs.slips(found, most)]
        for one in steps:
            yield one._replace(gradients={**one.gradients, **outputs})
        if most == 1 and not steps:
            yield from self._not_transposed(wrong.point, wrong.right)

    def not_followed(self, point: Point, right: Results, /) -> str:
        """Return what stopped the recording of the reference."""
        return self._by_inputs.not_followed(self._apart(point), self._some(right))

    def _not_transposed(self, point: Point, right: Results) -> Iterator[Hypothesis]:
        """Yield the Jacobian times the upstream gradient, for inputs of the shape of the output."""
        for path, back in right.items():
            alike = [o for o in self.outputs if o in right and right[o].shape == back.shape]
            if self._is_upstream(path) or len(self.outputs) > 1 or not alike:
                continue
            found = attempt(lambda path=path: self._forwards(point, path, self.outputs[0]))
            if isinstance(found, Raised) or found is None or _is_nothing(found - back, back):
                continue
            yield Hypothesis(
                name="a Jacobian not transposed",
                what="the derivative of the operation is taken forwards, as it moves the output"
                " along the upstream gradient, and is not transposed",
                fix="send the upstream gradient back: by A.T where the output is A @ x, rotated the"
                " other way, summed from the other end",
                gradients={**right, path: found},
                in_float32=lambda: None,
            )

    def _forwards(self, point: Point, path: Path, output: Path) -> NDArray[np.float64] | None:
        """How far the output moves as an input moves along the upstream gradient."""
        value, inputs, _others = evaluated(self.loss, *point, mode=nullcontext())
        (back,) = torch.autograd.grad(
            value, inputs[path], create_graph=True, materialize_grads=True
        )
        moved = (back * inputs[output].detach()).sum()
        # an input without an effect moves nothing
        (found,) = gradients_of(moved, [inputs[output]]) if moved.requires_grad else (None,)
        return None if found is None else as_float64(found)

    def _with(self, use: Use, outputs: Outputs, point: Point) -> Point:
        """The point with the upstream gradients that a wrong use amounts to."""

        def changed(path: Path, leaf: Any) -> Any:
            wrong = any(path[: len(output)] == output for output in outputs)
            return use.change(path, leaf) if wrong else leaf

        return point._replace(parameters=rebuilt(point.parameters, changed))

    def _is_upstream(self, path: Path) -> bool:
        """True for the upstream gradient of an output, or a part of it."""
        return any(path[: len(output)] == output for output in self.outputs)

    def _loss_by_inputs(self, inputs: dict[str, Any], upstream: dict[str, Any]) -> Tensor:
        return self.loss({**upstream, **inputs})

    def _apart(self, point: Point) -> Point:
        """The point with the inputs as parameters, and the upstream gradients as data."""
        roots = {output[0] for output in self.outputs}
        inputs = {k: v for k, v in point.parameters.items() if k not in roots}
        upstream = {k: v for k, v in point.parameters.items() if k in roots}
        return Point(inputs, (upstream,))

    def _some(self, gradients: Results) -> Results:
        """The gradients by the inputs."""
        return {p: a for p, a in gradients.items() if not self._is_upstream(p)}

    def _gradients_of(self, point: Point) -> Results | None:
        def compute() -> Results:
            _value, gradients = differentiate(self.loss, *point)
            return {path: as_float64(gradient) for path, gradient in gradients.items()}

        found = attempt(compute)
        return None if isinstance(found, Raised) else found


def _where_it_was_done(found: Results, right: Results, hand: Results) -> Results:
    """The gradients by a mistake, in the blocks that are near to it, or in all where none is."""
    made = {path for path, values in hand.items() if is_near(values, found[path])}
    return {path: found[path] if path in made or not made else right[path] for path in found}


def _is_nothing(found: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    """True where it is zero to rounding, which other mistakes are as well."""
    return float(np.abs(found).max(initial=0.0)) <= NOTHING * np.abs(right).max(initial=0.0)
