"""Errors say what to do: functions in the wrong places, and what is no parameter or operation."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from autograd_ref import check_backward, check_gradients
from autograd_ref.operations.run import name_of

X = np.array([1.3, 0.4, 0.7])
T = torch.from_numpy(X)


def cost(x: Any) -> Any:
    return (x**2).sum()


def slope(x: Any) -> Any:
    return 2 * x


class Twice:
    def __call__(self, x: Any) -> Any:
        return 2 * x


class Square(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        return 2 * ctx.saved_tensors[0] * upstream[0]


class Forward(Square):
    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Any:
        return ctx, tangents

    generate_vmap_rule = True


class Mapped(Square):
    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        return info, in_dims, args


class Once(Square):
    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides names
        ctx: Any, *upstream: Tensor
    ) -> Any:
        return 2 * ctx.saved_tensors[0] * upstream[0]


class ForwardOnce(Once):
    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Any:
        return ctx, tangents

    generate_vmap_rule = True


def square(x: Tensor) -> Tensor:
    return x * x


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((slope, X, cost), r"data\[0\] is a function, cost, and loss is missing"),
        ((slope, X, 0.3, lambda x, a: cost(x)), r"data\[1\] is a function, and loss is missing"),
        ((cost, slope, X), "parameters is a function, slope; .* is check_gradients"),
        ((cost, Twice(), X), "parameters is a function, Twice;"),
        ((cost, partial(slope), X), "parameters is a function, partial;"),
        ((slope, {"w": X, "act": "tanh"}), "act is of type str .*as data"),
        ((slope, {"w": X, "train": True}), "train is of type bool .*as data"),
        ((slope, "tanh"), "parameters is of type str .*real dtype$"),
    ],
)
def test_what_is_in_the_place_of_something_else_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _ = check_gradients(*arguments)


def test_functions_among_the_data_of_a_loss_are_data() -> None:
    report = check_gradients(lambda x, f: f(x), X, slope, loss=lambda x, _f: cost(x))
    assert report.verdict == "match"


def test_an_integer_without_a_gradient_may_be_data() -> None:
    parameters = {"w": X, "n": 3}
    report = check_gradients(
        lambda p: {"w": 2 * p["w"]}, parameters, loss=lambda p: (p["w"] ** 2).sum()
    )
    assert report.blocks[1].reason.endswith("pass what is not differentiated by as data")
    both = check_gradients(
        lambda p: {"w": 2 * p["w"] * p["n"], "n": cost(p["w"])},
        parameters,
        loss=lambda p: p["n"] * (p["w"] ** 2).sum(),
    )
    assert both.verdict == "match", both


def in_place(x: Tensor) -> Tensor:
    return x.exp_()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((Square, in_place, T), TypeError, r"^reference, in_place, works .*in_place\(x.clone"),
        ((Square, lambda x: x.exp_(), T), TypeError, r"^reference, <lambda>.* f\(x.clone"),
        ((in_place, torch.exp, T), TypeError, "^in_place works in place"),
        ((square, Square, T), TypeError, "^reference is Square, .*the order is check_backward"),
        ((Square, square, X), TypeError, "pass torch.from_numpy of the arrays"),
        ((Square, square, 0.5), TypeError, "pass torch.tensor of the numbers"),
        ((Square, square, "x"), TypeError, "to differentiate by$"),
    ],
)
def test_what_is_wrong_with_an_operation_is_said(
    arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _ = check_backward(*arguments)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("place", [0, 1])
def test_an_instance_in_the_place_of_the_class_is_named(place: int) -> None:
    sides: list[Any] = [square, square]
    sides[place] = Square()
    name = ("function", "reference")[place]
    with pytest.raises(TypeError, match=f"^{name} is an instance of Square; .*: Square"):
        _ = check_backward(*sides, T)


def test_an_error_of_the_reference_says_whose_it_is() -> None:
    def refuses(_x: Tensor) -> Tensor:
        raise ValueError("no")

    with pytest.raises(ValueError, match="error of the reference") as caught:
        _ = check_backward(Square, refuses, T)
    assert str(caught.value) == "no"
    assert "refuses, for inputs" in caught.value.__notes__[0]


def test_a_function_may_be_the_reference_of_another_one() -> None:
    report = check_backward(Once, Square, T)
    assert report.passed, report
    assert report.reference.startswith("autograd of Square,")


@pytest.mark.parametrize(
    ("function", "rest"),
    [
        (Square, []),
        (Once, []),
        (Forward, ["forward mode (jvp)", "vmap", "second derivatives"]),
        (Forward.apply, ["forward mode (jvp)", "vmap", "second derivatives"]),
        (ForwardOnce, ["forward mode (jvp)", "vmap"]),
        (Mapped, ["vmap", "second derivatives"]),
        (square, []),
    ],
)
def test_what_a_function_defines_besides_is_not_checked(function: Any, rest: list[str]) -> None:
    report = check_backward(function, square, T)
    assert report.passed, report
    assert [note.text for note in report.not_checked] == rest


class Viewed(Square):
    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        x = ctx.saved_tensors[0]
        return (2 * x.reshape(-1) * upstream[0].view(-1)).reshape(x.shape)


class Scaled(Square):
    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        return upstream[0].mul_(2 * ctx.saved_tensors[0])


@pytest.mark.parametrize("function", [Viewed, Scaled])
def test_an_upstream_gradient_that_is_refused_does_harm(function: type[Function]) -> None:
    """How it lies in memory is not the caller's choice, but that of what follows."""
    report = check_backward(function, square, torch.arange(1.0, 7.0).reshape(2, 3))
    assert report.verdict == "match", report
    assert "fails in some calls" in [note.kind for note in report.harmful]


def made() -> Callable[[Any], Any]:
    def inner(x: Any) -> Any:
        return x

    return inner


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (torch.sin, "torch.sin"),
        (torch.nn.functional.relu, "relu"),
        (torch.Tensor.exp, "exp"),
        (torch.ops.aten.sin, "sin"),
        (torch.nn.ReLU(), "ReLU"),
        (partial(torch.softmax, dim=0), "torch.softmax"),
        (Square.apply, "Square"),
        (made(), "inner"),
        ((lambda: lambda x: x)(), "<lambda>"),
        (Twice().__call__, "Twice.__call__"),
        (square, "square"),
    ],
)
def test_operations_are_named_as_they_are_typed(operation: Any, name: str) -> None:
    assert name_of(operation) == name
