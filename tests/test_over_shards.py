"""The mean over shards is the mean over the batch, whatever their sizes are."""

from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributed

from autograd_ref.assignment.bounds import rounding_tolerances
from autograd_ref.distributed.own_rows import own_rows, rows_of_file
from autograd_ref.distributed.summing import PART, over_shards
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from tests.process_groups import ProcessGroup
from tests.thorough import by_profile
from tests.tracing import untraced

DTYPES = ["float64", "float32"]


@pytest.fixture(scope="module", params=[2, 3, 4])
def group(request: pytest.FixtureRequest) -> Generator[ProcessGroup]:
    if not distributed.is_available():
        pytest.skip("PyTorch without torch.distributed")
    with untraced():
        found = ProcessGroup(request.param)
    with found:
        yield found


def of_all(p: Parameters, X: Any, Y: Any) -> tuple[float, Parameters]:
    return over_shards(loss_and_gradients)(p, X, Y)


class Problem:
    """A network, its batch, and where the batch is cut into shards."""

    def __init__(
        self, shape: NetworkShape, samples: int, seed: int, dtype: str, rows: bool
    ) -> None:
        random = np.random.default_rng(seed)
        self.p = initialize(shape, seed, std=0.5, dtype=dtype)
        self.X = random.normal(size=(samples, shape.inputs)).astype(dtype)
        self.Y: Any = random.integers(shape.outputs, size=samples)
        if rows:
            self.Y = random.dirichlet(np.ones(shape.outputs), size=samples).astype(dtype)
        self.cuts = np.sort(random.integers(samples + 1, size=3))

    def shards(self, count: int) -> list[tuple[Parameters, Any, Any]]:
        ends = [0, *self.cuts[: count - 1].tolist(), len(self.X)]
        return [(self.p, self.X[a:b], self.Y[a:b]) for a, b in pairwise(ends)]


SHAPES = st.builds(NetworkShape, *(st.integers(1, 9) for _ in range(3)))
PROBLEMS = st.builds(
    Problem,
    SHAPES,
    st.integers(1, 40),
    st.integers(0, 10**6),
    st.sampled_from(DTYPES),
    rows=st.booleans(),
)


@pytest.mark.long
@settings(max_examples=by_profile(dev=30, ci=40, thorough=1_000))
@given(PROBLEMS)
def test_the_gradient_over_shards_is_that_of_one_process(
    group: ProcessGroup, problem: Problem
) -> None:
    found = group.call(of_all, problem.shards(len(group.processes)))
    again = group.call(of_all, problem.shards(len(group.processes)))
    _value, right = loss_and_gradients(problem.p, problem.X, problem.Y)
    allowed = rounding_tolerances(problem.p, problem.X, problem.Y)
    for value, gradients in (*found, *again):
        assert value == found[0][0]
        assert abs(value - _value) <= allowed["loss"]
        for name, block in gradients._asdict().items():
            assert block.dtype == problem.X.dtype
            assert np.array_equal(block, getattr(found[0][1], name))
            assert (np.abs(block - getattr(right, name)) <= allowed[name]).all()


def test_no_samples_at_all_are_an_error(group: ProcessGroup) -> None:
    problem = Problem(NetworkShape(2, 3, 2), 4, 0, "float64", rows=False)
    empty = (problem.p, problem.X[:0], problem.Y[:0])
    found = group.call(of_all, [empty] * len(group.processes))
    assert {str(one) for one in found} == {"there are no samples in any process"}


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_of_a_shard_make_the_whole(dtype: str, *, rows: bool) -> None:
    samples = PART // (8 * 50) * 2 + 7
    problem = Problem(NetworkShape(3, 50, 2), samples, 1, dtype, rows=rows)
    value, gradients = of_all(problem.p, problem.X, problem.Y)
    right_value, right = loss_and_gradients(problem.p, problem.X, problem.Y)
    assert value == pytest.approx(right_value, rel=1e-5 if dtype == "float32" else 1e-12)
    for block, one in zip(gradients, right, strict=True):
        assert np.abs(block - one).max() < (1e-5 if dtype == "float32" else 1e-12)
        assert block.dtype == one.dtype


def test_no_samples_in_the_only_process() -> None:
    problem = Problem(NetworkShape(2, 3, 2), 4, 0, "float64", rows=True)
    with pytest.raises(ValueError, match="there are no samples in any process"):
        _ = of_all(problem.p, problem.X[:0], problem.Y[:0])


@given(st.integers(0, 100), st.integers(1, 12))
def test_rows_are_divided_evenly_and_none_twice(samples: int, size: int) -> None:
    parts = [range(samples)[own_rows(samples, rank, size)] for rank in range(size)]
    assert [row for part in parts for row in part] == list(range(samples))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_rows_of_a_file(tmp_path: Path, version: tuple[int, int]) -> None:
    path, array = tmp_path / "X.npy", np.arange(24, dtype=np.float32).reshape(8, 3)
    with path.open("wb") as file:
        np.lib.format.write_array(file, array, version)
    rows = rows_of_file(str(path)).taken(slice(2, 7), "float64")
    assert len(rows) == 5
    assert rows[1:3].dtype == np.float64
    assert np.array_equal(rows[1:3], array[3:5])
    assert np.array_equal(rows[:99], array[2:7])
    assert rows[5:].shape == (0, 3)
    rows[0:1][0, 0] = 7.0
    assert rows[0:1][0, 0] == array[2, 0]


@pytest.mark.parametrize(
    "array", [np.asfortranarray(np.ones((3, 2))), np.array([None]), np.array(1.0)]
)
def test_a_file_that_has_no_rows(tmp_path: Path, array: Any) -> None:
    path = tmp_path / "X.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(ValueError, match="that is not in C order"):
        _ = rows_of_file(str(path))
