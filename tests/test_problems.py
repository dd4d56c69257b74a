"""The strategies reach every case that they claim, and refuse what they cannot do."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, NoSuchExample
from hypothesis.strategies import SearchStrategy

from autograd_ref.assignment.problems import (
    KINDS,
    Kind,
    Problem,
    degenerate_shapes,
    distinct_shapes,
    large_problems,
    problems,
    shapes,
    square_shapes,
)
from manual_backprop import NetworkShape, forward, initialize, loss_and_gradients
from manual_backprop.validation import checked_batch

ENOUGH = settings(
    max_examples=5000,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def missed(
    strategy: SearchStrategy[Any],
    cases: Mapping[str, Callable[[Any], Any]],
    enough: settings = ENOUGH,
) -> set[str]:
    """The names of the cases for which the strategy gives no example."""
    left = dict(cases)

    def none_left(example: Any) -> bool:
        for name in [name for name, case in left.items() if case(example)]:
            del left[name]
        return not left

    with suppress(NoSuchExample):
        _ = find(strategy, none_left, settings=enough)
    return set(left)


def sizes(shape: NetworkShape) -> tuple[int, int, int]:
    return shape.inputs, shape.hidden, shape.outputs


SHAPE_CASES: dict[str, Callable[[NetworkShape], bool]] = {
    "all dimensions differ": lambda s: len(set(sizes(s))) == 3,
    "all dimensions differ, none is one": lambda s: len(set(sizes(s))) == 3 and min(sizes(s)) > 1,
    "W0 square": lambda s: s.inputs == s.hidden > 1 and s.outputs != s.hidden,
    "W1 square": lambda s: s.hidden == s.outputs > 1 and s.inputs != s.hidden,
    "both square": lambda s: s.inputs == s.hidden == s.outputs > 1,
    "one input": lambda s: s.inputs == 1,
    "one hidden unit": lambda s: s.hidden == 1,
    "one output": lambda s: s.outputs == 1,
    "two outputs": lambda s: s.outputs == 2,
    "largest": lambda s: max(sizes(s)) == 6,
}


def test_shapes_reach_every_case() -> None:
    assert not missed(shapes(), SHAPE_CASES)


@given(distinct_shapes())
def test_distinct_shapes_differ_in_every_dimension(shape: NetworkShape) -> None:
    assert len(set(sizes(shape))) == 3


@given(square_shapes())
def test_square_shapes_have_a_square_matrix(shape: NetworkShape) -> None:
    assert shape.hidden in (shape.inputs, shape.outputs)


@given(degenerate_shapes())
def test_degenerate_shapes_are_degenerate(shape: NetworkShape) -> None:
    assert 1 in sizes(shape) or shape.outputs == 2


def entries(problem: Problem) -> Any:
    return np.concatenate([problem.X.ravel(), *(block.ravel() for block in problem.parameters)])


def is_one_hot(Y: Any) -> bool:
    return Y.ndim == 2 and set(np.unique(Y)) <= {0.0, 1.0}


def z1(problem: Problem) -> Any:
    return forward(problem.parameters, problem.X).z1


def margin(problem: Problem) -> float:
    z2 = np.sort(forward(problem.parameters, problem.X).z2, axis=1)
    return float((z2[:, -1] - z2[:, -2]).min()) if z2.shape[1] > 1 else 0.0


def is_wrong_everywhere(problem: Problem) -> bool:
    Y = checked_batch(*problem).Y
    y_hat = forward(problem.parameters, problem.X).y_hat
    return bool((Y.argmax(axis=1) != y_hat.argmax(axis=1)).all())


PROBLEM_CASES: dict[str, Callable[[Problem], Any]] = {
    "one sample": lambda p: len(p.X) == 1,
    "several samples": lambda p: len(p.X) == 6,
    "labels": lambda p: p.Y.ndim == 1,
    "labels of another integer type": lambda p: p.Y.dtype == np.uint8,
    "all labels differ": lambda p: p.Y.ndim == 1 and len(set(p.Y)) == len(p.Y) > 2,
    "one-hot rows": lambda p: is_one_hot(p.Y),
    "soft rows": lambda p: p.Y.ndim == 2 and not is_one_hot(p.Y),
    "soft rows that differ": lambda p: (
        p.Y.ndim == 2 and not is_one_hot(p.Y) and len(np.unique(p.Y, axis=0)) == len(p.Y) > 1
    ),
    "float64": lambda p: p.X.dtype == np.float64,
    "float32": lambda p: p.X.dtype == np.float32,
    "parameters as the assignment draws them": lambda p: 0 < abs(p.parameters.W0).max() < 0.3,
    "parameters beyond 900": lambda p: abs(p.parameters.W0).max() > 900,
    "pre-activations beyond 1e4": lambda p: z1(p).max() > 1e4,
    "pre-activations below -1e4": lambda p: z1(p).min() < -1e4,
    "float32 pre-activations beyond 80": lambda p: p.X.dtype == "f4" and z1(p).max() > 80,
    "subnormal numbers": lambda p: (
        (entries(p) != 0) & (abs(entries(p)) < np.finfo(p.X.dtype).smallest_normal)
    ).any(),
    "every unit saturated": lambda p: abs(z1(p)).min() >= 36,
    "saturated on both sides": lambda p: z1(p).min() < -36 and z1(p).max() > 36,
    "confident and right": lambda p: margin(p) > 15 and not is_wrong_everywhere(p),
    "confident and wrong": lambda p: margin(p) > 15 and is_wrong_everywhere(p),
    "a margin of 700 exactly": lambda p: margin(p) == 700,
    "hardly two entries equal": lambda p: (
        p.parameters.W0.size > 8 and len(np.unique(entries(p))) > 0.9 * len(entries(p))
    ),
}


@pytest.mark.untraced
def test_problems_reach_every_case() -> None:
    assert not missed(problems(), PROBLEM_CASES)


@pytest.mark.untraced
def test_a_case_that_is_not_reached_is_missed() -> None:
    cases: dict[str, Callable[[Problem], Any]] = {
        "no sample": lambda p: len(p.X) == 0,
        "a sample": lambda p: len(p.X) == 1,
    }
    assert missed(problems(), cases, settings(ENOUGH, max_examples=50)) == {"no sample"}


@pytest.mark.untraced
@given(problems())
def test_every_problem_is_good_input(problem: Problem) -> None:
    value, gradients = loss_and_gradients(*problem)
    assert np.isfinite(value)
    assert all(np.isfinite(block).all() for block in gradients)


@given(large_problems())
def test_every_large_problem_is_good_input(problem: Problem) -> None:
    assert np.isfinite(loss_and_gradients(*problem)[0])


SATURATED_CASES: dict[str, Callable[[Problem], Any]] = {
    "on both sides": lambda p: z1(p).min() < -36 and z1(p).max() > 36,
    "beyond exp's range": lambda p: abs(z1(p)).max() > 1000,
    "in float32": lambda p: p.X.dtype == np.float32,
}
CONFIDENT_CASES: dict[str, Callable[[Problem], Any]] = {
    **{f"float64, {m}": lambda p, m=m: p.parameters.b1.max() == m for m in (20, 36, 100, 700)},
    **{f"float32, {m}": lambda p, m=m: p.parameters.b1.max() == m for m in (10, 17, 50, 80)},
    "exact": lambda p: not p.parameters.W1.any(),
    "not exact": lambda p: p.parameters.W1.all(),
    "any winner": lambda p: p.parameters.b1.argmax() == 3,
}


def test_saturated_problems_reach_every_case() -> None:
    assert not missed(problems(kinds=("saturated",)), SATURATED_CASES)


@pytest.mark.untraced
def test_confident_problems_reach_every_case() -> None:
    assert not missed(problems(kinds=("confident",)), CONFIDENT_CASES)


@pytest.mark.untraced
@given(problems(kinds=("saturated",)))
def test_saturated_problems_are_saturated(problem: Problem) -> None:
    assert abs(z1(problem)).min() >= (40 if problem.X.dtype == np.float64 else 20)


@pytest.mark.untraced
@given(problems(kinds=("confident",)))
def test_confident_problems_are_confident(problem: Problem) -> None:
    """The typical W1 moves the outputs by less than 5, where it is not zero."""
    assert margin(problem) > (15 if problem.X.dtype == np.float64 else 5)


@pytest.mark.untraced
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_kind_can_be_asked_for_with_a_shape_and_a_dtype(kind: Kind, data: st.DataObject) -> None:
    shape, dtype = NetworkShape(2, 3, 4), np.dtype(np.float32)
    asked = problems(shape=st.just(shape), dtype=st.just(dtype), kinds=(kind,), max_samples=2)
    problem = data.draw(asked)
    assert problem.parameters.shape == shape
    assert problem.X.dtype == dtype
    assert len(problem.X) <= 2


@given(problems(kinds=("typical",)))
def test_typical_parameters_come_from_the_assignments_initialisation(problem: Problem) -> None:
    blocks = np.concatenate([block.ravel() for block in problem.parameters])
    assert abs(blocks).max() < 0.05 * 7
    assert blocks.dtype == initialize(problem.parameters.shape, 0, dtype=blocks.dtype).W0.dtype


@given(shapes(max_size=2))
def test_small_shapes_are_possible(shape: NetworkShape) -> None:
    assert max(sizes(shape)) <= 2


@pytest.mark.untraced
@given(problems(dtype=st.just(np.float32)))  # pyright: ignore[reportArgumentType]  NumPy takes both
def test_a_dtype_may_be_given_as_a_scalar_type(problem: Problem) -> None:
    assert problem.X.dtype == np.float32


@pytest.mark.parametrize(
    ("request_it", "message"),
    [
        (lambda: distinct_shapes(max_size=2), "max_size is 2; three different dimensions"),
        (lambda: square_shapes(max_size=0), "max_size is 0"),
        (lambda: degenerate_shapes(max_size=0), "max_size is 0"),
        (lambda: problems(kinds=()).example(), "kinds is"),
        (lambda: problems(kinds=("odd",)).example(), "kinds is"),  # pyright: ignore[reportArgumentType]  the wrong kind is the point
        (
            lambda: problems(shape=st.just(NetworkShape(2, 2, 1)), kinds=("confident",)).example(),
            "one output",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_an_impossible_request_is_refused(request_it: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        _ = request_it()
