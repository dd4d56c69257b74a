"""A term of rows that are taken several times, counted once for each row, is named."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.test_confusions import by_hand, told

RANDOM = np.random.default_rng(11)
POINT = {"table": RANDOM.normal(size=(4, 3)), "v": RANDOM.normal(size=3)}
ROWS = torch.tensor([1, 3, 1, 0, 2, 1])
FIRST = torch.tensor([1.0, 1, 0, 1, 1, 0]).double()[:, None]
TWICE = torch.tensor([1.0, 1, 1, 1, 1, 0]).double()[:, None]

Operation = Callable[..., Tensor]


def entropy_of(rows: Tensor) -> Tensor:
    return rows.exp()


def model(take: Operation, function: Operation, where: Tensor = ROWS) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        rows = take(p["table"], where)
        return (torch.sin(rows @ p["v"]) + function(rows).sum(-1)).mean()

    return loss


def embedded(table: Tensor, where: Tensor) -> Tensor:
    return functional.embedding(where, table)


def index(table: Tensor, where: Tensor) -> Tensor:
    return table[where]


@pytest.mark.untraced
@pytest.mark.parametrize("take", [index, embedded])
@pytest.mark.parametrize(("mask", "named"), [(FIRST, True), (TWICE, False)])
def test_a_term_that_counts_once_for_each_row_is_named(
    take: Operation, mask: Tensor, named: bool
) -> None:
    wrong = by_hand(entropy_of, lambda c, x: (c * x.exp() * mask,))
    found = told(model(take, entropy_of), model(take, wrong), POINT)
    assert ("counts once for each row of table" in found) == named


@pytest.mark.untraced
@pytest.mark.parametrize(
    "where", [torch.tensor([2, 0, 3]), torch.tensor([True, True, False, True])]
)
def test_rows_that_are_taken_once_are_counted_once(where: Tensor) -> None:
    wrong = by_hand(entropy_of, lambda c, x: (c * x.cos(),))
    found = told(model(index, entropy_of, where), model(index, wrong, where), POINT)
    assert "counts once" not in found
