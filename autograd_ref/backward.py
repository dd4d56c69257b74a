"""check_backward: a torch.autograd.Function, a custom operator or a kernel, as one more gradient.

The loss is the sum of the outputs, each times a random upstream gradient. Its gradient by an input
is what a backward pass returns; its gradient by an upstream gradient is the output itself. So
outputs and input gradients are the blocks of one gradient, judged like any other.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from autograd_ref.calls.arguments import checked_point
from autograd_ref.calls.operation import Operation, name_of, run, tensors_in
from autograd_ref.calls.trial import Options, Trial
from autograd_ref.check import examine
from autograd_ref.observe.elsewhere import Place
from autograd_ref.reference.torch_loss import torch_loss
from autograd_ref.report.data import Note, listed
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.user_code import as_raised

UPSTREAM_STEP, LARGEST_UPSTREAM = 1 / 32, 3.0
"""Upstream gradients are multiples of the one up to the other: exact in every number format."""

Nest = dict[str, Tensor]
Layout = Callable[[str, Tensor], Tensor]
"""The values of the argument of that name, in some arrangement in memory."""


class _Signature(NamedTuple):
    """The arguments, which of them are differentiable, and how everything is called."""

    arguments: tuple[object, ...]
    inputs: dict[str, int]
    """The places of the differentiable ones."""
    outputs: dict[str, int]
    """The places, among everything returned, of what has a floating-point dtype."""


def check_backward(
    function: Operation, reference: Operation, *inputs: object, seed: int = 0
) -> Report:
    """Compare the outputs and the input gradients of an operation with PyTorch's own operations.

    The operation is called on copies of these inputs, on smaller ones, and on inputs that are not
    contiguous in memory. Its backward pass is called directly where possible, so that a gradient of
    a wrong shape or dtype is seen, which PyTorch's engine would sum or cast silently.

    Args:
        function: a torch.autograd.Function (the class or its apply), a custom operator, or any
            function of the inputs that returns a tensor or a tuple of tensors.
        reference: the same function of the same inputs, written in PyTorch's own operations. It
            gets them in float64, on their device, and autograd differentiates it.
        inputs: tensors of any dtype and memory layout, and other arguments. The gradients are by
            those that require grad; where none does, by all of a floating-point dtype. Tensors in
            lists and other nests are passed on, without a gradient by them.
        seed: for the upstream gradients and for the directions of rounding.

    Returns:
        The report: a block for every output of a floating-point dtype (`output`, or `output_0` and
        so on), of its shape, and one for the gradient by every differentiable input, of the input's
        shape, under the name of reference's argument.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever function or reference raise.

    Examples:
        >>> import torch
        >>> class Cube(torch.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x**3
        ...
        ...     @staticmethod
        ...     def backward(ctx, upstream):
        ...         (x,) = ctx.saved_tensors
        ...         return 3 * x**2  # upstream is forgotten
        >>> report = check_backward(Cube, lambda x: x**3, torch.arange(1.0, 5.0))
        >>> [(block.name, block.verdict) for block in report.blocks]
        [('output', 'match'), ('x', 'mismatch')]
    """
    operation = _as_operation(function)
    _require_functions(function=operation, reference=reference)
    signature, upstream = _signature(reference, inputs, seed)
    originals = {name: cast("Tensor", inputs[i]) for name, i in signature.inputs.items()}

    def loss(parameters: Nest) -> Tensor:
        returned = tensors_in(reference(*_arguments(signature, parameters)), reference)
        return _weighted(signature, returned, parameters)

    def gradients(layout: Layout) -> Callable[[Nest], object]:
        return lambda parameters: _loss_and_gradients(operation, signature, parameters, layout)

    def as_given(name: str, values: Tensor) -> Tensor:
        return _laid_out_like(originals[name], values) if name in originals else values

    nest = {**upstream, **{name: tensor.detach() for name, tensor in originals.items()}}
    point = checked_point(operation, nest, (), loss)
    about = (
        f"autograd of {name_of(reference)}, in float64; the loss is the sum of its outputs, each"
        " times a random upstream gradient"
    )
    against = torch_loss(loss, seed)._replace(about=about)
    elsewhere = Place("with inputs that are not contiguous", gradients(_spread_out), point)

    def examined() -> Report:
        exact, argument = against.evaluate(point), partial(_argument_name, signature)
        trial = Trial(gradients(as_given), against, point, exact, Options(seed), argument)
        return examine(trial, more_places=[elsewhere])

    report = as_raised(examined)
    # no loss: the outputs say it in detail
    return replace(report, loss=None, warnings=(*report.warnings, *_nested(inputs)))


def _require_functions(**given: object) -> None:
    for name, value in given.items():
        if not callable(value):
            raise TypeError(
                f"{name} is of type {type(value).__name__}; it needs to be a function of the inputs"
            )


def _argument_name(signature: _Signature, path: Path) -> str:
    """The name of an argument of the backward pass: a gradient has the name of its output."""
    name = str(path[0])
    return f"the upstream gradient of {name}" if name in signature.outputs else name


def _nested(inputs: tuple[object, ...]) -> list[Note]:
    """The note about tensors inside other arguments."""
    places = [
        f"inputs[{i}]"
        for i, given in enumerate(inputs)
        if not isinstance(given, Tensor)
        and any(isinstance(leaf, Tensor) for leaf in leaves(given).values())
    ]
    if not places:
        return []
    text = (
        f"{listed(places)}: holds tensors, whose gradients are not looked at; give every tensor as"
        " an argument of its own."
    )
    return [Note("not differentiated", text)]


def _as_operation(function: Any) -> Operation:
    if isinstance(function, type) and issubclass(function, torch.autograd.Function):
        return cast("Operation", function.apply)
    return cast("Operation", function)


def _signature(
    reference: Operation, inputs: tuple[object, ...], seed: int
) -> tuple[_Signature, Nest]:
    """The places of arguments and outputs, and an upstream gradient for every output."""
    tensors = {i: given for i, given in enumerate(inputs) if isinstance(given, Tensor)}
    floats = [i for i, tensor in tensors.items() if tensor.is_floating_point()]
    wanted = [i for i in floats if tensors[i].requires_grad] or floats
    if not wanted:
        raise TypeError(
            "inputs holds no tensor of a floating-point dtype; it needs one to differentiate by"
        )
    with torch.no_grad():
        returned = tensors_in(reference(*(rebuilt(given, _copy) for given in inputs)), reference)
    outputs = {
        "output" if len(returned) == 1 else f"output_{i}": i
        for i, output in enumerate(returned)
        if output.is_floating_point()
    }
    if not outputs:
        raise TypeError(
            f"{name_of(reference)} returned no tensor of a floating-point dtype; it needs one"
        )
    names = _names(reference, len(inputs), taken=set(outputs))
    random = torch.Generator().manual_seed(seed)
    upstream = {name: _upstream(returned[i], random) for name, i in outputs.items()}
    return _Signature(inputs, {names[i]: i for i in wanted}, outputs), upstream


def _names(reference: Operation, count: int, *, taken: set[str]) -> list[str]:
    """The names of the reference's arguments, where it has as many; else numbers."""
    try:
        found = list(inspect.signature(reference).parameters)
    except ValueError:  # some that are written in C do not say
        found = []
    if len(found) < count or taken & set(found):
        return [f"input_{i}" for i in range(count)]
    return found[:count]


def _upstream(output: Tensor, random: torch.Generator) -> Tensor:
    normal = torch.randn(output.shape, generator=random, dtype=torch.float64)
    rounded = (normal / UPSTREAM_STEP).round() * UPSTREAM_STEP
    return rounded.clamp(-LARGEST_UPSTREAM, LARGEST_UPSTREAM).to(output)


def _arguments(signature: _Signature, parameters: Nest) -> list[object]:
    """All arguments in their order; with parameters in float64, the others are as well."""
    places = {i: parameters[name] for name, i in signature.inputs.items()}
    wide = all(tensor.dtype == torch.float64 for tensor in places.values())

    def fitting(path: Path, given: object) -> object:
        values = _copy(path, given)
        is_float = isinstance(values, Tensor) and values.is_floating_point()
        return cast("Tensor", values).double() if wide and is_float else values

    return [
        places[i] if i in places else rebuilt(argument, fitting)
        for i, argument in enumerate(signature.arguments)
    ]


def _copy(_path: Path, given: object) -> object:
    return given.detach().clone() if isinstance(given, Tensor) else given


def _weighted(signature: _Signature, returned: list[Tensor], parameters: Nest) -> Tensor:
    """The loss: the sum of the outputs, each times its upstream gradient."""
    terms = [
        (returned[i].double() * parameters[name].double()).sum()
        for name, i in signature.outputs.items()
        if i < len(returned)
    ]
    return torch.stack(terms).sum()


def _loss_and_gradients(
    operation: Operation, signature: _Signature, parameters: Nest, layout: Layout
) -> tuple[float, dict[str, Tensor]]:
    given = {
        name: layout(name, parameters[name].detach()).detach().requires_grad_()
        for name in signature.inputs
    }
    upstream = [layout(name, parameters[name]) for name in signature.outputs]
    arguments = _arguments(signature, given)
    along = {name: parameters[name].clone() for name in signature.outputs}
    outputs, gradients = run(operation, arguments, list(given.values()), upstream)
    found = {
        name: torch.zeros_like(leaf) if gradient is None else gradient
        for (name, leaf), gradient in zip(given.items(), gradients, strict=True)
    }
    for name, i in signature.outputs.items():
        if i < len(outputs):
            found[name] = outputs[i]
    borrowed = [*given.values(), *upstream]
    return _weighted(signature, outputs, along).item(), _owned(found, borrowed)


def _owned(tensors: Nest, borrowed: list[Tensor]) -> Nest:
    """A backward pass may hand on its upstream gradient, or one tensor twice: that is no fault."""
    seen = {tensor.untyped_storage().data_ptr() for tensor in borrowed}
    owned: Nest = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        owned[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return owned


def _laid_out_like(original: Tensor, values: Tensor) -> Tensor:
    """Values with the strides of the original, zero strides included."""
    for dimension, stride in enumerate(original.stride()):
        if stride == 0:
            values = values.narrow(dimension, 0, 1)
    if values.shape != original.shape:
        return values.expand_as(original)
    if values.stride() == original.stride():
        return values
    laid_out = torch.empty_strided(
        original.shape, original.stride(), dtype=values.dtype, device=values.device
    )
    return laid_out.copy_(values)


def _spread_out(_name: str, values: Tensor) -> Tensor:
    """Values with the axes in memory in reverse, and a gap behind every entry."""
    if values.ndim == 0:
        return values
    turned = tuple(reversed(range(values.ndim)))
    reverse = values.permute(turned)
    gaps = torch.zeros((*reverse.shape, 2), dtype=values.dtype, device=values.device)
    gaps[..., 0] = reverse
    return gaps[..., 0].permute(turned)
