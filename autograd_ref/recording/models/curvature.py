"""The model of a product with a Hessian: the derivative along v, and Gauss-Newton products."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.reference.model import Discrepancy, Hypothesis
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import evaluated
from autograd_ref.rounding.monte_carlo import as_float64
from autograd_ref.tree.nest import leaves
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt, user_code

MOST = 40
"""Values of the loss that are asked about, of the last ones: what a loss ends with. Chosen."""


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
        """Yield the products in which a value of the loss has no second derivative of its own."""
        found = attempt(lambda: [*self._gauss_newton(seen.point)])
        for product in [] if isinstance(found, Raised) else found:
            yield Hypothesis(
                name="Gauss-Newton",
                what="the second derivatives of what the loss is computed from, its residuals or"
                " outputs, are left out: the Gauss-Newton matrix",
                fix="add them, each times the derivative of the loss by it; or leave it, if the"
                " Gauss-Newton matrix is what is meant",
                gradients=product,
                in_float32=lambda: None,
            )
        yield from super().hypotheses(seen)

    def _gauss_newton(self, point: Point) -> Iterator[Results]:
        """Yield H v less the part that comes of the second derivatives of one value of the loss."""
        seen = _Dependents()
        value, inputs, _beside = evaluated(self._loss_itself, *point, mode=seen)
        ways = leaves(self._v)
        along = [torch.as_tensor(ways[path]).to(leaf) for path, leaf in inputs.items()]
        x = [*inputs.values()]
        right = _moved(value, None, x, along)
        parts = [_curvature(h, value, x, along) for h in seen.found[-MOST:]]
        for part in parts:
            if right is not None and part is not None:
                yield {
                    path: as_float64(whole - own)
                    for path, whole, own in zip(inputs, right, part, strict=True)
                }


class _Dependents(TorchFunctionMode):
    """While it is active, it keeps the values that depend on the parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Tensor] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        result: object = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.requires_grad:
            self.found.append(result)
        return result


def _curvature(
    h: Tensor, value: Tensor, inputs: list[Tensor], along: list[Tensor]
) -> list[Tensor] | None:
    """The part of H v that comes of the second derivatives of h.

    None where h has none, or where the loss is linear in h: then h is a term of it.
    """
    (by_h,) = _gradient(value, [h], create_graph=True)
    if not by_h.requires_grad:
        return None
    return _moved(h, by_h.detach(), inputs, along)


def _moved(
    value: Tensor, upstream: Tensor | None, inputs: list[Tensor], along: list[Tensor]
) -> list[Tensor] | None:
    """How the gradient of a value, times an upstream gradient, changes along a direction."""
    first = _gradient(value, inputs, upstream, create_graph=True)
    slope = torch.stack([(g * v).sum() for g, v in zip(first, along, strict=True)]).sum()
    return _gradient(slope, inputs) if slope.requires_grad else None


def _gradient(
    value: Tensor,
    inputs: list[Tensor],
    upstream: Tensor | None = None,
    *,
    create_graph: bool = False,
) -> list[Tensor]:
    with user_code():  # a backward pass may be theirs
        return list(
            torch.autograd.grad(
                value,
                inputs,
                upstream,
                retain_graph=True,
                create_graph=create_graph,
                materialize_grads=True,
            )
        )
