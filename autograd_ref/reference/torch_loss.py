"""Autograd of any scalar PyTorch loss over a nest of arrays, in float64 on the values given.

Whatever the number format under test, the reference works on the same values in float64, where its
own rounding is far below. The loss finds tensors in the places of the arrays.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.reference.directional import moved
from autograd_ref.reference.kinks import Watch
from autograd_ref.reference.protocol import Evaluation, Level, Loss, Reference, Tolerances
from autograd_ref.rounding import monte_carlo
from autograd_ref.rounding.in_float64 import InFloat64
from autograd_ref.rounding.tf32 import is_single_on_gpu, may_be_rounded, products_in
from autograd_ref.torch_internals import gradients_of
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, copied, is_tensor
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.number_format import TF32, NumberFormat, rank
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import user_code

A = NDArray[np.float64]


class Calculus(NamedTuple):
    """The two things that are computed of a function: its value, and its derivatives."""

    value_of: Callable[..., float]
    """The value, of (loss, parameters, data)."""
    differentiate: Callable[..., tuple[Tensor, dict[Path, Tensor]]]
    """The value and the gradient by each leaf, of (loss, parameters, data, watch=...)."""


def torch_loss(
    loss: Loss,
    seed: int,
    judged_as: NumberFormat | None = None,
    calculus: Calculus | None = None,
) -> Reference:
    """A PyTorch function of (parameters, *data); its tolerance is measured, not derived.

    Args:
        loss: the function.
        seed: for the directions of rounding.
        judged_as: the number format of the side under test; None is the coarsest of its parameters.
        calculus: another way to differentiate it; None for that of a scalar loss.
    """
    value_of, differentiate = calculus or OF_A_LOSS

    def evaluate(point: Point) -> Evaluation:
        watch = Watch()
        value, found = differentiate(loss, *point, watch=watch)
        exact = [monte_carlo.as_float64(tensor) for tensor in (value, *found.values())]

        def again() -> list[Tensor]:
            value, gradients = differentiate(loss, *point)
            return [value, *gradients.values()]

        @cache
        def number() -> NumberFormat:
            return judged_as or _format_of(partial(value_of, loss), point)

        @cache
        def tolerances(level: Level) -> Tolerances:
            of_loss, *others = monte_carlo.tolerances(
                again, exact, number(), level=level, seed=seed
            )
            return Tolerances(of_loss, dict(zip(found, others, strict=True)))

        gradients = dict(zip(found, exact[1:], strict=True))
        return Evaluation(float(exact[0]), gradients, tolerances, watch.notes())

    def value(point: Point) -> float:
        return value_of(loss, *point)

    def around(point: Point, by: Results, side: int) -> Callable[[Path], A]:
        _value, gradients = differentiate(loss, *moved(point, by, 1.0), watch=Watch(side))
        return {path: monte_carlo.as_float64(g) for path, g in gradients.items()}.__getitem__

    about = "autograd of the given loss, in float64"
    return Reference(about, evaluate, value, around, given=True)


def _format_of(value_of: Callable[..., float], point: Point) -> NumberFormat:
    """The coarsest format of the parameters; on a GPU its products may be coarser."""
    number = number_format.coarsest(point.parameters)
    single = any(map(is_single_on_gpu, leaves(point.parameters).values()))
    products = products_in(lambda: value_of(*point)) if single else ()
    return max(number, TF32, key=rank) if may_be_rounded(products) else number


def differentiate(
    loss: Loss, parameters: object, data: tuple[object, ...], *, watch: Watch | None = None
) -> tuple[Tensor, dict[Path, Tensor]]:
    """The loss and its gradient by each leaf of the parameters.

    A leaf that the loss does not use has a gradient of zeros.

    Args:
        loss: loss(parameters, *data), a scalar tensor.
        parameters: any nest of arrays.
        data: further arguments.
        watch: takes note of the kinks that the loss meets.
    """
    with as_tensors(parameters, data) as (mode, inputs, arguments):
        with mode, watch or Watch(), user_code():
            value = _wide(alone(loss(*arguments))[0])
        if not value.requires_grad:  # it does not depend on any parameter
            return value, {path: torch.zeros_like(leaf) for path, leaf in inputs.items()}
        with mode, user_code():  # a backward pass may be theirs, too
            found = gradients_of(value, list(inputs.values()))
    gradients = {
        path: torch.zeros_like(leaf) if gradient is None else gradient.to_dense()
        for (path, leaf), gradient in zip(inputs.items(), found, strict=True)
    }
    return value.detach(), gradients


def evaluated(
    loss: Loss, parameters: object, data: tuple[object, ...], *, mode: AbstractContextManager[Any]
) -> tuple[Tensor, dict[Path, Tensor], object]:
    """The loss, the tensors of the parameters, and what the loss returned beside its value.

    Args:
        loss: loss(parameters, *data), a scalar tensor.
        parameters: any nest of arrays.
        data: further arguments.
        mode: a further one, active meanwhile.
    """
    tensors_of = as_tensors(parameters, data)
    with tensors_of as (wide, inputs, arguments), wide, Watch(), mode, user_code():
        value, others = alone(loss(*arguments))
        return _wide(value), inputs, others


def alone(result: Any) -> tuple[Any, object]:
    """The value of a loss, and what it returned beside it: (loss, {"h": h})."""
    if isinstance(result, tuple):
        first, *others = cast("tuple[object, ...]", result)
        return first, others[0] if others else None
    return result, None


def value_of(loss: Loss, parameters: object, data: tuple[object, ...]) -> float:
    """The loss alone."""
    tensors_of = as_tensors(parameters, data)  # the loss may differentiate inside
    with tensors_of as (mode, _inputs, arguments), mode, Watch(), user_code():
        return float(_wide(alone(loss(*arguments))[0]).detach())


OF_A_LOSS = Calculus(value_of, differentiate)


def tensors(data: tuple[object, ...]) -> tuple[Any, ...]:
    """Arrays and tensors in any nest become tensors, other arguments stay what they are, copied."""

    def change(_path: Path, leaf: object) -> object:
        return tensor(leaf) if is_numeric_array(leaf) else copied(leaf)

    return tuple(rebuilt(item, change) for item in data)


def tensor(leaf: object) -> Tensor:
    """A copy: floats in float64, integers in int64 (uint8 would select like a mask)."""
    if is_tensor(leaf):
        found = cast("Tensor", leaf).detach().clone()
        if found.is_complex():
            return found.to(torch.complex128)
        return found.double() if found.is_floating_point() else found
    array = as_array(leaf)
    kinds = {"b": np.bool_, "i": np.int64, "u": np.int64, "c": np.complex128}
    kind = kinds.get(array.dtype.kind, np.float64)
    return torch.from_numpy(np.array(array, dtype=kind, order="C"))


def is_numeric_array(value: object) -> bool:
    """True where PyTorch has an equivalent for it."""
    return is_tensor(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "biufc")


def _wide(value: Tensor) -> Tensor:
    return value.reshape(()).to(torch.float64)


class Inside(NamedTuple):
    """The arguments of a loss as tensors, and the mode that it runs in."""

    mode: InFloat64
    inputs: dict[Path, Tensor]
    """The parameters among them."""
    arguments: tuple[Any, ...]


@contextmanager
def as_tensors(parameters: object, data: tuple[object, ...]) -> Generator[Inside]:
    """A history is kept, whatever the caller has set; for what the loss makes there is a mode."""
    inputs: dict[Path, Tensor] = {}

    def as_input(path: Path, leaf: object) -> Tensor:
        inputs[path] = tensor(leaf).double().requires_grad_()
        return inputs[path]

    with torch.inference_mode(mode=False), torch.enable_grad():
        mode = InFloat64()
        nest, given = rebuilt(parameters, as_input), tensors(data)
        mode.stands_for((parameters, data), (nest, given))
        yield Inside(mode, inputs, (nest, *given))
