"""Parameters as a vector for optimisers, and as JSON for files: no bit is lost."""

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from autograd_ref.assignment.problems import Problem, problems, shapes
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from manual_backprop.penguins import load_penguins


@pytest.mark.untraced
@given(problems())
def test_a_vector_and_json_give_back_the_same_bits(problem: Problem) -> None:
    p = problem.parameters
    vector = p.to_vector()
    from_vector = Parameters.from_vector(vector, p.shape)
    assert not any(np.shares_memory(block, vector) for block in (*p, *from_vector))
    for again in (from_vector, Parameters.from_json(p.to_json())):
        for one, two in zip(p, again, strict=True):
            assert one.dtype == two.dtype
            assert one.tobytes() == two.tobytes()
            assert not np.shares_memory(one, two)


@given(shapes(), st.integers(0, 100))
def test_a_vector_is_in_the_order_of_the_parameters(shape: NetworkShape, seed: int) -> None:
    p = initialize(shape, seed)
    vector = p.to_vector()
    assert vector.shape == (shape.parameter_count,)
    assert vector[0] == p.W0[0, 0]
    assert vector[shape.hidden * shape.inputs] == p.b0[0]
    assert vector[-shape.outputs - 1] == p.W1[-1, -1]
    assert vector[-1] == p.b1[-1]


def test_a_vector_of_another_length_is_refused() -> None:
    message = "vector has shape (130,); it needs (131,) for NetworkShape(inputs=4"
    with pytest.raises(ValueError, match=re.escape(message)):
        _ = Parameters.from_vector(np.zeros(130), NetworkShape(4, 16, 3))


def test_the_order_in_memory_is_not_that_of_the_vector() -> None:
    p = initialize(NetworkShape(3, 4, 2), 0)
    turned = Parameters(*map(np.asfortranarray, p))
    assert np.array_equal(turned.to_vector(), p.to_vector())
    assert turned.to_json() == p.to_json()


def test_what_is_no_vector_is_refused() -> None:
    shape = NetworkShape(1, 1, 2)
    with pytest.raises(ValueError, match=re.escape("vector has shape (6, 1); it needs (6,)")):
        _ = Parameters.from_vector(np.zeros((6, 1)), shape)
    wrong: Any
    for wrong in (["a"] * 6, np.zeros(6, complex), np.zeros(6, bool), [None] * 6):
        with pytest.raises(TypeError, match=r"vector is of dtype .*; it needs real numbers"):
            _ = Parameters.from_vector(wrong, shape)
    with pytest.raises(TypeError, match="of type tuple; it needs to be a NetworkShape"):
        _ = Parameters.from_vector(np.zeros(6), (1, 1, 2))  # pyright: ignore[reportArgumentType]


def test_json_has_lists_and_what_is_needed_to_read_them() -> None:
    content = json.loads(initialize(NetworkShape(1, 2, 3), 0, dtype=np.float32).to_json())
    assert content["shape"] == {"inputs": 1, "hidden": 2, "outputs": 3}
    assert content["dtype"] == "float32"
    assert [len(content[name]) for name in ("W0", "b0", "W1", "b1")] == [2, 2, 3, 3]


@pytest.mark.parametrize(
    ("b0", "message"),
    [
        ([np.nan, 1], "b0[0] is nan; every entry of b0 needs to be finite"),
        ([1.0], "b0 has shape (1,); it needs 2 entries"),
        (np.zeros(2, np.float32), "the dtype of b0 is float32 and that of W0 is float64"),
        (np.zeros(2, np.longdouble), "the dtype of b0 is longdouble; it needs to be float64"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(b0: Any, message: str) -> None:
    p = initialize(NetworkShape(1, 2, 3), 0)
    message = message.replace("longdouble", str(np.dtype(np.longdouble)))
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        _ = p._replace(b0=np.asarray(b0)).to_json()


RIGHT: dict[str, Any] = json.loads(initialize(NetworkShape(1, 2, 3), 0).to_json())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("W0 = 1", "text is not valid JSON: Expecting value"),
        ("[]", "text lacks shape, dtype, W0, b0, W1, b1; it needs shape"),
        (
            json.dumps({**RIGHT, "shape": {"inputs": 1}}),
            "shape is {'inputs': 1}; it needs integers",
        ),
        (json.dumps({**RIGHT, "shape": None}), "shape is None; it needs integers"),
        (json.dumps({**RIGHT, "dtype": "int8"}), "dtype is 'int8'; it needs to be float64"),
        (json.dumps({**RIGHT, "dtype": None}), "dtype is None; it needs to be float64"),
        (json.dumps({**RIGHT, "dtype": "d"}), "dtype is 'd'; it needs to be float64"),
        (json.dumps({**RIGHT, "b0": [1.0]}), "b0 has shape (1,); it needs (2,)"),
        (json.dumps({**RIGHT, "W0": [1, 2]}), "W0 has shape (2,); it needs (2, 1)"),
        (json.dumps({**RIGHT, "W1": [[1, 2, 3], [4, 5, 6]]}), "W1 has shape (2, 3); it needs (3,"),
        (json.dumps({**RIGHT, "W0": [[1], [1, 2]]}), "W0 holds something other than numbers, or"),
        (json.dumps({**RIGHT, "b1": ["1.5", 1, 2]}), "b1 holds something other than numbers"),
        (json.dumps({**RIGHT, "b1": [None, 1, 2]}), "b1 holds something other than numbers"),
        (json.dumps({**RIGHT, "b1": [True, 1, 2]}), "b1 holds something other than numbers"),
        (json.dumps({**RIGHT, "b1": {"a": 1}}), "b1 holds something other than numbers"),
        (json.dumps({**RIGHT, "b1": [np.inf, 1, 2]}), "b1 holds a number that is not finite in fl"),
        (json.dumps({**RIGHT, "b1": [np.nan, 1, 2]}), "b1 holds a number that is not finite in fl"),
        (json.dumps({**RIGHT, "b1": [10**400, 1, 2]}), "b1 holds a number that is not finite in f"),
        (
            json.dumps({**RIGHT, "dtype": "float32", "b1": [1e300, 1, 2]}),
            "b1 holds a number that is not finite in float32",
        ),
        ("9" * 5000, "text is not valid JSON: Exceeds the limit"),
        ("[" * 100_000, "text is not valid JSON: maximum recursion depth exceeded"),
        (json.dumps({**RIGHT, "shape": {"inputs": 0, "hidden": 2, "outputs": 3}}), "of at least 1"),
    ],
)
def test_what_is_no_model_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        _ = Parameters.from_json(text)


@pytest.mark.parametrize("text", [None, RIGHT, b"{}"])
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(TypeError, match=f"text is of type {type(text).__name__}; it needs to be"):
        _ = Parameters.from_json(text)


def test_scipy_finds_a_minimum_with_the_vector() -> None:
    X, Y, names = load_penguins()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    shape = NetworkShape(X.shape[1], 16, len(names))

    def function(vector: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradients = loss_and_gradients(Parameters.from_vector(vector, shape), X, Y)
        return value, gradients.to_vector()

    start = initialize(shape, 0).to_vector()
    found = minimize(
        function,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 0, "gtol": 1e-8, "maxiter": 10_000, "maxfun": 100_000},
    )
    assert np.linalg.norm(function(found.x)[1]) < 1e-7
