"""A selection of rows that is forgotten, or another index in the loss: named."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.test_confusions import X, told

RANDOM = np.random.default_rng(7)
POINT = {"W": RANDOM.normal(size=(3, 4)), "U": RANDOM.normal(size=(5, 4))}
MASK = torch.tensor([True, False, True, True, False])
SOME = torch.tensor([0, 2, 3])
LABELS = torch.tensor([3, 0, 1, 1, 2])
TARGETS = torch.tensor(RANDOM.normal(size=(5, 4)))

Cost = Callable[[Tensor, Tensor, Tensor], Tensor]


def entropy(scores: Tensor, kept: Tensor, _targets: Tensor) -> Tensor:
    return functional.cross_entropy(scores, LABELS[kept])


def squares(scores: Tensor, kept: Tensor, targets: Tensor) -> Tensor:
    return ((scores - targets[kept]) ** 2).mean()


def total(scores: Tensor, kept: Tensor, targets: Tensor) -> Tensor:
    return ((scores - targets[kept]) ** 2).sum() / 3


def rows(cost: Cost, some: Tensor, kept: Tensor, factor: float = 1.0) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        scores = torch.tanh(X @ p["W"]) + 0.2 * p["U"]
        return factor * cost(scores[some], kept, TARGETS) + (p["U"] ** 2).mean()

    return loss


EVERY = torch.arange(5)


@pytest.mark.traced("some1-entropy", "some0-squares")
@pytest.mark.parametrize("cost", [entropy, squares])
@pytest.mark.parametrize("some", [MASK, SOME])
def test_a_forgotten_selection_is_named(cost: Cost, some: Tensor) -> None:
    right = rows(cost, some, some)
    found = told(right, rows(cost, EVERY, EVERY), POINT)
    assert "all rows of scores are taken, not only those of kept" in found
    assert "divided by 3" not in found
    found = told(right, rows(cost, EVERY, EVERY, 5 / 3), POINT)
    assert "all rows of scores are taken, not only those of kept; and divided by 3" in found


@pytest.mark.untraced
def test_a_forgotten_selection_of_a_sum_is_named() -> None:
    found = told(rows(total, SOME, SOME), rows(total, EVERY, EVERY), POINT)
    assert "all rows of scores are taken, not only those of kept" in found


@pytest.mark.untraced
@pytest.mark.parametrize("other", [torch.tensor([0, 1, 2, 3]), torch.tensor([3, 0, 4])])
def test_other_rows_are_no_forgotten_selection(other: Tensor) -> None:
    assert "rows of" not in told(rows(squares, SOME, SOME), rows(squares, other, other), POINT)


@pytest.mark.untraced
@pytest.mark.parametrize(("index", "named"), [(LABELS, True), (LABELS.flip(0), False)])
def test_another_index_in_the_loss_is_named(index: Tensor, named: bool) -> None:
    order = torch.tensor([1, 1, 4, 0, 2])

    def mixed(where: Tensor) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            labels = LABELS
            rows = torch.sin(p["U"])[where] * torch.exp(X @ p["W"])
            return torch.logsumexp(rows, 1)[labels].square().sum()

        return loss

    found = told(mixed(order), mixed(index), POINT)
    assert ("labels stands for where" in found) == named
