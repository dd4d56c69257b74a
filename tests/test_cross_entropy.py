"""The sums of all others, from which e2 is made without a subtraction."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from manual_backprop.cross_entropy import softmax, sum_of_others

matrices = hnp.arrays(
    np.int64,
    st.tuples(st.integers(1, 5), st.integers(1, 7)),
    elements=st.integers(-(2**40), 2**40),
    fill=st.nothing(),
).map(lambda integers: integers.astype(np.float64))


@given(matrices)
def test_sum_of_others_is_the_sum_without_the_entry(P: NDArray[np.float64]) -> None:
    found = sum_of_others(P)
    for s, i in np.ndindex(*P.shape):
        assert found[s, i] == np.delete(P[s], i).sum()


def test_sum_of_others_keeps_what_a_subtraction_would_lose() -> None:
    P = np.array([[1.0, 1e-20, 1e-30]])
    assert sum_of_others(P)[0, 0] == 1e-20 + 1e-30
    assert P.sum() - P[0, 0] == 0


@given(matrices.map(lambda P: P / 2**38))
def test_rows_of_softmax_sum_to_one(z2: NDArray[np.float64]) -> None:
    assert np.allclose(softmax(z2).sum(axis=1), 1, rtol=2e-15, atol=0)
