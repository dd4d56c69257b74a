"""A backward pass that uses its upstream gradient in a wrong way is named for that."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import cross_entropy, mse_loss

from autograd_ref import check_backward
from autograd_ref.recording.models.operation import OperationModel
from autograd_ref.reference.model import Discrepancy
from autograd_ref.report.report import Report
from autograd_ref.tree.point import Point

LABELS = torch.tensor([0, 1, 2, 3, 1, 2])


def operation(forward: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    """A torch.autograd.Function; backward gets the inputs, and then the upstream gradients."""

    class Made(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*inputs)
            return forward(*inputs)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:
            return backward(*ctx.saved_tensors, *upstream)

    return Made


def random(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


def report_of(forward: Any, backward: Any, *inputs: Tensor) -> Report:
    report = check_backward(operation(forward, backward), forward, *inputs)
    assert report.verdict == "mismatch"
    return report


def square(x: Tensor) -> Tensor:
    return x**2


def product(x: Tensor, y: Tensor) -> Tensor:
    return x * y


def matrix_product(x: Tensor, w: Tensor) -> Tensor:
    return x @ w


def circle(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.sin(), x.cos()


def of_cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    p = torch.softmax(z, 1)
    p[torch.arange(len(y)), y] -= 1
    return p / len(y)


LEFT_OUT = "upstream gradient left out"
X = random(6)
Case = tuple[Any, Any, tuple[Tensor, ...], str, str]
NAMED: dict[str, Case] = {
    "square": (square, lambda x, u: 2 * x, (X,), LEFT_OUT, "x"),
    "square, float64": (square, lambda x, u: 2 * x, (X.double(),), LEFT_OUT, "x"),
    "square, float16": (square, lambda x, u: 2 * x, (X.half(),), LEFT_OUT, "x"),
    "square, complex": (
        square,
        lambda x, u: (2 * x).conj(),
        (random(6, dtype=torch.complex64),),
        LEFT_OUT,
        "x.real and x.imag",
    ),
    "scalar cross entropy": (
        cross_entropy,
        lambda z, y, u: (of_cross_entropy(z, y), None),
        (random(6, 4), LABELS),
        LEFT_OUT,
        "input",
    ),
    "a mean": (torch.mean, lambda x, u: torch.ones_like(x) / 6, (X,), LEFT_OUT, "input"),
    "one input of two": (
        matrix_product,
        lambda x, w, u: (u @ w.T, x.T @ torch.ones_like(u)),
        (random(3, 4), random(4, 5)),
        LEFT_OUT,
        "w is what",
    ),
    "both outputs": (circle, lambda x, u, v: x.cos() - x.sin(), (X,), LEFT_OUT, "x"),
    "one output of two": (
        circle,
        lambda x, u, v: x.cos() - v * x.sin(),
        (X,),
        LEFT_OUT,
        "the upstream gradient of output_0",
    ),
    "an output that is not used": (
        circle,
        lambda x, u, v: u * x.cos(),
        (X,),
        "one output's share missing",
        "the upstream gradient of output_1 is not used",
    ),
    "applied twice": (
        torch.tanh,
        lambda x, u: u * u * (1 - x.tanh() ** 2),
        (X,),
        "upstream gradient applied twice",
        "twice",
    ),
    "its first entry alone": (
        torch.tanh,
        lambda x, u: u[0] * (1 - x.tanh() ** 2),
        (X,),
        "first entry of the upstream gradient",
        "for all of them",
    ),
    "twice the gradient besides": (
        cross_entropy,
        lambda z, y, u: (2 * of_cross_entropy(z, y), None),
        (random(6, 4), LABELS),
        f"{LEFT_OUT} + a constant factor",
        "multiplied by 2",
    ),
    "the other sign besides": (
        mse_loss,
        lambda x, y, u: ((y - x) / 3, (x - y) / 3),
        (random(6), X.flip(0)),
        f"{LEFT_OUT} + a constant factor",
        "multiplied by -1",
    ),
    "another mistake in another input": (
        product,
        lambda x, y, u: (y, -x * u),
        (X, X.flip(0)),
        f"sign flipped + {LEFT_OUT}",
        "Beside that, your x",
    ),
}


@pytest.mark.traced("another mistake in another input", "twice the gradient besides")
@pytest.mark.parametrize("case", NAMED)
def test_what_is_done_to_the_upstream_gradient_is_named(case: str) -> None:
    forward, backward, inputs, kind, said = NAMED[case]
    report = report_of(forward, backward, *inputs)
    assert [cause.kind for cause in report.causes] == [kind], report
    assert said in report.causes[0].explanation


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("forward", "backward", "kinds"),
    [
        (square, lambda x, u: u * 3 * x**2, ["another constant"]),
        (lambda x: (x**2).sum(), lambda x, u: 3 * u * x, ["a constant factor"]),
        (lambda x: (x**2).sum(), lambda x, u: 2.717 * x, ["a constant factor"]),
        (lambda x: x.softmax(0), lambda x, u: 0 * x, ["zero"]),
    ],
)
def test_what_has_another_cause_is_not_called_that(
    forward: Any, backward: Any, kinds: list[str]
) -> None:
    assert [cause.kind for cause in report_of(forward, backward, X).causes] == kinds


def test_a_gradient_of_another_shape_is_not_near_to_any() -> None:
    report = report_of(product, lambda x, y, u: (y, (x * u)[:2]), X, X.flip(0))
    assert LEFT_OUT in report.causes[0].kind
    assert report.causes[0].blocks == ("x",)


def test_where_the_reference_fails_nothing_is_predicted() -> None:
    def fails(_nest: Any) -> Any:
        raise ValueError("not defined here")

    found = OperationModel(fails, {("y",): None}).hypotheses(
        Discrepancy(Point({"y": X}, ()), {}, {}, {})
    )
    assert [*found] == []
