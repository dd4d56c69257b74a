"""The model of a product with a Hessian: the derivative along v, and Gauss-Newton products."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograd_ref.recording.models.second_derivatives import Operations, SumOverOperations, gradient
from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.reference.effort.budget import Budget
from autograd_ref.reference.model import Discrepancy, Hypothesis
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import evaluated
from autograd_ref.rounding.monte_carlo import as_float64
from autograd_ref.tree.nest import leaves
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

MOST = 40
"""Values of the loss that are asked about, of the last ones: what a loss ends with. Chosen."""

GAUSS_NEWTON = (
    "Gauss-Newton",
    "the second derivatives of what the loss is computed from, its residuals or outputs, are left"
    " out: the Gauss-Newton matrix",
    "add them, each times the derivative of the loss by it; or leave it, if the Gauss-Newton matrix"
    " is what is meant",
)

MIXED = "mixed second derivatives by both operands of"

ALTERED = (
    (0.0, "a second derivative left out", "are left out", "add that term"),
    (-1.0, "a second derivative's sign", "have the wrong sign", "flip the sign of that term"),
    (2.0, "a second derivative twice", "are counted twice", "divide that term by 2"),
    (0.5, "a second derivative halved", "are counted half", "multiply that term by 2"),
)
"""Factors of one term of the chain rule of second derivatives."""


class CurvatureModel(TorchModel):
    """A product with the Hessian of a PyTorch loss.

    Args:
        along: the derivative of the loss along v, whose gradient is the product.
        loss: the loss.
        v: the direction, of the form of the parameters.
    """

    def __init__(self, along: Loss, loss: Loss, v: Any) -> None:
        super().__init__(along)
        self._loss_itself, self._v = loss, v

    def hypotheses(self, seen: Discrepancy, /) -> Iterator[Hypothesis]:
        """Yield the products that lack second derivatives, or have some with another sign."""
        budget = Budget()
        with budget.running():
            found = attempt(lambda: [*self._other_terms(seen.point, budget)])
        yield from [] if isinstance(found, Raised) else found
        yield from super().hypotheses(seen)

    def _other_terms(self, point: Point, budget: Budget) -> Iterator[Hypothesis]:
        recorded = Operations()
        value, inputs, _beside = evaluated(self._loss_itself, *point, mode=recorded)
        ways = leaves(self._v)
        along = [torch.as_tensor(ways[path]).to(leaf) for path, leaf in inputs.items()]
        x, operations = [*inputs.values()], recorded.found[-MOST:]
        whole = _moved(value, None, x, along)
        if whole is None:
            return

        def but(part: list[Tensor], times: float) -> Results:
            each = zip(inputs, whole, part, strict=True)
            return {path: as_float64(all_ + (times - 1) * own) for path, all_, own in each}

        told: list[Results] = []
        for operation in budget.each("values", operations):
            part = _curvature(operation.result, value, x, along)
            if part is not None:
                told.append(but(part, 0))
                yield Hypothesis(*GAUSS_NEWTON, told[-1], lambda: None)
        terms = SumOverOperations(value, x, along).parts(budget.each("operations", operations))
        for place, mixed, part in terms:
            if _equal(but(part, 2), but(whole, 2)):
                continue  # all of it: so much is said of the block
            of = f"{MIXED if mixed else 'second derivatives of'} {place}"
            for times, name, said, fix in ALTERED:
                found = but(part, times)
                if not any(_equal(found, one) for one in told):
                    yield Hypothesis(name, f"the {of} {said}", fix, found, lambda: None)


def _equal(one: Results, two: Results) -> bool:
    return all(np.allclose(one[path], two[path], rtol=1e-9, atol=0) for path in one)


def _curvature(
    h: Tensor, value: Tensor, inputs: list[Tensor], along: list[Tensor]
) -> list[Tensor] | None:
    """The part of H v that comes of the second derivatives of h.

    None where h has none, or where the loss is linear in h: then h is a term of it.
    """
    (by_h,) = gradient(value, [h], create_graph=True)
    if not by_h.requires_grad:
        return None
    return _moved(h, by_h.detach(), inputs, along)


def _moved(
    value: Tensor, upstream: Tensor | None, inputs: list[Tensor], along: list[Tensor]
) -> list[Tensor] | None:
    """How the gradient of a value, times an upstream gradient, changes along a direction."""
    first = gradient(value, inputs, upstream, create_graph=True)
    slope = torch.stack([(g * v).sum() for g, v in zip(first, along, strict=True)]).sum()
    return gradient(slope, inputs) if slope.requires_grad else None
