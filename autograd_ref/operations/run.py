"""A differentiable PyTorch operation under test: its forward pass, and its backward pass.

PyTorch's engine mends what a backward pass returns: a gradient of a larger shape is summed, another
dtype is cast. So the backward pass is called as the engine would call it, but directly, where the
operation is a torch.autograd.Function or a custom operator and nothing is wrapped around it; and
through the engine elsewhere.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from types import FunctionType, MethodType
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from autograd_ref.operations.inputs import Arguments, Callee, Operation
from autograd_ref.torch_internals import function_of, has_no_memory, has_outputs, is_custom_operator
from autograd_ref.tree.nest import Path, leaves, require_end

Gradients = list[Tensor | None]
"""By the differentiable inputs, in their order; None stands for zero."""


class Forward(NamedTuple):
    """One call of an operation, before its backward pass."""

    operation: Operation
    arguments: Arguments
    outputs: dict[Path, Tensor]
    """With their history; indices and masks too."""


def forward(operation: Operation, callee: Callee, arguments: Arguments) -> Forward:
    """The forward pass, recorded.

    Raises:
        TypeError: it returns something else than tensors.
    """
    with torch.enable_grad():
        return Forward(operation, arguments, tensors_in(callee(arguments), operation))


def backward(
    done: Forward,
    upstream: Mapping[Path, Tensor],
    inputs: Sequence[Tensor],
    *,
    by_engine: bool = False,
) -> Gradients:
    """The backward pass; the graph is kept.

    Args:
        done: the forward pass.
        upstream: for outputs by their places, the derivative of what follows by each.
        inputs: those among the arguments whose gradients are asked for; those that do not require
            grad have none.
        by_engine: True where it must not be called directly.

    Raises:
        TypeError: none of these outputs requires grad.
    """
    # where it returns too few or too many, what there is can still be judged
    pairs = [(done.outputs[p], u) for p, u in upstream.items() if p in done.outputs]
    pairs = [(output, u) for output, u in pairs if output.requires_grad]
    if not pairs:
        raise TypeError(
            f"{name_of(done.operation)} returned nothing that requires grad; it needs a backward"
            " pass"
        )
    gradients = None if by_engine else _directly(done, pairs, inputs)
    return _through_the_engine(pairs, inputs) if gradients is None else gradients


def tensors_in(returned: object, operation: Operation) -> dict[Path, Tensor]:
    """The tensors that an operation returned, by their places; None in their midst is no output.

    Raises:
        TypeError: there is no tensor, or one that is sparse or has no values.
    """
    require_end({f"what {name_of(operation)} returned": returned})
    outputs = leaves(returned)
    tensors = {place: leaf for place, leaf in outputs.items() if isinstance(leaf, Tensor)}
    if not tensors:
        found = type(next(iter(outputs.values()), returned)).__name__
        raise TypeError(
            f"{name_of(operation)} returned {found}; it needs to return a tensor, or a nest of"
            " tensors"
        )
    for tensor in tensors.values():
        if tensor.layout != torch.strided or tensor.is_meta:
            raise TypeError(
                f"{name_of(operation)} returned a tensor of {tensor.layout} on {tensor.device}; it"
                " needs to return dense ones, with values"
            )
    return tensors


def others_in(returned: object) -> dict[Path, object]:
    """The numbers, strings and so on that an operation returned beside its tensors."""
    found = leaves(returned)
    return {place: leaf for place, leaf in found.items() if not isinstance(leaf, Tensor)}


def name_of(operation: Any) -> str:
    """The name of an operation, for messages: as a user would type it, without where it was made.

    >>> name_of(torch.sin), name_of(torch.Tensor.sin)
    ('torch.sin', 'sin')
    """
    if isinstance(operation, partial):
        return name_of(cast("partial[Any]", operation).func)
    function = getattr(operation, "__self__", None)
    if isinstance(function, type) and issubclass(function, torch.autograd.Function):
        return function.__name__
    named = str(getattr(operation, "__qualname__", type(operation).__name__))
    named, last = named.rpartition("<locals>.")[2], named.rpartition(".")[2]
    if getattr(torch, last, None) is operation:
        return f"torch.{last}"
    return named if isinstance(operation, FunctionType | MethodType | type) else last


def _through_the_engine(pairs: list[tuple[Tensor, Tensor]], inputs: Sequence[Tensor]) -> Gradients:
    outputs, upstream = zip(*pairs, strict=True)
    wanted = [leaf for leaf in inputs if leaf.requires_grad]
    returned = torch.autograd.grad(outputs, wanted, upstream, allow_unused=True, retain_graph=True)
    gradients = cast("tuple[Tensor | None, ...]", returned)
    found = [g.clone() if g is not None and has_no_memory(g) else g for g in gradients]
    by_leaf = dict(zip(map(id, wanted), found, strict=True))
    return [by_leaf.get(id(leaf)) for leaf in inputs]


def _directly(
    done: Forward, pairs: list[tuple[Tensor, Tensor]], inputs: Sequence[Tensor]
) -> Gradients | None:
    """The result of the backward pass itself; None where it cannot be called on its own."""
    node: Any = pairs[0][0].grad_fn
    function, arguments = function_of(node), done.arguments.positional
    if function is None or not _is_alone(node, done, pairs):
        return None
    if not _is_its_own(done.operation, function):
        return None
    along = {id(output): upstream for output, upstream in pairs}
    outputs = done.outputs.values()
    incoming = [along[id(y)] if id(y) in along else torch.zeros_like(y) for y in outputs]
    with torch.no_grad():
        returned: Any = function.backward(node, *incoming)
    gradients: Gradients = [*returned] if isinstance(returned, tuple) else [returned]
    if len(gradients) < len(arguments):
        return None  # the engine has its own words for that
    found = [gradients[_place(leaf, arguments)] for leaf in inputs]
    if any(g is not None and g.device != x.device for g, x in zip(found, inputs, strict=True)):
        return None  # and for that
    return found


def _is_its_own(operation: Operation, function: type) -> bool:
    """True where the operation is the function's apply, or the custom operator it was made for.

    What else calls it may give it other arguments, in other places.
    """
    if function.backward is torch.autograd.Function.backward:  # it defines vjp instead
        return False
    return getattr(operation, "__self__", None) is function or is_custom_operator(operation)


def _is_alone(node: Any, done: Forward, pairs: list[tuple[Tensor, Tensor]]) -> bool:
    """True where the arguments go in, and all outputs come out, at this very node."""
    if not has_outputs(node, len(done.outputs)):
        return False
    if any(output.grad_fn is not node for output, _upstream in pairs):
        return False
    given = [leaf for leaf in leaves(done.arguments).values() if isinstance(leaf, Tensor)]
    apart = [leaf for leaf in done.arguments.positional if isinstance(leaf, Tensor)]
    inputs = [getattr(edge, "variable", None) for edge, _number in node.next_functions]
    return len(inputs) == len(given) == len(apart) and all(
        (mine is leaf) if leaf.requires_grad else (mine is None)
        for mine, leaf in zip(inputs, given, strict=True)
    )


def _place(leaf: Tensor, arguments: Sequence[object]) -> int:
    return next(i for i, argument in enumerate(arguments) if argument is leaf)
