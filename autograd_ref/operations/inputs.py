"""The arguments of an operation: positions, keywords, the parameters of a module; nests in each."""

import inspect
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import takewhile
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.user_code import Raised, attempt, user_code

Operation = Callable[..., Any]

DIFFERENTIABLE = frozenset(
    (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex128, torch.complex64)
)
"""The dtypes whose rounding is known."""


DOCUMENTED = re.compile(r"\s*(?P<name>\w+)\((?P<arguments>[^*)]*)")
"""A call as it begins the docstrings of functions written in C, up to what has no place."""

STATE = "state"
"""The first key of the place of a module's parameter."""


class Arguments(NamedTuple):
    """All that an operation is called with."""

    positional: tuple[object, ...]
    keywords: Mapping[str, object]
    state: Mapping[str, object]
    """The parameters of a module, by their names; empty for other operations."""


class Callee(NamedTuple):
    """An operation, whatever it is, as a function of its arguments."""

    operation: Operation
    """A module is a copy of the caller's."""

    def __call__(self, given: Arguments) -> object:
        """Return what the operation returns."""
        if not isinstance(self.operation, torch.nn.Module):
            return self.operation(*given.positional, **given.keywords)
        state = cast("dict[str, Tensor]", given.state)
        return torch.func.functional_call(
            self.operation, state, given.positional, dict(given.keywords)
        )


def as_callee(operation: Operation) -> Callee:
    """The operation as a function of its arguments."""
    return Callee(deepcopy(operation) if isinstance(operation, torch.nn.Module) else operation)


def in_double(operation: Operation) -> Callee:
    """Likewise; what a module has in other formats becomes float64."""
    found = as_callee(operation)
    if isinstance(found.operation, torch.nn.Module):
        _ = found.operation.double()
    return found


def shared_state(function: Operation, reference: Operation) -> dict[str, object]:
    """The parameters of two modules that have the same ones; empty for anything else."""
    found = [
        {name: p for name, p in one.named_parameters() if p.requires_grad}
        if isinstance(one, torch.nn.Module)
        else dict[str, Tensor]()
        for one in (function, reference)
    ]
    shapes = [{name: p.shape for name, p in one.items()} for one in found]
    return dict(found[0]) if shapes[0] == shapes[1] else {}


def spread(reference: Operation, inputs: tuple[object, ...]) -> tuple[object, ...]:
    """The inputs, taken out of the one tuple that gradcheck has them in.

    Where the reference does not take one argument, and takes as many as are in the tuple.
    """
    if len(inputs) != 1 or type(inputs[0]) is not tuple:
        return inputs
    inside = cast("tuple[object, ...]", inputs[0])
    try:
        signature = signature_of(reference)
    except ValueError:  # some that are written in C do not say
        signature = None
    if signature is None or any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        return inputs if _runs(reference, inputs) or not _runs(reference, inside) else inside
    return inputs if _fits(signature, inputs) or not _fits(signature, inside) else inside


def _fits(signature: inspect.Signature, inputs: tuple[object, ...]) -> bool:
    try:
        _ = signature.bind(*inputs)
    except TypeError:
        return False
    return True


def _runs(reference: Operation, inputs: tuple[object, ...]) -> bool:
    def called() -> object:
        with user_code():
            return reference(*(rebuilt(given, copied_leaf) for given in inputs))

    return not isinstance(attempt(called), Raised)


def signature_of(operation: Operation) -> inspect.Signature:
    """The signature; of a module, that of its forward."""
    takes = operation.forward if isinstance(operation, torch.nn.Module) else operation
    return inspect.signature(takes)


def names_of_inputs(reference: Operation, count: int, *, taken: set[str]) -> list[str]:
    """The names of the reference's arguments, where it or its docstring has as many; or numbers."""
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = signature_of(reference).parameters.values()
    except ValueError:  # some that are written in C do not say
        found = _documented(reference)
    else:
        found = [parameter.name for parameter in parameters if parameter.kind in by_place]
    if len(found) < count or taken & set(found[:count]):
        return [f"input_{i}" for i in range(count)]
    return found[:count]


def _documented(operation: Operation) -> list[str]:
    """The names of positional arguments in a docstring that begins with a call."""
    found = DOCUMENTED.match(operation.__doc__ or "")
    if found is None or found["name"] != getattr(operation, "__name__", ""):
        return []
    names = [re.split("[=:]", argument)[0].strip() for argument in found["arguments"].split(",")]
    of_method = ["self"] if inspect.ismethoddescriptor(operation) else []
    return [*of_method, *takewhile(str.isidentifier, names)]


def differentiable(arguments: Arguments, names: Mapping[Path, str]) -> list[Path]:
    """The places of the tensors to differentiate by: those that require grad, or else all.

    The parameters of a module come beside them.

    Args:
        arguments: all of them.
        names: how each tensor is called in messages, by its place.

    Raises:
        TypeError: there is none, or one that requires grad has a dtype that cannot be judged.
    """
    tensors = {p: leaf for p, leaf in leaves(arguments).items() if isinstance(leaf, Tensor)}
    for place, tensor in tensors.items():
        usable = tensor.dtype in DIFFERENTIABLE and tensor.layout == torch.strided
        wanted = tensor.requires_grad or (len(tensors) == 1 and tensor.is_floating_point())
        if wanted and not usable:
            kind = tensor.dtype if tensor.layout == torch.strided else tensor.layout
            raise TypeError(
                f"{names[place]} is of {kind}; it needs to be a dense tensor of"
                " float64, float32, float16, bfloat16, complex128 or complex64 to differentiate by"
            )
    usable = [
        p
        for p, tensor in tensors.items()
        if tensor.dtype in DIFFERENTIABLE and tensor.layout == torch.strided
    ]
    given = [p for p in usable if p[0] != STATE]
    wanted = [p for p in given if tensors[p].requires_grad] or given
    wanted += [p for p in usable if p[0] == STATE]
    if not wanted:
        raise TypeError(
            "inputs holds no tensor of a floating-point or complex dtype; it needs one to"
            f" differentiate by{_made_of(arguments)}"
        )
    return wanted


def _made_of(arguments: Arguments) -> str:
    """How to make tensors of arrays and numbers that were given instead; empty without any."""
    for leaf in leaves(arguments).values():
        if isinstance(leaf, np.ndarray):
            return ": pass torch.from_numpy of the arrays"
        if isinstance(leaf, float):
            return ": pass torch.tensor of the numbers"
    return ""


def copied_leaf(_path: Path, given: object) -> object:
    """A tensor without its history; anything else as it is."""
    return given.detach().clone() if isinstance(given, Tensor) else given


def wide(tensor: Tensor) -> Tensor:
    """A copy with every digit that float64 has; of integers as they are."""
    found = tensor.detach().clone()
    if found.is_complex():
        return found.to(torch.complex128)
    return found.double() if found.is_floating_point() else found
