"""The suite's own assertion, shown the errors that it must find."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_ref.assignment.bounds import rounding_tolerances
from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.planted import right_gradient
from autograd_ref.assignment.problems import Problem
from manual_backprop import NetworkShape, Parameters, initialize
from tests.agreement import assert_match, by_autograd
from tests.planted import BY_TITLE, wrong

ANY_SHAPE = [t for t, p in BY_TITLE.items() if p.shows is Shows.ANY and not p.loses_digits]
SQUARE = [title for title, p in BY_TITLE.items() if p.shows is Shows.SQUARE]

DISTINCT = NetworkShape(inputs=4, hidden=5, outputs=3)
EQUAL = NetworkShape(inputs=4, hidden=4, outputs=4)
DTYPES = [np.float64, np.float32]


def problem_from(seed: int, shape: NetworkShape, dtype: type[np.floating[Any]]) -> Problem:
    random = np.random.default_rng(seed)
    samples = int(random.integers(6, 12))  # more than there are of anything else
    X = random.normal(size=(samples, shape.inputs)).astype(dtype)
    Y = np.eye(shape.outputs, dtype=dtype)[random.integers(shape.outputs, size=samples)]
    return Problem(initialize(shape, seed, std=0.5, dtype=dtype), X, Y)


def judge(gradient: Callable[..., Parameters], problem: Problem) -> None:
    assert_match(
        gradient(*problem)._asdict(),
        by_autograd(*problem, exact=True),
        rounding_tolerances(*problem),
        dtype=problem.parameters.W0.dtype,
    )


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ANY_SHAPE)
def test_a_wrong_gradient_is_rejected(name: str, dtype: type[np.floating[Any]]) -> None:
    for seed in range(6):
        problem = problem_from(seed, DISTINCT, dtype)
        with pytest.raises(AssertionError):
            judge(wrong(name), problem)


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SQUARE)
def test_a_transposition_hidden_by_a_square_is_rejected(
    name: str, dtype: type[np.floating[Any]]
) -> None:
    for seed in range(20):
        problem = problem_from(seed, EQUAL, dtype)
        with pytest.raises(AssertionError):
            judge(wrong(name), problem)


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [DISTINCT, EQUAL])
def test_the_same_derivation_without_a_mistake_is_accepted(
    shape: NetworkShape, dtype: type[np.floating[Any]]
) -> None:
    for seed in range(20):
        judge(right_gradient, problem_from(seed, shape, dtype))


def test_one_sample_hides_a_missing_mean() -> None:
    """Why the problems above have three samples and more."""
    parameters, X, Y = problem_from(0, DISTINCT, np.float64)
    judge(wrong("softmax over the whole matrix"), Problem(parameters, X[:1], Y[:1]))
