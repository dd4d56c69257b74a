"""A Jacobian by PyTorch: the function once for all outputs that share their parameters."""

from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from autograd_ref.reference.jacobians.copied_inputs import Copies, Index, Output
from autograd_ref.reference.jacobians.outputs import Function, outputs_of
from autograd_ref.reference.kinks import Watch
from autograd_ref.reference.torch_loss import Calculus, as_tensors, evaluated
from autograd_ref.torch_internals import gradients_of
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.point import Point
from autograd_ref.user_code import user_code


def of_rows(copies: Copies) -> Calculus:
    """How a function of several outputs is differentiated, by the copies of its parameters."""
    return Calculus(partial(_value_of, copies), partial(_differentiate, copies))


def outputs_in_torch(function: Function, point: Point) -> Any:
    """The outputs of a function in PyTorch, as arrays; its parameters are no copies."""

    def beside(x: Any, *data: Any) -> tuple[Tensor, Any]:
        return torch.zeros(()), outputs_of(function(x, *data))

    _zero, _inputs, found = evaluated(beside, *point, mode=nullcontext())
    return rebuilt(found, lambda _path, leaf: as_array(leaf))


def _value_of(copies: Copies, function: Function, parameters: Any, data: tuple[Any, ...]) -> float:
    """The sum of all outputs."""
    total = 0.0
    for x, outputs in copies.shared(parameters):
        tensors_of = as_tensors(x, data)
        with tensors_of as (mode, _inputs, arguments), mode, Watch():
            found = _outputs(function, arguments)
            total += sum(float(_number(found, one).detach()) for one in outputs)
    return total


def _differentiate(
    copies: Copies,
    function: Function,
    parameters: Any,
    data: tuple[Any, ...],
    *,
    watch: Watch | None = None,
) -> tuple[Tensor, dict[Path, Tensor]]:
    """The sum of all outputs, and the rows of the Jacobian in the place of the copies."""
    total = torch.zeros((), dtype=torch.float64)
    found_rows: dict[Path, dict[Index, Tensor]] = {path: {} for path in leaves(parameters)}
    for x, outputs in copies.shared(parameters):
        with as_tensors(x, data) as (mode, inputs, arguments):
            with mode, watch or Watch():
                found = _outputs(function, arguments)
                numbers = [(one, _number(found, one)) for one in outputs]
            for (path, index), number in numbers:
                total = total + number.detach().cpu()
                by: Any = [None] * len(inputs)
                if number.requires_grad:  # or it depends on nothing
                    with mode, user_code():
                        by = gradients_of(number, list(inputs.values()), again=True)
                for (p, leaf), gradient in zip(inputs.items(), by, strict=True):
                    row = torch.zeros_like(leaf) if gradient is None else gradient.to_dense()
                    found_rows[*path, *p][index] = row.detach().cpu()
    return total, {
        path: _stacked(rows, as_array(leaf).shape)
        for (path, leaf), rows in zip(leaves(parameters).items(), found_rows.values(), strict=True)
    }


def _stacked(rows: dict[Index, Tensor], shape: tuple[int, ...]) -> Tensor:
    """The rows, in the order of their outputs."""
    if not rows:  # of a function without outputs
        return torch.zeros(shape, dtype=torch.float64)
    return torch.stack([rows[index] for index in sorted(rows)]).reshape(shape)


def _outputs(function: Function, arguments: tuple[Any, ...]) -> dict[Path, Any]:
    with user_code():
        return leaves(outputs_of(function(*arguments)))


def _number(found: dict[Path, Any], output: Output) -> Tensor:
    path, index = output
    return torch.as_tensor(found[path])[index].to(torch.float64)
