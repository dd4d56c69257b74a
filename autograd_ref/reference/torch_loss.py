"""Autograd of any scalar PyTorch loss over a nest of arrays, in float64 on the values given.

Whatever the number format under test, the reference works on the same values in float64, where its
own rounding is far below. The loss finds tensors in the places of the arrays.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from autograd_ref.reference.directional import each_by_itself, moved
from autograd_ref.reference.kinks import Watch
from autograd_ref.reference.protocol import (
    LOSS,
    Evaluation,
    Look,
    NotALoss,
    Point,
    Reference,
    Results,
)
from autograd_ref.rounding import monte_carlo as random_rounding
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import as_array, is_tensor, leaves, rebuilt

Loss = Callable[..., Any]


PAIRS = 4
"""How often a point moves there and back to find its kinks: one of the two is on the other side."""


def torch_loss(loss: Loss, seed: int) -> Reference:
    """A PyTorch function of (parameters, *data); its tolerance is measured, not derived."""

    def evaluate(point: Point) -> Evaluation:
        def compute(watch: Watch | None = None) -> dict[str, Tensor]:
            return differentiate(loss, *point, watch=watch)

        watch = Watch()
        exact = {name: random_rounding.as_float64(found) for name, found in compute(watch).items()}
        number = number_format.coarsest(point.parameters)

        def tolerances(look: Look) -> Results:
            return random_rounding.tolerances(compute, exact, number, look=look, seed=seed)

        gradients = {name: values for name, values in exact.items() if name != LOSS}
        return Evaluation(float(exact[LOSS]), gradients, tolerances, watch.notes())

    def value(point: Point) -> float:
        return value_of(loss, *point)

    def around(point: Point, distance: float) -> Generator[Results]:
        """With every kink that is met exactly on its one side, on the other, and at random."""
        places = [(point, Watch(side)) for side in (1, -1)]
        random = np.random.default_rng(seed)
        for _pair in range(PAIRS):
            by = {
                name: distance * each_by_itself(leaf, random)
                for name, leaf in leaves(point.parameters).items()
            }
            places += [(moved(point, by, sign), Watch()) for sign in (1.0, -1.0)]
        for place, watch in places:
            found = differentiate(loss, *place, watch=watch)
            yield {n: random_rounding.as_float64(g) for n, g in found.items() if n != LOSS}

    about = "autograd of the given loss, in float64"
    return Reference(about, evaluate, value, around, given=True)


def differentiate(
    loss: Loss, parameters: object, data: tuple[object, ...], *, watch: Watch | None = None
) -> dict[str, Tensor]:
    """The loss, under the name LOSS, and its gradient by each leaf of the parameters.

    A leaf that the loss does not use has a gradient of zeros.

    Args:
        loss: loss(parameters, *data), a scalar tensor.
        parameters: any nest of arrays.
        data: further arguments.
        watch: takes note of the kinks that the loss meets.

    Raises:
        NotALoss: the function does not return one real number as a tensor with a history.
    """
    inputs: dict[str, Tensor] = {}

    def as_input(name: str, leaf: object) -> Tensor:
        inputs[name] = tensor(leaf).double().requires_grad_()
        return inputs[name]

    with _recording():
        nest = rebuilt(parameters, as_input)
        with watch or Watch():
            value = _checked(loss(nest, *tensors(data)))
        if not value.requires_grad:  # it does not depend on any parameter
            zeros = {name: torch.zeros_like(leaf) for name, leaf in inputs.items()}
            return {LOSS: value, **zeros}
        found = torch.autograd.grad(value, list(inputs.values()), allow_unused=True)
    unused_too = cast("tuple[Tensor | None, ...]", found)
    gradients = {
        name: torch.zeros_like(leaf) if gradient is None else gradient.to_dense()
        for (name, leaf), gradient in zip(inputs.items(), unused_too, strict=True)
    }
    return {LOSS: value.detach(), **gradients}


def value_of(loss: Loss, parameters: object, data: tuple[object, ...]) -> float:
    """The loss alone."""
    with _recording(), Watch():  # the loss may differentiate inside
        nest = rebuilt(parameters, lambda _name, leaf: tensor(leaf).double().requires_grad_())
        return float(_checked(loss(nest, *tensors(data))).detach())


def tensors(data: tuple[object, ...]) -> tuple[Any, ...]:
    """Arrays and tensors in any nest become tensors, other arguments stay what they are."""
    return tuple(
        rebuilt(item, lambda _name, leaf: tensor(leaf) if is_numeric_array(leaf) else leaf)
        for item in data
    )


def tensor(leaf: object) -> Tensor:
    """A copy: floats in float64, integers in int64 (uint8 would select like a mask)."""
    if is_tensor(leaf):
        found = cast("Tensor", leaf).detach().clone()
        return found.double() if found.is_floating_point() else found
    array = as_array(leaf)
    kinds = {"b": np.bool_, "i": np.int64, "u": np.int64, "c": np.complex128}
    kind = kinds.get(array.dtype.kind, np.float64)
    return torch.from_numpy(np.array(array, dtype=kind, order="C"))


def is_numeric_array(value: object) -> bool:
    """Whether PyTorch has an equivalent for it."""
    return is_tensor(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "biufc")


def _checked(value: object) -> Tensor:
    if not isinstance(value, Tensor):
        raise NotALoss(f"it returned {type(value).__name__}, not a tensor")
    if value.numel() != 1 or value.is_complex():
        raise NotALoss(
            f"it returned a tensor of shape {tuple(value.shape)} and {value.dtype},"
            " not one real number"
        )
    return value.reshape(()).to(torch.float64)


@contextmanager
def _recording() -> Generator[None]:
    """Whatever the caller has set, a history is kept; tensors made inside are float64 as well."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode(mode=False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(before)
