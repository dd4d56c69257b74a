"""Ties in NumPy losses: every tied pair is separated, by differences beside the point."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.verdict.rows import BETWEEN_SLOPES

A = NDArray[Any]
W = np.array([0.3, 0.9, 0.2, 0.7, 0.5])
"""Weights that neither rise nor fall: the middle of three is not between the outer two."""


def by_rank(x: A) -> Any:
    return np.dot(np.sort(x), W)


def ranked(x: A) -> A:
    found = np.empty_like(x)
    found[np.argsort(x, kind="stable")] = W
    return found


def trimmed(x: A) -> Any:
    return np.mean(np.sort(x)[1:-1])


def one_of(*places: int, value: float = 1.0) -> A:
    found = np.zeros(5)
    found[list(places)] = value
    return found


def median(x: A) -> Any:
    return np.median(x)


def gini(x: A) -> Any:
    return sum(abs(float(a) - float(b)) for a in x for b in x) / 2


def largest_two(x: A) -> Any:
    return np.partition(x, 3)[3:].sum()


def windows(x: A) -> Any:
    return np.max(np.lib.stride_tricks.sliding_window_view(x, 3), axis=1) @ np.array([1.0, -2, 3])


EQUAL, SOME = np.full(5, 0.7), np.array([1.0, 2, 1, 1, 2])
RIGHT: list[tuple[Any, A, A]] = [
    (by_rank, EQUAL, ranked(EQUAL)),
    (by_rank, SOME, ranked(SOME)),
    (median, EQUAL, one_of(3)),
    (median, EQUAL, np.full(5, 0.2)),
    (largest_two, EQUAL, one_of(0, 4)),
    (trimmed, EQUAL, one_of(0, 2, 4, value=1 / 3)),
    (gini, EQUAL, np.array([4.0, -2, 0, 2, -4])),
    (windows, EQUAL, np.array([1.0, 0, 1, 0, 0])),
]


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("loss", "at", "gradient"), RIGHT)
def test_any_order_of_equal_entries_is_right(loss: Any, at: A, gradient: A, seed: int) -> None:
    report = check_gradients(lambda _x: gradient, at, loss=loss, seed=seed, elsewhere=False)
    assert report.verdict in ("inconclusive", "match"), report


def test_the_middle_of_equal_entries_is_said_to_be_at_a_kink() -> None:
    report = check_gradients(lambda _x: one_of(3), EQUAL, loss=median, elsewhere=False)
    assert [block.reason for block in report.blocks] == [BETWEEN_SLOPES], report


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "at", "gradient"),
    [
        (by_rank, SOME, 2 * ranked(SOME)),
        (by_rank, SOME, -ranked(SOME)),
        (by_rank, EQUAL, ranked(EQUAL) + one_of(1)),
        (median, EQUAL, one_of(3, value=1.1)),
        (median, EQUAL, one_of(3, value=-1.0)),
        (largest_two, EQUAL, one_of(0, 4, value=2.0)),
        (gini, EQUAL, np.array([5.0, -2, 0, 2, -4])),
        (windows, EQUAL, np.array([9.0, 0, 1, 0, 0])),
    ],
)
def test_what_no_order_gives_is_wrong(loss: Any, at: A, gradient: A) -> None:
    report = check_gradients(lambda _x: gradient, at, loss=loss)
    assert report.verdict == "mismatch", report


@pytest.mark.untraced
@pytest.mark.parametrize("error", [1e-9, 1e-6, 1e-3])
def test_a_tie_does_not_excuse_a_mistake_beside_it(error: float) -> None:
    def loss(x: A) -> Any:
        return np.sort(x[:3]) @ W[:3] + np.sum(np.exp(x[3:]))

    at = np.array([1.0, 1, 1, 0.2, 0.3])
    right = np.r_[ranked(EQUAL)[:3], np.exp(at[3:])]
    wrong = right * (1 + error * one_of(4))
    assert check_gradients(lambda _x: right, at, loss=loss, elsewhere=False).verdict != "mismatch"
    report = check_gradients(lambda _x: wrong, at, loss=loss, elsewhere=False)
    assert report.verdict == "mismatch", report


def test_what_is_smooth_and_wrong_costs_little_more() -> None:
    calls = [0]

    def loss(x: A) -> Any:
        calls[0] += 1
        return np.sum(np.exp(x))

    counts: list[int] = []
    for factor in (1.0, 1.001):
        calls[0] = 0
        _ = check_gradients(
            lambda x, factor=factor: factor * np.exp(x), np.linspace(0, 1, 9), loss=loss
        )
        counts.append(calls[0])
    assert counts[1] < 2 * counts[0]


def test_of_many_entries_none_is_moved_beside_the_point() -> None:
    """Along random directions it is not known which entries are off."""
    at = np.linspace(-1, 1, 400)
    report = check_gradients(lambda x: 1.1 * x, at, loss=lambda x: np.sum(np.asarray(x) ** 2) / 2)
    assert report.verdict == "mismatch"


@pytest.mark.parametrize("away", [1e-3, 1e-5])
def test_a_kink_nearby_is_none_here(away: float) -> None:
    at = np.array([1.0, 2, 3])

    def loss(x: A) -> Any:
        return np.abs(x - np.array([1 + away, 2 + away, 0])).sum() + np.sin(x).sum()

    for first, verdict in ((-1.0, "match"), (1.0, "mismatch"), (0.0, "mismatch")):
        gradient = np.array([first, -1, 1]) + np.cos(at)
        report = check_gradients(lambda _x, g=gradient: g, at, loss=loss, elsewhere=False)
        assert report.verdict == verdict, report
