"""An operand that is computed anew for the way back, from another value or index, is named."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.test_confusions import X, by_hand, told

RANDOM = np.random.default_rng(3)
POINT = {name: RANDOM.normal(size=(3, 4)) for name in ("G", "U")} | {
    "W": RANDOM.normal(size=(4, 2))
}
SENDERS, RECEIVERS = torch.tensor([0, 1, 1, 3, 4, 2, 0]), torch.tensor([1, 2, 4, 0, 0, 3, 3])

Product = Callable[[Tensor, Tensor, Tensor], Tensor]


def product(hidden: Tensor, weight: Tensor, _other: Tensor) -> Tensor:
    return hidden @ weight


def gated(multiply: Product, other: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        z, up = X @ p["G"], torch.tanh(X @ p["U"])
        share = torch.sigmoid(z)
        gate = z * share
        return (multiply(gate * up, p["W"], other(z, up)) ** 2).sum()

    return loss


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            lambda z, up: torch.sigmoid(z) * up,
            "with hidden computed from share, not from gate",
        ),
        (lambda z, up: z * up, "with hidden computed from z, not from gate"),
        (lambda z, up: torch.sin(z) * up, ""),
    ],
)
def test_a_product_of_another_factor_is_named(
    other: Callable[[Tensor, Tensor], Tensor], said: str
) -> None:
    wrong = by_hand(product, lambda c, _h, w, o: (c @ w.T, o.T @ c, None))
    found = told(gated(product, lambda z, _up: z.detach()), gated(wrong, other), POINT)
    assert said in found
    assert said or "computed from" not in found


@pytest.mark.untraced
@pytest.mark.parametrize(("index", "named"), [(SENDERS, True), (SENDERS.flip(0) // 2, False)])
def test_a_count_of_another_index_is_named(index: Tensor, named: bool) -> None:
    def averaged(divided: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            src, dst = SENDERS, RECEIVERS
            h = torch.sin(X @ p["U"])
            degree = torch.bincount(dst, minlength=5).clamp(min=1).unsqueeze(1)
            other = torch.bincount(index, minlength=5).clamp(min=1).unsqueeze(1)
            total = torch.zeros_like(h).index_add(0, dst, h[src])
            return torch.logsumexp(divided(total, degree, other) @ p["W"], (0, 1))

        return loss

    def divide(total: Tensor, degree: Tensor, _other: Tensor) -> Tensor:
        return total / degree

    wrong = by_hand(divide, lambda c, _t, _d, other: (c / other, None, None))
    point = {name: POINT[name] for name in ("U", "W")}
    found = told(averaged(divide), averaged(wrong), point)
    assert ("with degree computed from src, not from dst" in found) == named


@pytest.mark.untraced
@pytest.mark.parametrize(("size", "named"), [(7, True), (6.3, False)])
def test_a_mean_of_each_group_for_that_of_all_is_named(size: float, named: bool) -> None:
    group = RECEIVERS % 3
    weights = torch.tensor(RANDOM.normal(size=(7, 4)))

    def grouped(take: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            return torch.sin(take(torch.exp(p["G"]), group) * weights).mean()

        return loss

    def taken(x: Tensor, where: Tensor) -> Tensor:
        return x[where]

    def back(c: Tensor, x: Tensor, where: Tensor) -> tuple[Tensor, None]:
        times = torch.bincount(where)[:, None]
        return torch.zeros_like(x).index_add(0, where, c) / times * size, None

    found = told(grouped(taken), grouped(by_hand(taken, back)), {"G": POINT["G"]})
    assert ("divided by the times that it is taken, not by 7," in found) == named
