"""At a kink a mixture of the gradients beside it is right, and what is none is wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from autograd_ref import check_gradients
from autograd_ref.independent.hull import outside
from autograd_ref.independent.hull.suspects import are_alike, suspects
from autograd_ref.report.report import Report
from autograd_ref.verdict.rows import OUTSIDE_SLOPES
from tests.undiagnosed import undiagnosed

A = NDArray[Any]

TIED, EQUAL = np.array([1.5, 1.5, -3.0, 1.5]), np.full(5, 0.7)
SIGNS = np.array([2.0, -2.0, 1.0])
GRID = np.array([[1.0, 1.0, 0.0, 3.0], [0.0, 1.0, 3.0, 2.0]])
ROWS = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 2.0]])
FALLING = np.array([0.5, 0.4, 0.3, 0.2, 0.1])


def checked(loss: Any, at: A, gradient: A) -> Report:
    return check_gradients(lambda _x: gradient.copy(), at, loss=loss, elsewhere=False)


def pooled(x: Tensor) -> Tensor:
    return functional.max_pool2d(x[None, None], 2).sum()


def pooled_by_numpy(x: A) -> Any:
    return np.max(np.stack([x[:, :2].ravel(), x[:, 2:].ravel()]), axis=1).sum()


def row_norms(x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x, dim=1).sum()


def row_norms_by_numpy(x: A) -> Any:
    return np.sqrt(np.sum(np.square(x), axis=1)).sum()


def sorted_sum(x: Tensor) -> Tensor:
    return x.sort().values @ torch.tensor(FALLING)


def hinge(x: Tensor) -> Tensor:
    """Both margins are met exactly where x is all ones."""
    return torch.relu(torch.stack([x.sum() - 3, 3 - x[:2].sum() - x[2]])).sum()


def spread(x: Tensor) -> Tensor:
    return (x[1:] - x[:-1]).abs().sum()


def row(*values: float) -> A:
    return np.array([[*values], [1 / 3, 2 / 3, 2 / 3]])


LOSSES: list[tuple[Callable[..., Any], A, list[A], list[A]]] = [
    # the loss, where, what is right, what is wrong
    (
        lambda x: x.max(),
        TIED,
        [np.array([0, 0, 0, 1.0]), np.array([0.2, 0.3, 0, 0.5])],
        [
            np.array([1.0, 1, 0, 1]),
            np.array([0.3, 0.3, 0, 0.3]),
            np.array([0.5, 0.5, 0, 0.005]),
        ],
    ),
    (np.max, TIED, [np.array([0, 1.0, 0, 0])], [np.array([1.0, 1, 0, 1])]),
    (lambda x: x.min(), -TIED, [np.array([0, 0, 0, 1.0])], [np.array([1.0, 1, 0, 1])]),
    (np.min, -TIED, [np.array([0, 0.5, 0, 0.5])], [np.array([1.0, 1, 0, 1])]),
    (lambda x: x.abs().max(), SIGNS, [np.array([0, -1.0, 0])], [np.array([1.0, -1, 0])]),
    (lambda x: x.median(), EQUAL, [np.eye(5)[2]], [np.ones(5), np.full(5, 0.3)]),
    (np.median, EQUAL, [np.full(5, 0.2)], [np.ones(5)]),
    (sorted_sum, EQUAL, [FALLING[[1, 0, 4, 3, 2]]], [np.full(5, 0.5), np.full(5, 0.2)]),
    (
        pooled,
        GRID,
        [np.array([[1.0, 0, 0, 1], [0, 0, 0, 0]]), np.array([[0.0, 0, 0, 0], [0, 1, 1, 0]])],
        [np.array([[1.0, 1, 0, 1], [0, 1, 0, 0]]), np.array([[0.0, 0, 0, 1], [0, 1, 1, 0]])],
    ),
    (
        pooled_by_numpy,
        GRID,
        [np.array([[1.0, 0, 0, 1], [0, 0, 0, 0]])],
        [np.array([[1.0, 1, 0, 1], [0, 1, 1, 0]])],
    ),
    (row_norms, ROWS, [row(0, 0, 0), row(0.6, 0, 0.8)], [row(0.9, 0.9, 0), row(0.7, 0.7, 0.7)]),
    (row_norms_by_numpy, ROWS, [row(0, 0, 0), row(0.5, 0, 0.8)], [row(0.9, 0.9, 0)]),
    (torch.relu, np.zeros(1), [np.zeros(1), np.ones(1), np.full(1, 0.4)], [np.full(1, 2.0)]),
    (lambda x: x.abs().sum(), np.zeros(2), [np.array([-1.0, 0.3])], [np.array([1.4, 0.0])]),
    (lambda x: -x.abs().sum(), np.zeros(2), [np.array([-1.0, 0.3])], [np.array([1.4, 0.0])]),
    (lambda x: x.clamp(-1, 1).sum(), np.ones(2), [np.array([1.0, 0])], [np.array([2.0, 1.0])]),
    (hinge, np.ones(3), [np.ones(3), -np.ones(3) / 2], [np.array([0.5, 0.0, 0.0])]),
    (spread, np.ones(3), [np.array([-1.0, 0, 1]), np.array([1.0, -2, 1])], [np.array([1.0, 1, 0])]),
]
RIGHT = [(loss, at, g) for loss, at, right, _wrong in LOSSES for g in right]
WRONG = [(loss, at, g) for loss, at, _right, wrong in LOSSES for g in wrong]


@pytest.mark.untraced
@pytest.mark.parametrize(("loss", "at", "gradient"), RIGHT)
def test_a_mixture_of_the_gradients_beside_a_kink_is_not_wrong(
    loss: Any, at: A, gradient: A
) -> None:
    assert checked(loss, at, gradient).verdict != "mismatch"


@pytest.mark.traced("sorted_sum-at11-gradient11", "<lambda>-at1-gradient1", "median-at9-gradient9")
@pytest.mark.parametrize(("loss", "at", "gradient"), WRONG)
def test_what_is_no_mixture_is_wrong(loss: Any, at: A, gradient: A) -> None:
    assert checked(loss, at, gradient).verdict == "mismatch"


def test_the_report_says_why() -> None:
    report = checked(lambda x: x.max(), TIED, np.array([1.0, 1, 0, 1]))
    assert report.blocks[0].reason == OUTSIDE_SLOPES
    assert [cause.kind for cause in report.causes] == ["a factor"]


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(3))
def test_where_a_loss_bends_to_both_sides_nothing_is_said(seed: int) -> None:
    """Every unit has a slope of its own at zero, and the sum of a choice of them is right."""
    r = np.random.default_rng(seed)
    v, X = torch.tensor(r.normal(size=6)), torch.tensor(r.normal(size=(9, 4)))

    def by_bias(b: Tensor) -> Tensor:
        return torch.relu(b) @ v + b.sum()

    def by_weights(W: Tensor) -> Tensor:
        return (torch.relu(X @ W) @ v).sum() + W.sum()

    for loss, shape in ((by_bias, (6,)), (by_weights, (4, 6))):
        for slope in (0.0, 1.0):
            active = slope * (v.numpy() if len(shape) == 1 else np.outer(X.sum(0), v))
            assert checked(loss, np.zeros(shape), active + 1.0).verdict != "mismatch"


@pytest.mark.untraced
@pytest.mark.parametrize("at_zero", [-1.0, 1.0])
def test_a_convention_at_zero_is_not_wrong(at_zero: float) -> None:
    """Opposite samples: no point nearby has the slope of one convention in both of them."""
    X, c = np.array([[1.0, 2.0], [-1.0, -2.0], [2.0, 1.0]]), np.array([1.0, -0.4, 0.3])
    gradient = at_zero * c @ X

    def loss(w: Tensor) -> Tensor:
        return (torch.tensor(X) @ w).abs() @ torch.tensor(c)

    def by_numpy(w: A) -> Any:
        return np.abs(np.dot(X, w)) @ c

    for one in (loss, by_numpy):
        reasons = [block.reason for block in checked(one, np.zeros(2), gradient).blocks]
        assert OUTSIDE_SLOPES not in reasons


@pytest.mark.untraced
def test_both_conventions_at_the_kinks_of_a_layer_are_right() -> None:
    """Rounding to the other side of a kink is in the tolerance there, and hides no jump."""
    for seed in range(4):
        r = np.random.default_rng(seed)
        W = r.integers(-1, 2, (3, 4)).astype("f8")
        X, v = r.integers(-1, 2, (8, 3)).astype("f8"), r.normal(size=4)

        def loss(b: Tensor, W: A = W, X: A = X, v: A = v) -> Tensor:
            return ((torch.relu(torch.tensor(X @ W) + b) @ torch.tensor(v)) ** 2).mean()

        def gradient(b: A, W: A = W, X: A = X, v: A = v) -> A:
            z = X @ W + b
            return ((2 * (np.maximum(z, 0) @ v) / len(X))[:, None] * v * (z >= 0)).sum(0)

        report = check_gradients(gradient, np.zeros(4), loss=loss, elsewhere=False)
        assert report.verdict != "mismatch", report
        off = undiagnosed(lambda b: gradient(b) + 9, np.zeros(4), loss=loss, elsewhere=False)
        assert off.verdict == "mismatch", off


@pytest.mark.untraced
def test_large_blocks_are_asked_about_along_their_ties_only() -> None:
    x = np.zeros(600)
    x[:4] = 1.0
    assert checked(lambda x: x.max(), x, (x == 1) * 1.0).verdict == "mismatch"
    assert checked(torch.linalg.vector_norm, np.zeros(600), np.full(600, 0.1)).verdict != "match"


def test_where_it_is_not_asked_how_a_loss_bends_a_norm_is_left_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = row(0.7, 0.7, 0.7)
    assert checked(row_norms, ROWS, wrong).blocks[0].reason == OUTSIDE_SLOPES
    monkeypatch.setattr(outside, "MOST_ENTRIES", ROWS.size - 1)
    assert checked(row_norms, ROWS, wrong).blocks[0].reason != OUTSIDE_SLOPES


@pytest.mark.untraced
def test_a_symmetric_matrix_of_zeros_and_ones_is_looked_at() -> None:
    """A move of an entry above the diagonal moves its mirror image."""
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    wrong = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert checked(lambda x: x.max() + torch.relu(x).sum(), x, wrong).verdict != "match"


def test_entries_are_alike_where_equal_ones_move_together() -> None:
    at = np.array([1.0, 1.0, -1.0])
    assert are_alike(at, np.array([1.0, 1.0, 0.0]))
    assert are_alike(at, np.array([1.0, 1.0, -1.0]))
    assert not are_alike(at, np.array([1.0, 0.0, 0.0]))


def test_directions_are_finite_and_of_one_size() -> None:
    ones = np.ones((2, 2))
    found = list(suspects(ones, 3 * ones, ones, [ones, np.eye(2)]))
    assert found
    assert all(np.abs(direction).max() == 1 for direction in found)
