"""Terms of the chain rule of second derivatives: each that a Hessian lacks has its line."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import check_hessian, check_hvp

x = np.array([0.4, -0.7, 0.9])


def intervals(x: Any) -> Any:
    """The loss of probabilities between thresholds, as in ordinal regression."""
    lower, upper = torch.sigmoid(x[:2]), torch.sigmoid(x[1:] + 2)
    total = x.new_zeros(2)
    for power in (1, 2):
        total += x[:2] ** power * x[1]
    return -torch.log(upper - lower).sum() + torch.stack([total, x[:2]]).sum()


def squared(x: Any, factor: float) -> Any:
    """The Hessian of sin(x) ** 2, with a factor at the second derivative of the sine."""
    return np.diag(2 * np.cos(x) ** 2 - factor * 2 * np.sin(x) ** 2)


def of_intervals(x: Any, mixed: float) -> Any:
    """The Hessian of `intervals`, with a factor at what lower and upper contribute together."""
    H = np.zeros((3, 3))
    s = 1 / (1 + np.exp(-x - np.array([0, 0, 2])))
    t = 1 / (1 + np.exp(-x - 2))
    for k in range(2):
        low, up = s[k], t[k + 1]
        f, g = low * (1 - low), up * (1 - up)
        gap = up - low
        H[k, k] += f * (1 - 2 * low) / gap + f * f / gap**2
        H[k + 1, k + 1] += -g * (1 - 2 * up) / gap + g * g / gap**2
        H[k, k + 1] += -mixed * f * g / gap**2
        H[k + 1, k] += -mixed * f * g / gap**2
    # (x0 + x0**2) x1 + (x1 + x1**2) x1
    return H + np.array([[2 * x[1], 1 + 2 * x[0], 0], [1 + 2 * x[0], 2 + 6 * x[1], 0], [0, 0, 0]])


def sines(x: Any) -> Any:
    return (torch.sin(x) ** 2).sum()


CASES: dict[str, tuple[Callable[[Any], Any], Any, str, str]] = {
    "left out": (
        lambda x: squared(x, 0.0), sines,
        "Gauss-Newton", "the second derivatives of what the loss is computed from",
    ),
    "the sign": (
        lambda x: squared(x, -1.0), sines,
        "a second derivative's sign", "the second derivatives of `torch.sin(x)` (line",
    ),
    "twice": (
        lambda x: squared(x, 2.0), sines,
        "a second derivative twice", "`torch.sin(x)` (line",
    ),
    "half": (
        lambda x: squared(x, 0.5), sines,
        "a second derivative halved", "`torch.sin(x)` (line",
    ),
    "mixed left out": (
        lambda x: of_intervals(x, 0.0), intervals,
        "a second derivative left out",
        "the mixed second derivatives by both operands of `upper - lower` (line",
    ),
    "mixed sign": (
        lambda x: of_intervals(x, -1.0), intervals,
        "a second derivative's sign", "both operands of `upper - lower`",
    ),
    "of PyTorch's own function": (
        lambda x: 2.7 * (np.eye(3) - np.outer(x, x) / (x @ x)) / np.linalg.norm(x),
        torch.linalg.vector_norm, "a constant factor", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_term_that_is_wrong_has_its_line(name: str) -> None:
    hessian, loss, kind, said = CASES[name]
    report = check_hessian(hessian, x, loss=loss)
    assert report.verdict == "mismatch"
    assert [cause.kind for cause in report.causes][:1] == [kind], str(report)
    assert said in report.causes[0].explanation


def test_products_are_told_by_all_their_columns() -> None:
    at = {"a": np.array([0.3, -0.2]), "b": np.array([0.5])}
    diagonal = np.exp(0.3 - 0.4 + 1.5) * np.array([1.0, 4.0, 9.0])

    def loss(p: Any) -> Any:
        return torch.exp(p["a"][0] + 2 * p["a"][1] + 3 * p["b"][0])

    def product(_p: Any, v: Any) -> Any:
        return {"a": diagonal[:2] * v["a"], "b": diagonal[2:] * v["b"]}

    report = check_hvp(product, at, loss=loss, elsewhere=False)
    assert [cause.kind for cause in report.causes] == ["diagonal only"], str(report)


def test_a_step_of_the_gradient_is_said_to_be_one() -> None:
    """Its line is in no code of the caller's."""

    def softplus(x: Any) -> Any:
        return torch.nn.functional.softplus(x).sum()

    report = check_hessian(lambda x: np.diag(1 / (1 + np.exp(-x))), x, loss=softplus)
    assert "in the gradient of the loss, " in report.causes[0].explanation, str(report)


def no_zero(_x: Any, v: Any) -> Any:
    if not np.all(v):
        raise ZeroDivisionError("a direction with zeros")
    return v[::-1]


@pytest.mark.parametrize("product", [no_zero, lambda _x, v: v[:2], lambda _x, v: np.outer(v, v)])
def test_products_that_cannot_be_taken_by_columns_are_wrong_all_the_same(product: Any) -> None:
    report = check_hvp(product, x, loss=sines)
    assert report.verdict == "mismatch"


def test_a_linear_loss_has_no_second_derivatives() -> None:
    report = check_hvp(lambda _x, v: v, x, loss=lambda x: 2 * x.sum())
    assert report.verdict == "mismatch"


def test_the_right_ones_match() -> None:
    assert check_hessian(lambda x: squared(x, 1.0), x, loss=sines).passed
    assert check_hessian(lambda x: of_intervals(x, 1.0), x, loss=intervals).passed
    assert check_hvp(lambda x, v: of_intervals(x, 1.0) @ v, x, loss=intervals).passed
