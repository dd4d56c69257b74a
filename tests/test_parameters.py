"""Shapes, parameters, and their initial values."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import manual_backprop
from autograd_ref.assignment.problems import shapes
from manual_backprop import NetworkShape, Parameters, initialize

SHAPE = NetworkShape(inputs=4, hidden=16, outputs=3)


@given(st.integers(1, 10_000))
def test_the_assignments_network_has_8_N_H_plus_3_parameters(hidden: int) -> None:
    assert NetworkShape(inputs=4, hidden=hidden, outputs=3).parameter_count == 8 * hidden + 3


@given(shapes())
def test_parameter_count_is_the_number_of_entries(shape: NetworkShape) -> None:
    parameters = initialize(shape, seed=0)
    assert sum(block.size for block in parameters) == shape.parameter_count
    assert parameters.shape == shape


@given(shapes(), st.integers(0, 2**63))
def test_the_same_seed_gives_the_same_bits_and_float32_is_float64_rounded(
    shape: NetworkShape, seed: int
) -> None:
    first, second = initialize(shape, seed), initialize(shape, np.uint64(seed))
    narrow = initialize(shape, seed, dtype="float32")
    for a, b, c in zip(first, second, narrow, strict=True):
        assert a.dtype == np.float64
        assert np.array_equal(a, b)
        assert np.array_equal(a.astype(np.float32), c)


@pytest.mark.untraced
@pytest.mark.parametrize("options", [{}, {"std": 0.05}, {"std": 2.0}])
def test_every_block_is_drawn_from_the_normal_distribution(
    options: dict[str, Any],
) -> None:
    from scipy.stats import kstest

    large = initialize(NetworkShape(inputs=50, hidden=1000, outputs=1000), seed=1, **options)
    for block in large:
        assert kstest(block.ravel() / options.get("std", 0.05), "norm").pvalue > 1e-3


def test_blocks_differ_from_each_other_and_between_seeds() -> None:
    square = NetworkShape(3, 3, 3)
    first, second = initialize(square, 0), initialize(square, 1)
    assert not np.array_equal(first.W0, first.W1)
    assert not np.array_equal(first.b0, first.b1)
    assert not np.array_equal(first.W0, second.W0)


BAD_SHAPES: list[tuple[Any, type[Exception], str]] = [
    ((4, 0, 3), ValueError, "hidden is 0; it needs to be at least 1"),
    ((-1, 2, 3), ValueError, "inputs is -1; it needs to be at least 1"),
    ((4, 2, 1.5), TypeError, "outputs is 1.5, of type float; it needs to be an integer"),
    ((4, "2", 3), TypeError, "hidden is '2', of type str; it needs to be an integer"),
    ((True, 2, 3), TypeError, "inputs is True, of type bool; it needs to be an integer"),
]


@pytest.mark.parametrize(("sizes", "error", "message"), BAD_SHAPES)
def test_an_impossible_shape_is_refused(sizes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        _ = NetworkShape(*sizes)


def test_a_shape_holds_plain_integers() -> None:
    sizes: Any = [np.int8(size) for size in (4, 100, 3)]
    shape = NetworkShape(*sizes)
    assert shape.parameter_count == 803
    assert type(shape.hidden) is int


def test_the_smallest_shape_is_accepted() -> None:
    assert NetworkShape(1, 1, 1).parameter_count == 4


def initialize_with(options: dict[str, Any]) -> Parameters:
    chosen: dict[str, Any] = {"seed": 0, **options}
    return initialize(SHAPE, **chosen)


BAD_OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"seed": -1}, ValueError, "seed is -1; it needs to be at least 0"),
    ({"seed": 0.5}, TypeError, "seed is 0.5, of type float; it needs to be an integer"),
    ({"seed": None}, TypeError, "seed is None"),
    ({"std": 0}, ValueError, "std is 0.0; it needs to be greater than 0 and finite"),
    ({"std": -0.05}, ValueError, "std is -0.05"),
    ({"std": np.nan}, ValueError, "std is nan"),
    ({"std": np.inf}, ValueError, "std is inf"),
    ({"std": "wide"}, TypeError, "std is 'wide', of type str; it needs to be a number"),
    ({"dtype": int}, TypeError, "dtype is int64; it needs to be float64 or float32"),
    ({"dtype": "float65"}, TypeError, "dtype is 'float65'; it needs to be float64 or float32"),
    ({"std": 10**400}, ValueError, "std is inf; it needs to be greater than 0 and finite"),
    ({"dtype": "float16"}, TypeError, "dtype is float16"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD_OPTIONS)
def test_bad_options_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        _ = initialize_with(options)


def test_a_shape_that_is_no_network_shape_is_refused() -> None:
    sizes: Any = (4, 16, 3)
    with pytest.raises(TypeError, match=r"shape is \(4, 16, 3\), of type tuple"):
        _ = initialize(sizes, seed=0)


@pytest.mark.parametrize(
    "options", [{"seed": 0}, {"seed": np.int32(3)}, {"std": 1}, {"dtype": np.float32}]
)
def test_good_options_beside_them_are_accepted(options: dict[str, Any]) -> None:
    assert isinstance(initialize_with(options), Parameters)


def test_every_module_is_in_the_reading_order() -> None:
    folder = Path(manual_backprop.__path__[0])
    table = (folder / "README.md").read_text(encoding="utf-8").split("## Reading order")[1]
    modules = {file.name for file in folder.glob("*.py")} - {"__init__.py"}
    assert modules == {*re.findall(r"\((\w+\.py)\)", table)}
