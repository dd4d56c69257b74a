"""A wrong order in which windows and copies are spread on the way back is named."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.test_confusions import by_hand, told

RANDOM = np.random.default_rng(1)
POINT = {"x": RANDOM.normal(size=(2, 3, 4, 6)), "row": RANDOM.normal(size=(2, 3, 4))}

Operation = Callable[[Tensor], Tensor]


def pooled(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 2)


def pooled_row(x: Tensor) -> Tensor:
    return functional.avg_pool1d(x, 2)


def enlarged(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")


def copied(x: Tensor) -> Tensor:
    return x.repeat(1, 1, 3)


def tiled_windows(c: Tensor, x: Tensor) -> tuple[Tensor]:
    copies = [n // m for n, m in zip(x.shape, c.shape, strict=True)]
    return (c.repeat(copies) / int(np.prod(copies)),)


@pytest.mark.parametrize(
    ("operation", "name", "back", "said"),
    [
        (pooled, "x", tiled_windows, "entries 2 x 3 apart, not to the 2 x 2 beside"),
        (pooled_row, "row", tiled_windows, "entries 2 apart, not to the 2 beside"),
        (
            enlarged,
            "row",
            lambda c, _x: (c.reshape(2, 3, 2, 4).sum(2),),
            "summed over entries 4 apart, not over the 2 beside",
        ),
        (
            copied,
            "row",
            lambda c, _x: (c.reshape(2, 3, 4, 3).sum(3),),
            "summed over 3 entries beside each other, not over those 4 apart",
        ),
        (pooled, "x", lambda c, x: (tiled_windows(c, x)[0].roll(1, 2),), ""),
    ],
)
def test_the_order_of_copies_is_named(
    operation: Operation, name: str, back: Callable[..., tuple[Tensor]], said: str
) -> None:
    weights = torch.tensor(RANDOM.normal(size=operation(torch.tensor(POINT[name])).shape))

    def model(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            return (function(torch.sin(p[name])) ** 2 * weights).sum()

        return loss

    found = told(model(operation), model(by_hand(operation, back)), {name: POINT[name]})
    assert said in found
    assert said or "apart" not in found


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: functional.avg_pool2d(x, 3, stride=1),
        lambda x: functional.interpolate(x, scale_factor=1, mode="nearest"),
        lambda x: x.repeat(2, 1, 1, 1, 1),
    ],
)
def test_windows_that_overlap_and_copies_along_a_new_axis_have_one_order(
    operation: Operation,
) -> None:
    def model(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        return lambda p: operation(function(p["x"])).square().sum()

    wrong = by_hand(torch.sin, lambda c, x: (c * torch.cos(x) * x.exp(),))
    assert "apart" not in told(model(torch.sin), model(wrong), {"x": POINT["x"]})
