"""Derivatives of a loss along a direction, and its gradient with a history of its own."""

from typing import Any

from autograd_ref.calls.call import Gradients
from autograd_ref.given_gradient import gradients_in
from autograd_ref.reference.differences.numerical import slope
from autograd_ref.reference.directional import typical
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import alone
from autograd_ref.tree.leaf import as_array, is_tensor
from autograd_ref.tree.nest import leaves, rebuilt

LARGEST_STEP = 0.1
"""The largest step of a derivative of a NumPy loss along v, relative to x. Chosen."""


def slope_of_loss(loss: Loss, parameters: Any, v: Any, data: tuple[Any, ...]) -> object:
    """The derivative of a loss along v: by autograd in PyTorch, by differences in NumPy."""
    arrays, ways = leaves(parameters), leaves(v)
    value = alone(loss(parameters, *data))[0]
    if any(map(is_tensor, arrays.values())):
        return _slope_in_torch(value, [*arrays.values()], [*ways.values()])

    def at(t: Any) -> Any:
        moved = rebuilt(parameters, lambda path, leaf: leaf + t * as_array(ways[path]))
        return alone(loss(moved, *data))[0]

    return slope(at, LARGEST_STEP * typical(*arrays.values())).value


def _slope_in_torch(value: Any, inputs: list[Any], ways: list[Any]) -> object:
    import torch  # loaded already, or there would be no tensor

    found = gradients_of_loss(value, inputs)
    along = [_like(way, gradient) for gradient, way in zip(found, ways, strict=True)]
    # a report quotes these names
    terms = [(gradient * v).sum() for gradient, v in zip(found, along, strict=True)]
    return torch.stack(terms).sum()


def gradients_of_loss(value: Any, inputs: list[Any]) -> list[Any]:
    """The gradient of a loss in PyTorch by each of some tensors, with a history of its own."""
    import torch  # loaded already, or there would be no tensor

    if not value.requires_grad:  # it does not depend on them
        return list(map(torch.zeros_like, inputs))
    return [*torch.autograd.grad(value, inputs, create_graph=True, materialize_grads=True)]


def slope_of_gradients(
    gradients: Gradients, parameters: Any, v: Any, data: tuple[Any, ...]
) -> object:
    """The product of a gradient and v."""
    ways, found = leaves(v), gradients_in(gradients(parameters, *data), parameters)
    return sum(
        (g * (_like(ways[path], g) if is_tensor(g) else as_array(ways[path]))).sum()
        for path, g in found.items()
    )


def _like(way: Any, gradient: Any) -> Any:
    import torch  # loaded already, or there would be no tensor

    return torch.as_tensor(way).detach().to(gradient)
