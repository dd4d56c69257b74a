"""SciPy's approx_fprime on one sample, as the assignment asks, and how accurate it can be."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings

import manual_backprop
from autograd_ref.assignment.bounds import rounding_tolerances
from autograd_ref.assignment.finite_difference import STEP, forward_difference, second_derivatives
from autograd_ref.assignment.problems import Problem, problems
from autograd_ref.network import SOFTPLUS_THRESHOLD
from manual_backprop import NetworkShape, Parameters, initialize, load_penguins
from manual_backprop.parameters import Array
from manual_backprop.validation import checked_batch
from tests.agreement import assert_match, by_hand

FEW = settings(max_examples=settings().max_examples // 3)


def judge(gradients: dict[str, Array], problem: Problem) -> None:
    estimate, accuracy = forward_difference(manual_backprop.loss, *problem)
    rounding = rounding_tolerances(*problem)
    tolerance = {name: block + rounding[name] for name, block in accuracy._asdict().items()}
    dtype = problem.parameters.W0.dtype
    assert_match(gradients, estimate._asdict(), tolerance, dtype=dtype)


def gradients_by_hand(problem: Problem) -> dict[str, Array]:
    return manual_backprop.loss_and_gradients(*problem)[1]._asdict()


@FEW
@given(problems(kinds=("typical",), max_samples=1))
def test_one_sample_agrees_with_approx_fprime_as_far_as_it_is_accurate(problem: Problem) -> None:
    judge(gradients_by_hand(problem), problem)


def penguin(seed: int) -> Problem:
    X, Y, _names = load_penguins()
    parameters = initialize(NetworkShape(4, 16, 3), seed)
    row = 70 * seed  # every species is among the first five
    return Problem(parameters, X[row : row + 1], Y[row : row + 1])


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_gradient_of_one_sample_is_rejected(seed: int) -> None:
    problem = penguin(seed)
    right = gradients_by_hand(problem)
    judge(right, problem)
    for name, block in right.items():
        with pytest.raises(AssertionError, match=name):
            judge({**right, name: block * 1.001}, problem)


def test_the_second_derivative_counts_where_it_is_large() -> None:
    start = initialize(NetworkShape(2, 3, 2), seed=4, std=1e-3)
    parameters = start._replace(W1=3000 * start.W1)
    problem = Problem(parameters, np.array([[300.0, -200.0]]), np.array([1]))
    judge(gradients_by_hand(problem), problem)
    _estimate, accuracy = forward_difference(manual_backprop.loss, *problem)
    curvature = second_derivatives(*problem)
    assert (STEP / 2 * abs(curvature.W0)).max() > 0.9 * accuracy.W0.max()


@pytest.mark.parametrize("seed", range(5))
def test_the_stated_accuracy_is_within_a_hundred_times_what_is_reached(seed: int) -> None:
    problem = penguin(seed)
    estimate, accuracy = forward_difference(manual_backprop.loss, *problem)
    exact = gradients_by_hand(problem)
    worst = max(float(abs(getattr(estimate, name) - exact[name]).max()) for name in exact)
    stated = max(float(block.max()) for block in accuracy)
    assert worst < stated < 100 * worst
    assert stated < 1e-5


def test_float32_is_judged_in_float64_because_its_own_difference_is_zero() -> None:
    problem = penguin(1)
    narrow = Problem(
        Parameters(*(block.astype(np.float32) for block in problem.parameters)),
        problem.X.astype(np.float32),
        problem.Y,
    )
    judge(by_gradient_blocks(narrow), narrow)
    value = manual_backprop.loss(*narrow)
    moved = [
        manual_backprop.loss(
            narrow.parameters._replace(W0=narrow.parameters.W0 + step), narrow.X, narrow.Y
        )
        for step in np.float32(STEP) * np.eye(64, dtype=np.float32).reshape(64, 16, 4)
    ]
    assert np.mean(np.array(moved) == value) > 0.8


def by_gradient_blocks(problem: Problem) -> dict[str, Array]:
    return {name: by_hand(*problem)[name] for name in Parameters._fields}


@FEW
@given(problems(kinds=("typical", "confident")))
def test_second_derivatives_are_the_diagonal_of_autograds_hessian(problem: Problem) -> None:
    parameters, X, _ = problem
    Y = torch.from_numpy(checked_batch(*problem).Y.astype(np.float64))
    features = torch.from_numpy(X.astype(np.float64))
    wide = [torch.from_numpy(block.astype(np.float64)) for block in parameters]

    def loss(*blocks: torch.Tensor) -> torch.Tensor:
        W0, b0, W1, b1 = blocks
        z1 = features @ W0.T + b0
        a1 = torch.nn.functional.softplus(z1, threshold=SOFTPLUS_THRESHOLD[torch.float64])
        return torch.nn.functional.cross_entropy(a1 @ W1.T + b1, Y)

    hessian: Any = torch.autograd.functional.hessian(loss, tuple(wide))
    for i, found in enumerate(second_derivatives(*problem)):
        size = found.size
        diagonal = hessian[i][i].numpy().reshape(size, size).diagonal()
        scale = abs(X).max() ** 2 + abs(found).max() + 1
        assert np.allclose(found.ravel(), diagonal, rtol=1e-10, atol=1e-13 * scale)
