"""Wrong targets and weights of a softmax, products of vectors, windows: they are named."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.test_kinds_of_slips import with_back
from tests.test_wrong_stretches import X, told

CLASSES = torch.tensor([1, 0, 3, 2, 1])
WEIGHTS = torch.tensor([0.4, 1.3, 0.9, 2.0, 0.7], dtype=torch.float64)
EPS = 0.2

Back = Callable[[Tensor, Tensor, Tensor], Tensor]


def smoothed(step: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        target = (1 - EPS) * functional.one_hot(CLASSES, 4) + EPS / 4
        return -((target * step(X @ p["W"])).sum(1) * WEIGHTS).sum() + (p["V"] ** 2).sum()

    return loss


def log_softmax(x: Tensor) -> Tensor:
    return torch.log_softmax(x, 1)


def of_targets(high: float, low: float, *, kept: bool = True) -> Back:
    def back(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
        target = low + (high - low) * functional.one_hot(CLASSES, 4).to(x.dtype)
        weight = 1.0 if kept else target.sum(1, keepdim=True)
        return c.sum(1, keepdim=True) * (target - weight * torch.softmax(x, 1))

    return back


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("high", "low", "kept", "said"),
    [
        (1 - EPS, EPS / 3, True, "eps is spread over the other classes only"),
        (1 + EPS / 4, EPS / 4, True, "the factor 1 - eps is missing at the target's class"),
        (1.0, EPS, True, "eps is not divided by the number of classes"),
        (1.0, EPS, False, "eps is not divided by the number of classes"),
        (1 - EPS, EPS / 4, True, "eps is missing at the target's class"),
        (1 - EPS, 0.0, True, "the uniform part is missing"),
        (1.0, 0.0, True, "nothing is smoothed"),
    ],
)
def test_wrong_targets_of_label_smoothing_are_named(
    high: float, low: float, kept: bool, said: str
) -> None:
    wrong = with_back(log_softmax, of_targets(high, low, kept=kept))
    assert said in told(smoothed(log_softmax), smoothed(wrong))


@pytest.mark.untraced
def test_targets_that_nobody_smooths_with_are_not_named() -> None:
    wrong = with_back(log_softmax, of_targets(0.83, 0.021))
    assert not told(smoothed(log_softmax), smoothed(wrong))


@pytest.mark.untraced
def test_targets_that_are_not_smoothed_are_no_smoothed_ones() -> None:
    def loss(step: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
        return lambda p: -(torch.softmax(X @ p["V"], 1).detach() * step(X @ p["W"])).sum()

    wrong = with_back(log_softmax, of_targets(1 - EPS, EPS / 3))
    assert "in the targets" not in told(loss(log_softmax), loss(wrong))


def test_weights_of_rows_that_the_softmax_lacks_are_named() -> None:
    def back(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
        return c + torch.softmax(x, 1)

    said = told(smoothed(log_softmax), smoothed(with_back(log_softmax, back)))
    assert "a constant factor is missing in what reaches" in said


@pytest.mark.untraced
@pytest.mark.parametrize("shifted", [True, False])
def test_a_softmax_that_is_normalised_over_the_rows_is_named(shifted: bool) -> None:
    def back(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
        e = torch.exp(x - x.amax(1, keepdim=True) if shifted else x)
        return c - e / e.sum(0) * c.sum(1, keepdim=True)

    said = told(smoothed(log_softmax), smoothed(with_back(log_softmax, back)))
    assert "the softmax is normalised over axis 0" in said


@pytest.mark.untraced
def test_a_product_of_vectors_that_is_one_number_or_one_row_is_named() -> None:
    def loss(product: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
        class Applied(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, m: Tensor, x: Tensor) -> Tensor:
                ctx.save_for_backward(m, x)
                return m @ x

            @staticmethod
            def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, Tensor]:
                m, x = ctx.saved_tensors
                return product(cotangents[0], x), m.T @ cotangents[0]

        def made(p: Mapping[str, Tensor]) -> Tensor:
            x, m = torch.tanh(p["V"][0, :3]), p["W"][:, :3]
            return torch.sin(Applied.apply(m, x)).sum()

        return made

    right = loss(torch.outer)
    for wrong, said in (
        (lambda c, x: (c @ x).expand(3, 3), "np.dot for np.outer"),
        (lambda c, x: (c * x).expand(3, 3), "each row or column"),
        (lambda c, x: (c * x)[:, None].expand(3, 3), "each row or column"),
    ):
        assert said in told(right, loss(wrong))
    assert not told(right, loss(lambda c, x: torch.outer(c, x) * 0.3 + 0.2 * (c @ x)))


IMAGES = torch.linspace(-1, 2, 50, dtype=torch.float64).sin().reshape(2, 1, 5, 5)


def last_window(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
    found = torch.zeros_like(x)
    for i in range(c.shape[2]):
        for j in range(c.shape[3]):
            found[:, :, i : i + 2, j : j + 2] = c[:, :, i : i + 1, j : j + 1] / 4
    return found


def last_maximum(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
    found = torch.zeros_like(x)
    for i in range(c.shape[2]):
        for j in range(c.shape[3]):
            window = x[:, :, i : i + 2, j : j + 2]
            is_most = window == window.amax((2, 3), keepdim=True)
            found[:, :, i : i + 2, j : j + 2] = is_most * c[:, :, i : i + 1, j : j + 1]
    return found


def last_kernel(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
    padded = functional.pad(torch.zeros_like(x), (1, 1, 1, 1))
    for i in range(c.shape[2]):
        for j in range(c.shape[3]):
            padded[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] = c[:, :, i, j, None, None] * KERNEL
    return padded[:, :, 1:-1, 1:-1]


KERNEL = torch.linspace(-1, 1, 9, dtype=torch.float64).cos().reshape(1, 1, 3, 3)


@pytest.mark.parametrize(
    ("step", "back"),
    [
        (lambda x: functional.avg_pool2d(x, 2, 1), last_window),
        (lambda x: functional.max_pool2d(x, 2, 1), last_maximum),
        (lambda x: functional.conv2d(x, KERNEL, stride=2, padding=1), last_kernel),
    ],
)
def test_windows_that_overwrite_each_other_are_named(
    step: Callable[[Tensor], Tensor], back: Back
) -> None:
    def loss(windows: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
        def made(p: Mapping[str, Tensor]) -> Tensor:
            maps = functional.conv2d(IMAGES, p["W"][:, :3].reshape(1, 1, 3, 3), padding=1)
            return (windows(maps) ** 3).sum()

        return made

    said = told(loss(step), loss(with_back(step, back)))
    assert "of overlapping windows the last one overwrites the others" in said
