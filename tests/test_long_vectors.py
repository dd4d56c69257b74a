"""The search for a cause takes time that grows no faster than what is sorted does."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.diagnosis.relations.orders import ORDERS
from autograd_ref.diagnosis.relations.relation import Around
from autograd_ref.report.report import Report

A = NDArray[Any]
MANY = 20_000
"""Rows: pairs of them would take minutes."""


def squares(p: Any) -> Any:
    return (p**2).sum()


def report_with(change: Any, *shape: int) -> Report:
    p = np.random.default_rng(0).normal(size=shape)
    return check_gradients(lambda p: change(2 * p), p, loss=squares)


def scaled(rows: Any) -> Any:
    def change(g: A) -> A:
        g[rows] = (g.T * np.linspace(1.01, 1.5, len(g))).T[rows]
        return g

    return change


@pytest.mark.untraced
@pytest.mark.parametrize("shape", [(MANY,), (1000, 50)])
@pytest.mark.parametrize("rows", [[7], [3, 8, 500], slice(None), slice(1, None)])
def test_entries_that_are_wrong_among_many_are_shown_at_once(
    rows: Any, shape: tuple[int, ...]
) -> None:
    report = report_with(scaled(rows), *shape)
    assert report.verdict == "mismatch"
    assert not report.causes
    assert report.pattern[0].kind == "unknown cause"


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("order", "shape", "said"),
    [
        (lambda g: g[::-1], (MANY,), "entries 19999, 19998"),
        (lambda g: np.roll(g, 1, axis=0), (MANY, 2), "rows 19999, 0, 1"),
        (lambda g: g[:, ::-1], (30, 400), "columns 399, 398"),
    ],
)
def test_many_rows_in_another_order_are_named(order: Any, shape: Any, said: str) -> None:
    report = report_with(order, *shape)
    assert report.causes[0].kind == "in another order"
    assert said in report.causes[0].explanation


def order_of(hand: A, right: A, allowed: float = 1e-14) -> str | None:
    def close(one: A, two: A, coarser: float = 1.0) -> bool:
        return bool(np.abs(one - two).max() <= coarser * allowed)

    around = Around(right, right, {}, 0, {}, lambda: None, close, 1e-16)
    claim = ORDERS[0].claim(hand, around)
    return claim and claim.detail


def test_rows_that_are_equal_stay_where_they_are() -> None:
    right = np.array([0.0, 0.0, 5.0, 0.0, 3.0])
    assert order_of(right[[2, 0, 1, 3, 4]], right) == "entries 2, 1, 0, 3, 4"


def test_rows_are_the_same_though_they_round_in_another_way() -> None:
    right = np.random.default_rng(1).normal(size=(40, 3))
    hand = right[::-1] * (1 + 1e-16 * np.arange(3))
    assert order_of(hand, right) == "rows 39, 38, 37, 36, 35, 34, 33, 32, ..."


@pytest.mark.parametrize("change", [0.0, 1e-15, 1e-3])
def test_what_is_in_its_place_or_in_none_is_in_no_other_order(change: float) -> None:
    right = np.random.default_rng(1).normal(size=50)
    assert order_of(right + change, right) is None
