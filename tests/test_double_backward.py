"""check_backward(derivatives=("second",)): mistakes that only a second derivative shows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from autograd_ref import check_backward
from autograd_ref.report.report import Report
from tests.derived_operations import LINEAR, RIGHT, TANH, drawn, not_checked, said, wrong
from tests.kernels import operation

KINDS = ("first", "second")

Case = tuple[Callable[..., Any], list[str], str]


def without_history(*given: Tensor) -> Any:
    with torch.no_grad():
        return LINEAR.backward(*given)


OF_LINEAR: dict[str, Case] = {
    "a saved tensor is detached": (
        lambda x, w, _b, _y, u: (u @ w.detach(), u.mT @ x, u.sum(0)),
        ["second: w"],
        "To autograd, the gradients do not depend on w",
    ),
    "so is another one": (
        lambda x, w, _b, _y, u: (u @ w, u.mT @ x.data, u.sum(0)),
        ["second: x"],
        "if the derivative of gradient.w is not used",
    ),
    "the upstream gradient is detached in one of three": (
        lambda x, w, _b, _y, u: (u.detach() @ w, u.mT @ x, u.sum(0)),
        ["second: upstream"],
        "Your upstream is what comes out if the derivative of gradient.x is not used",
    ),
    "all of it runs under no_grad": (
        without_history,
        ["second: x", "second: w", "second: upstream"],
        "do not depend on x, w and upstream",
    ),
    "a term is there that should not be": (
        lambda x, w, b, _y, u: (u @ w + 0 * x + (b - b.detach()).sum(), u.mT @ x, u.sum(0)),
        ["second: b"],
        "",
    ),
}


@pytest.mark.traced("a term is there that should not be", "so is another one")
@pytest.mark.parametrize("case", OF_LINEAR.values(), ids=OF_LINEAR)
def test_a_term_that_autograd_cannot_see_is_found_and_named(case: Case) -> None:
    backward, blocks, words = case
    kernel = LINEAR.operation(backward=backward)
    report = check_backward(kernel, LINEAR.forward, *LINEAR.inputs, derivatives=KINDS)
    assert wrong(report) == blocks, report
    assert words in said(report)
    assert check_backward(kernel, LINEAR.forward, *LINEAR.inputs).passed


def with_sigmoid_saved(ctx: Any, x: Tensor) -> Tensor:
    s = torch.sigmoid(x)  # in forward there is no graph
    ctx.save_for_backward(x, s)
    return x * s


def from_sigmoid_saved(ctx: Any, u: Tensor) -> Tensor:
    x, s = ctx.saved_tensors
    return u * (s + x * s * (1 - s))


def silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


@pytest.mark.untraced
def test_what_forward_computes_on_its_way_is_a_constant_and_the_step_is_named() -> None:
    kernel = operation(with_sigmoid_saved, from_sigmoid_saved)
    report = check_backward(kernel, silu, drawn(3, 2), derivatives=KINDS)
    assert wrong(report) == ["second: x"]
    assert "the path through the sigmoid to x is not followed" in said(report)
    assert "torch.sigmoid(x)" in said(report)


def sine_in_numpy(ctx: Any, x: Tensor) -> Tensor:
    ctx.save_for_backward(x)
    return torch.from_numpy(np.sin(x.detach().numpy()))


@pytest.mark.untraced
def test_numpy_behind_detach_is_a_mismatch_and_without_it_not_available() -> None:
    def cosine(ctx: Any, u: Tensor) -> Tensor:
        return u * torch.from_numpy(np.cos(ctx.saved_tensors[0].detach().numpy()))

    report = check_backward(
        operation(sine_in_numpy, cosine), torch.sin, drawn(3), derivatives=KINDS
    )
    assert wrong(report) == ["second: input"]
    assert "do not depend on input" in said(report)

    def loud(ctx: Any, u: Tensor) -> Tensor:
        return u * torch.from_numpy(np.cos(ctx.saved_tensors[0].numpy()))

    report = check_backward(operation(sine_in_numpy, loud), torch.sin, drawn(3), derivatives=KINDS)
    assert report.verdict == "inconclusive"
    assert "Can't call numpy() on Tensor that requires grad" in not_checked(report)[0]


def cube(x: Tensor) -> Tensor:
    return x**3


def by_hand(double_backward: Callable[..., Any]) -> Any:
    """x^3, whose backward pass is a Function with a backward pass by hand."""

    def back(ctx: Any, x: Tensor, u: Tensor) -> Tensor:
        ctx.save_for_backward(x, u)
        return 3 * x * x * u

    def save(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    once: Any = operation(back, lambda ctx, v: double_backward(*ctx.saved_tensors, v))
    return operation(save, lambda ctx, u: once.apply(*ctx.saved_tensors, u))


def checked(double_backward: Callable[..., Any]) -> Report:
    return check_backward(by_hand(double_backward), cube, drawn(3, 2), derivatives=KINDS)


def test_a_double_backward_pass_by_hand_matches() -> None:
    assert checked(lambda x, u, v: (6 * x * u * v, 3 * x * x * v)).passed


BY_HAND: dict[str, Case] = {
    "the 2 is missing": (
        lambda x, u, v: (3 * x * u * v, 3 * x * x * v),
        ["second: x"],
        "second: Your x is too small by a factor 2",
    ),
    "the sign": (
        lambda x, u, v: (-6 * x * u * v, 3 * x * x * v),
        ["second: x"],
        "right except for the sign",
    ),
    "the upstream gradient is forgotten": (
        lambda x, _u, v: (6 * x * v, 3 * x * x * v),
        ["second: x"],
        "the factor upstream is left out",
    ),
    "what comes in is forgotten": (
        lambda x, u, _v: (6 * x * u, 3 * x * x),
        ["second: x", "second: upstream"],
        "the upstream gradient is left out",
    ),
    "by the upstream gradient: None": (
        lambda x, u, v: (6 * x * u * v, None),
        ["second: upstream"],
        "do not depend on upstream",
    ),
    "the two are swapped": (
        lambda x, u, v: (3 * x * x * v, 6 * x * u * v),
        ["second: x", "second: upstream"],
        "Your x is the gradient of upstream instead",
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", BY_HAND.values(), ids=BY_HAND)
def test_a_mistake_in_a_double_backward_pass_by_hand_is_found_and_named(case: Case) -> None:
    double_backward, blocks, words = case
    report = checked(double_backward)
    assert wrong(report) == blocks, report
    assert words in said(report)


@pytest.mark.untraced
@pytest.mark.parametrize(("error", "entries"), [(1e-9, slice(None)), (1e-9, 1), (1e-12, 1)])
def test_small_errors_are_found_in_float64_in_some_entries_and_in_all(
    error: float, entries: int | slice
) -> None:
    by = torch.ones(3, 2, dtype=torch.float64)
    by[entries] += error
    report = checked(lambda x, u, v: (6 * x * u * v * by, 3 * x * x * v))
    assert wrong(report) == ["second: x"], report


@pytest.mark.untraced
@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh"])
def test_a_saved_output_that_is_detached_is_found(name: str) -> None:
    right = RIGHT[name]

    def detached(x: Tensor, y: Tensor, u: Tensor) -> Any:
        return right.backward(x, y.detach(), u)

    kernel = right.operation(backward=detached)
    report = check_backward(kernel, right.forward, *right.inputs, derivatives=KINDS)
    assert wrong(report) == ["second: x"]


def test_a_zero_second_derivative_is_right_where_there_is_none() -> None:
    report = check_backward(lambda x: 3 * x, lambda x: x * 3, drawn(3), derivatives=KINDS)
    assert report.passed, report
    assert not report.warnings


@pytest.mark.untraced
def test_a_gradient_that_differs_with_create_graph_is_found() -> None:
    kernel = TANH.operation(
        backward=lambda _x, y, u: u * (1 - y * y) * (2 if torch.is_grad_enabled() else 1)
    )
    report = check_backward(kernel, TANH.forward, *TANH.inputs, derivatives=KINDS)
    assert wrong(report)[0] == "second: gradient.x"


def test_a_second_derivative_that_should_be_zero_is_found() -> None:
    kernel = TANH._replace(
        forward=lambda x: 3 * x,
        backward=lambda x, _y, u: 3 * u * (1 + x.cos() * x - (x.cos() * x).detach()),
    )
    report = check_backward(kernel.operation(), kernel.forward, drawn(3, 2), derivatives=KINDS)
    assert wrong(report) == ["second: x"]


@pytest.mark.untraced
def test_a_zero_that_pytorch_gives_no_memory_is_zero() -> None:
    x = torch.tensor([0.5, 1.0, -2.0], dtype=torch.float64)
    for reference in (torch.abs, lambda x: x * x.sign()):
        report = check_backward(torch.abs, reference, x, derivatives=KINDS)
        assert report.verdict == "match", report
