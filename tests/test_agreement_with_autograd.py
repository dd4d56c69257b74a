"""The two witnesses meet: the gradient derived by hand against autograd, on random problems."""

import numpy as np
import pytest
from hypothesis import given, settings

from autograd_ref.assignment.bounds import rounding_bounds, rounding_tolerances
from autograd_ref.assignment.problems import Problem, large_problems, problems
from autograd_ref.rounding.arithmetic import Forms
from tests.agreement import assert_match, by_autograd, by_hand, doubled

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("each_backend")]

MANY = settings(max_examples=min(5 * settings().max_examples, 10_000))
FEW = settings(max_examples=settings().max_examples // 3)


@MANY
@given(problems())
def test_hand_agrees_with_the_float64_reference(problem: Problem) -> None:
    assert_match(
        by_hand(*problem),
        by_autograd(*problem, exact=True),
        rounding_tolerances(*problem),
        dtype=problem.parameters.W0.dtype,
    )


@given(problems())
def test_hand_agrees_with_autograd_in_the_same_number_format(problem: Problem) -> None:
    assert_match(
        by_hand(*problem),
        by_autograd(*problem),
        doubled(rounding_bounds(*problem, forms=Forms.TEXTBOOK)),
        dtype=problem.parameters.W0.dtype,
    )


@FEW
@given(large_problems())
def test_hand_agrees_with_the_float64_reference_on_large_problems(problem: Problem) -> None:
    assert_match(
        by_hand(*problem),
        by_autograd(*problem, exact=True),
        rounding_tolerances(*problem),
        dtype=problem.parameters.W0.dtype,
    )


@given(problems())
def test_float32_is_float64_rounded_within_its_own_rounding(problem: Problem) -> None:
    parameters, X, Y = problem
    narrow = parameters._make(block.astype(np.float32) for block in parameters)
    narrow_X = X.astype(np.float32)
    wide = parameters._make(block.astype(np.float64) for block in narrow)
    found, exact = by_hand(narrow, narrow_X, Y), by_hand(wide, narrow_X.astype(np.float64), Y)
    assert_match(
        found, exact, doubled(rounding_bounds(narrow, narrow_X, Y, forms=Forms.STABLE)), dtype="f4"
    )
