"""A differentiable PyTorch operation under test: called once, forward and backward.

PyTorch's engine mends what a backward pass returns: a gradient of a larger shape is summed, another
dtype is cast. So the backward pass is called as the engine would call it, but directly, where the
operation is a torch.autograd.Function or a custom operator and nothing is wrapped around it; and
through the engine elsewhere.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from autograd_ref.torch_internals import function_of, has_outputs, is_custom_operator

Operation = Callable[..., Any]


class Outcome(NamedTuple):
    """The result of one call."""

    outputs: list[Tensor]
    """Detached; indices and masks too."""
    gradients: list[Tensor | None]
    """By the differentiable inputs, in their order; None stands for zero."""


def run(
    operation: Operation, arguments: Sequence[object], leaves: list[Tensor], upstream: list[Tensor]
) -> Outcome:
    """Forward, then backward.

    Args:
        operation: takes the arguments; returns a tensor, or a tuple or list of them.
        arguments: all of them, in their order.
        leaves: those among the arguments whose gradients are asked for, which require grad.
        upstream: for each output of a floating-point dtype, the derivative of what follows by it.

    Raises:
        TypeError: it returns something else than tensors, or nothing that requires grad.
    """
    with torch.enable_grad():
        outputs = tensors_in(operation(*arguments), operation)
    floats = [output for output in outputs if output.is_floating_point()]
    # where it returns too few or too many, what there is can still be judged
    pairs = [(o, u) for o, u in zip(floats, upstream, strict=False) if o.requires_grad]
    if not pairs:
        raise TypeError(
            f"{name_of(operation)} returned nothing that requires grad; it needs a backward pass"
        )
    gradients = _directly(operation, outputs, pairs, arguments, leaves)
    if gradients is None:
        gradients = _through_the_engine(pairs, leaves)
    return Outcome([output.detach() for output in outputs], gradients)


def tensors_in(returned: object, operation: Operation) -> list[Tensor]:
    """The tensors that an operation returned, as a list.

    Raises:
        TypeError: there is something else than tensors.
    """
    several = isinstance(returned, tuple | list)
    outputs = list(cast("Sequence[object]", returned)) if several else [returned]
    for output in outputs:
        if not isinstance(output, Tensor):
            raise TypeError(
                f"{name_of(operation)} returned {type(output).__name__}; it needs to return a"
                " tensor, or a tuple of tensors"
            )
    return cast("list[Tensor]", outputs)


def name_of(operation: Operation) -> str:
    """The name of an operation, for messages."""
    return str(getattr(operation, "__qualname__", type(operation).__name__))


def _through_the_engine(
    pairs: list[tuple[Tensor, Tensor]], leaves: list[Tensor]
) -> list[Tensor | None]:
    outputs, upstream = zip(*pairs, strict=True)
    found = torch.autograd.grad(outputs, leaves, upstream, allow_unused=True)
    return list(cast("tuple[Tensor | None, ...]", found))


def _directly(
    operation: Operation,
    outputs: list[Tensor],
    pairs: list[tuple[Tensor, Tensor]],
    arguments: Sequence[object],
    leaves: list[Tensor],
) -> list[Tensor | None] | None:
    """The result of the backward pass itself; None where it cannot be called on its own."""
    node: Any = pairs[0][0].grad_fn
    function = function_of(node)
    if function is None or not _is_alone(node, outputs, pairs, arguments):
        return None
    if not _is_its_own(operation, function):
        return None
    along = {id(output): upstream for output, upstream in pairs}
    incoming = [along.get(id(output), torch.zeros_like(output)) for output in outputs]
    with torch.no_grad():
        returned: Any = function.backward(node, *incoming)
    gradients: list[Tensor | None] = [*returned] if isinstance(returned, tuple) else [returned]
    if len(gradients) < len(arguments):
        return None  # the engine has its own words for that
    found = [gradients[_place(leaf, arguments)] for leaf in leaves]
    if any(g is not None and g.device != x.device for g, x in zip(found, leaves, strict=True)):
        return None  # and for that
    return found


def _is_its_own(operation: Operation, function: type) -> bool:
    """True where the operation is the function's apply, or the custom operator it was made for.

    What else calls it may give it other arguments, in other places.
    """
    if function.backward is torch.autograd.Function.backward:  # it defines vjp instead
        return False
    return getattr(operation, "__self__", None) is function or is_custom_operator(operation)


def _is_alone(
    node: Any,
    outputs: list[Tensor],
    pairs: list[tuple[Tensor, Tensor]],
    arguments: Sequence[object],
) -> bool:
    """True where the arguments go in, and all outputs come out, at this very node."""
    if not has_outputs(node, len(outputs)):
        return False
    if any(output.grad_fn is not node for output, _upstream in pairs):
        return False
    given = [argument for argument in arguments if isinstance(argument, Tensor)]
    inputs = [getattr(edge, "variable", None) for edge, _number in node.next_functions]
    return len(inputs) == len(given) and all(
        (mine is leaf) if leaf.requires_grad else (mine is None)
        for mine, leaf in zip(inputs, given, strict=True)
    )


def _place(leaf: Tensor, arguments: Sequence[object]) -> int:
    return next(i for i, argument in enumerate(arguments) if argument is leaf)
