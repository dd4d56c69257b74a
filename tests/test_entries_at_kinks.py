"""A kink in one entry of a NumPy loss leaves the others judged, and is named with its entry."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report.report import Report

A = NDArray[np.float64]
RANDOM = np.random.default_rng(3)
X, Y, W = RANDOM.normal(size=(20, 5)), RANDOM.normal(size=20), RANDOM.normal(size=5)
L1 = 3.0


def lasso(w: A) -> float:
    return float(0.5 * ((X @ w - Y) ** 2).sum() + L1 * np.abs(w).sum())


def of_lasso(w: A, at_zero: float = 0.0) -> A:
    return X.T @ (X @ w - Y) + L1 * np.where(w == 0, at_zero, np.sign(w))


def sparse(*zeros: int) -> A:
    w = W.copy()
    w[list(zeros)] = 0.0
    return w


def kink_notes(report: Report) -> list[str]:
    return [note.text for note in report.warnings if note.kind == "kink"]


@pytest.mark.untraced
@pytest.mark.parametrize("zeros", [(2,), (0, 2), (0, 1, 3, 4)])
@pytest.mark.parametrize("at_zero", [0.0, 1.0, -0.4])
def test_a_sparse_lasso_matches_whatever_slope_is_taken_at_zero(
    zeros: tuple[int, ...], at_zero: float
) -> None:
    report = check_gradients(lambda w: of_lasso(w, at_zero), sparse(*zeros), loss=lasso)
    assert report.verdict == "match", report
    assert report.blocks[0].resolution is not None
    assert report.blocks[0].resolution < 1e-9
    assert len(kink_notes(report)) == 1
    assert all(f"parameters[{i}]" in kink_notes(report)[0] for i in zeros)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        (lambda w: of_lasso(w, 1.03), 2),
        (lambda w: of_lasso(w, -1.03), 2),
        (lambda w: of_lasso(w) * np.array([1, 1, 1, 1 + 1e-9, 1]), 3),
        (lambda w: of_lasso(w) - L1 * np.array([0, np.sign(w[1]), 0, 0, 0]), 1),
    ],
)
def test_a_wrong_entry_beside_a_kink_or_at_one_is_a_mismatch(
    wrong: Callable[[A], A], at: int
) -> None:
    report = check_gradients(wrong, sparse(2), loss=lasso)
    assert report.verdict == "mismatch", report
    assert report.blocks[0].worst_index == (at,)


V = np.array([1.0, 2.0, 4.0])
Kinked = tuple[Callable[[A], Any], Callable[[A], A], A]
OF_THEIR_OWN: dict[str, Kinked] = {
    "hinge": (
        lambda x: np.maximum(0, 1 - x).sum() + (x**2).sum(),
        lambda x: np.where(x < 1, -1.0, 0.0) + 2 * x,
        np.array([1.0, 0.3, 2.0, -1.0]),
    ),
    "ReLU, as a loop": (
        lambda x: sum(max(float(v), 0.0) + float(v) ** 2 for v in x),
        lambda x: (x > 0) + 2 * x,
        np.array([0.0, 1.0, -1.0, 0.0]),
    ),
    "quantile": (
        lambda q: np.max([0.3 * (V - q[0]), 0.7 * (q[0] - V)], axis=0).sum() + q[1] ** 2,
        lambda q: np.array([0.7 * (q[0] > 1) - 0.3, 2 * q[1]]),
        np.array([2.0, 5.0]),
    ),
    "a corner that points up": (
        lambda x: -np.abs(x[0]) + (x**3).sum(),
        lambda x: 3 * x**2 - np.array([np.sign(x[0]), 0, 0]),
        np.array([0.0, 1.0, -2.0]),
    ),
    "a matrix": (
        lambda w: np.abs(w).sum() + (w**2).sum(),
        lambda w: np.sign(w) + 2 * w,
        np.array([[0.0, 1.0], [-2.0, 0.0], [3.0, 0.5]]),
    ),
}


@pytest.mark.parametrize("name", OF_THEIR_OWN)
def test_kinks_of_single_entries_leave_the_others_judged(name: str) -> None:
    loss, gradient, at = OF_THEIR_OWN[name]
    assert check_gradients(gradient, at, loss=loss, elsewhere=False).verdict == "match"
    entry = next(iter(np.argwhere(at != at.flat[0])))  # it has no kink

    def wrong(x: A) -> A:
        found = np.asarray(gradient(x), float)
        found[tuple(entry)] *= 1.0001
        return found

    report = check_gradients(wrong, at, loss=loss, elsewhere=False)
    assert report.verdict == "mismatch", report


TIED = np.array([1.5, 1.5, -3.0])


def with_maximum(x: A) -> float:
    return float(np.max(x) + (x**2).sum())


@pytest.mark.parametrize(
    "share", [(1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (1.0, 1.0, 0.0), (0.0, 0.0, 0.0)]
)
def test_entries_that_share_a_kink_are_not_judged_each_by_itself(share: Any) -> None:
    report = check_gradients(lambda x: 2 * x + share, TIED, loss=with_maximum, elsewhere=False)
    assert report.verdict != "match"
    assert "parameters[0] and parameters[1]" in kink_notes(report)[0]


def test_a_shared_kink_is_seen_among_those_of_single_entries() -> None:
    def both(x: A) -> float:
        return with_maximum(x) + float(np.abs(x).sum())

    at = np.array([1.5, 0.0, -3.0, 0.0, 1.5])
    report = check_gradients(
        lambda x: 2 * x + (x == x.max()) + np.sign(x), at, loss=both, elsewhere=False
    )
    assert report.verdict != "match"


def test_where_every_entry_has_a_kink_the_reason_says_so() -> None:
    report = check_gradients(of_lasso, 0 * W, loss=lasso)
    assert report.verdict == "inconclusive"
    assert "the loss has a kink in each of its entries" in report.blocks[0].reason
    one = check_gradients(
        lambda x: 3 * np.sign(x), np.array(0.0), loss=lambda x: 3 * float(abs(x)), elsewhere=False
    )
    assert "the loss has a kink there" in one.blocks[0].reason


@pytest.mark.parametrize("norm", [lambda x: np.sqrt((x**2).sum()), np.linalg.norm])
def test_a_gradient_that_is_zero_at_a_kink_is_not_said_to_have_no_effect(norm: Any) -> None:
    report = check_gradients(
        lambda x: x / (np.linalg.norm(x) or 1.0), np.zeros(4), loss=norm, elsewhere=False
    )
    assert report.verdict == "inconclusive"
    assert "kink" in report.blocks[0].reason
    zero = [note.text for note in report.warnings if note.kind == "zero reference"]
    assert all("may not depend" not in text for text in zero)


def test_a_block_whose_entries_may_share_a_kink_unseen_leaves_it_open() -> None:
    p = {"w": np.array([0.0, 1.0]), "many": RANDOM.normal(size=400)}
    report = check_gradients(
        lambda p: {"w": np.sign(p["w"]) + 2 * p["w"], "many": 2 * p["many"]},
        p,
        loss=lambda p: float(np.abs(p["w"]).sum() + (p["w"] ** 2).sum() + (p["many"] ** 2).sum()),
    )
    blocks = {block.name: block for block in report.blocks}
    assert blocks["many"].verdict == "match"
    assert "kink in its entry [0]" in blocks["w"].reason
