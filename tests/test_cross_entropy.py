"""Softmax, cross-entropy and e2, and the sums of the other entries that they are made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from manual_backprop.cross_entropy import (
    FEW_OUTPUTS,
    cross_entropy,
    cross_entropy_derivative,
    softmax,
    sum_of_others,
    targets_of,
)

matrices = hnp.arrays(
    np.int64,
    st.tuples(st.integers(1, 5) | st.integers(FEW_OUTPUTS - 1, FEW_OUTPUTS + 2), st.integers(1, 7)),
    elements=st.integers(-(2**40), 2**40),
    fill=st.nothing(),
).map(lambda integers: integers.astype(np.float64))


@given(matrices)
def test_sum_of_others_is_the_sum_without_the_entry(P: NDArray[np.float64]) -> None:
    found = sum_of_others(P)
    for i, s in np.ndindex(*P.shape):
        assert found[i, s] == np.delete(P[:, s], i).sum()


@pytest.mark.parametrize("outputs", [3, FEW_OUTPUTS, FEW_OUTPUTS + 1])
def test_sum_of_others_keeps_what_a_subtraction_would_lose(outputs: int) -> None:
    P = np.zeros((outputs, 1))
    P[:3, 0] = 1.0, 1e-20, 1e-30
    assert sum_of_others(P)[0, 0] == 1e-20 + 1e-30
    assert P.sum() - P[0, 0] == 0


@pytest.mark.parametrize("outputs", [1, 3, FEW_OUTPUTS, FEW_OUTPUTS + 1])
@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint16])
def test_labels_are_rows_that_are_one_in_one_place(outputs: int, kind: type) -> None:
    labels = np.arange(outputs).astype(kind)[::-1]
    rows = np.eye(outputs)[labels]
    by_label, by_row = (targets_of(Y, outputs, rows.dtype) for Y in (labels, rows))
    assert np.array_equal(by_label.Y, by_row.Y)
    assert np.array_equal(by_label.others, by_row.others)
    assert by_label.total is None
    assert by_row.total is not None
    assert (by_row.total == 1).all()


@given(matrices.map(lambda P: P / 2**38))
def test_columns_of_softmax_sum_to_one(z2: NDArray[np.float64]) -> None:
    prediction = softmax(z2)
    assert np.allclose(prediction.y_hat.sum(axis=0), 1, rtol=2e-15, atol=0)


@pytest.mark.parametrize("outputs", [1, 3, FEW_OUTPUTS + 1])
def test_loss_and_e2_are_linear_in_the_targets(outputs: int) -> None:
    random = np.random.default_rng(0)
    prediction = softmax(random.normal(scale=3, size=(outputs, 4)))
    rows = random.dirichlet(np.ones(outputs), size=4)
    once, twice = (targets_of(Y, outputs, rows.dtype) for Y in (rows, 2 * rows))
    assert np.array_equal(cross_entropy(prediction, twice), 2 * cross_entropy(prediction, once))
    one, two = (cross_entropy_derivative(prediction, targets, 4) for targets in (once, twice))
    assert np.array_equal(two, 2 * one)
