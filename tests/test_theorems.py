"""Theorems about the gradient that hold for any data and need no reference."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from numpy.typing import NDArray

from autograd_ref.assignment.bounds import rounding_bounds
from autograd_ref.assignment.problems import Problem, problems
from autograd_ref.rounding.arithmetic import Forms
from manual_backprop import Parameters, loss_and_gradients
from manual_backprop.network import backward
from manual_backprop.validation import checked_batch
from tests import agreement
from tests.agreement import Results, assert_match, assert_untouched_and_unshared, doubled

pytestmark = pytest.mark.usefixtures("each_backend")

Bounds = Results


def stable_bounds(*problem: Any) -> Bounds:
    return rounding_bounds(*problem, forms=Forms.STABLE)


def by_hand(*problem: Any) -> Results:
    value, gradients = loss_and_gradients(*problem)
    return {"loss": np.asarray(value), **gradients._asdict()}


def both(first: Bounds, second: Bounds) -> Bounds:
    """For two results that may each be off by its own bound."""
    return {name: first[name] + second[name] for name in ("loss", "W0", "b0", "W1", "b1")}


def dtype_of(problem: Problem) -> np.dtype[Any]:
    return problem.parameters.W0.dtype


@pytest.mark.untraced
@given(problems())
def test_rows_of_e2_sum_to_zero(problem: Problem) -> None:
    e2 = backward(*problem).e2
    sums = e2.astype(np.float64).sum(axis=1, keepdims=True)
    # y_hat sums to one, and so does Y, both up to the rounding of their N_O terms
    unit = np.finfo(e2.dtype).eps / 2
    Y = checked_batch(*problem).Y
    outputs, samples = e2.shape[1], len(e2)
    allowed = 8 * outputs * unit * (1 + abs(Y).sum(axis=1, keepdims=True)) / samples
    assert (abs(sums) <= allowed).all(), (sums, allowed)


@pytest.mark.untraced
@given(problems())
def test_gradient_is_the_mean_over_samples(problem: Problem) -> None:
    parameters, X, Y = problem
    singles = [by_hand(parameters, X[s : s + 1], Y[s : s + 1]) for s in range(len(X))]
    bounds = [stable_bounds(parameters, X[s : s + 1], Y[s : s + 1]) for s in range(len(X))]
    whole, whole_bound = by_hand(*problem), stable_bounds(*problem)

    def mean(found: list[Any], name: str) -> NDArray[np.float64]:
        return np.asarray(np.mean([each[name] for each in found], axis=0, dtype=np.float64))

    names = ("loss", "W0", "b0", "W1", "b1")
    assert_match(
        whole,
        {name: mean(singles, name) for name in names},
        {name: mean(bounds, name) + whole_bound[name] for name in names},
        dtype=dtype_of(problem),
    )


@pytest.mark.untraced
@given(problems())
def test_duplicating_the_batch_changes_nothing(problem: Problem) -> None:
    parameters, X, Y = problem
    twice = Problem(parameters, np.concatenate([X, X]), np.concatenate([Y, Y]))
    assert_match(
        by_hand(*twice),
        by_hand(*problem),
        both(stable_bounds(*problem), stable_bounds(*twice)),
        dtype=dtype_of(problem),
    )


@pytest.mark.untraced
@given(problems(), st.data())
def test_permuting_the_batch_changes_nothing(problem: Problem, data: DataObject) -> None:
    parameters, X, Y = problem
    order = data.draw(st.permutations(range(len(X))))
    permuted = Problem(parameters, X[order], Y[order])
    assert_match(
        by_hand(*permuted),
        by_hand(*problem),
        doubled(stable_bounds(*problem)),
        dtype=dtype_of(problem),
    )


@pytest.mark.untraced
@given(problems(), st.data())
def test_permuting_hidden_units_permutes_the_gradient(problem: Problem, data: DataObject) -> None:
    parameters, X, Y = problem
    order = data.draw(st.permutations(range(len(parameters.b0))))

    def permute(p: Any) -> Any:
        return type(p)(W0=p.W0[order], b0=p.b0[order], W1=p.W1[:, order], b1=p.b1)

    def permuted(results: Results) -> Results:
        blocks = Parameters(*(results[name] for name in Parameters._fields))
        return {"loss": results["loss"], **permute(blocks)._asdict()}

    assert_match(
        by_hand(permute(parameters), X, Y),
        permuted(by_hand(*problem)),
        permuted(doubled(stable_bounds(*problem))),
        dtype=dtype_of(problem),
    )


@pytest.mark.untraced
@given(problems(), st.integers(-1000, 1000))
def test_adding_a_constant_to_b1_changes_nothing(problem: Problem, constant: int) -> None:
    parameters, X, Y = problem
    # multiples of 1/1024 below 2000 add exactly in either number format
    start = parameters._replace(b1=np.round(parameters.b1 * 1024) / 1024)
    shifted = start._replace(b1=start.b1 + constant)
    before, after = Problem(start, X, Y), Problem(shifted, X, Y)
    assert_match(
        by_hand(*after),
        by_hand(*before),
        both(stable_bounds(*before), stable_bounds(*after)),
        dtype=dtype_of(problem),
    )


@pytest.mark.untraced
@given(problems())
def test_labels_and_one_hot_rows_agree_to_the_bit(problem: Problem) -> None:
    parameters, X, Y = problem
    labels = Y if Y.ndim == 1 else Y.argmax(axis=1)
    rows = np.eye(len(parameters.b1), dtype=np.int8)[labels]
    from_labels, from_rows = (
        agreement.by_hand(parameters, X, targets) for targets in (labels, rows)
    )
    for name, values in from_labels.items():
        assert np.array_equal(values, from_rows[name]), name


@given(problems())
def test_inputs_are_left_alone_and_outputs_are_unshared(problem: Problem) -> None:
    assert_untouched_and_unshared(loss_and_gradients, problem)


@pytest.mark.untraced
@given(problems())
def test_memory_layout_does_not_matter(problem: Problem) -> None:
    parameters, X, Y = problem
    padded = np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)
    layouts = [
        (parameters._make(np.asfortranarray(block) for block in parameters), np.asfortranarray(X)),
        (parameters, padded[::2, ::2]),
        (parameters, X[::-1].copy()[::-1]),
    ]
    as_it_was, tolerance = by_hand(*problem), doubled(stable_bounds(*problem))
    for laid_out, features in layouts:
        found = by_hand(laid_out, features, Y)
        assert_match(found, as_it_was, tolerance, dtype=dtype_of(problem))
