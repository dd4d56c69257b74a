"""Every mistake that people make has its outcome, and the same code without it is accepted."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings

from autograd_ref.check import check_gradients
from autograd_ref.structure import as_array, leaves
from tests.mistakes.case import (
    Arguments,
    DType,
    Function,
    Mistake,
    Outcome,
    Problem,
    complaint,
)
from tests.mistakes.catalogue import MISTAKES, PARTS, VALUES

Twin = tuple[Callable[[], Function], Problem, Outcome]

CASES = [(name, dtype) for name, mistake in MISTAKES.items() for dtype in mistake.dtypes]
IDS = [f"{name}-{dtype.__name__}" for name, dtype in CASES]

TWINS: dict[Twin, str] = {
    (m.right, m.problem_of_right or m.problem, m.accepted): name
    for name, m in reversed(MISTAKES.items())
    if m.right
}
"""The same code without the mistake, once for every class of problems, by its first mistake."""

TWIN_CASES = [(twin, dtype) for twin, name in TWINS.items() for dtype in MISTAKES[name].dtypes]
TWIN_IDS = [f"not {TWINS[twin]}-{dtype.__name__}" for twin, dtype in TWIN_CASES]

VISIBLE: dict[DType, float] = {np.float64: 1e-10, np.float32: 1e-3}
"""Where a mistake changes less than this, relative to the right gradient, it may stay unseen."""


PROBLEMS = {"dev": 2, "ci": 6, "thorough": 100}


def seeds(dtype: DType) -> range:
    """Others in float32."""
    start = 0 if dtype is np.float64 else 1000
    return range(start, start + PROBLEMS[settings.get_current_profile_name()])


def answer(function: Function, arguments: Arguments, outcome: Outcome) -> str:
    """What is different from the outcome."""
    try:
        report = check_gradients(
            function, arguments.parameters, *arguments.data, loss=arguments.loss
        )
    except Exception as error:
        if outcome.raises and isinstance(error, outcome.raises):
            return ""
        raise
    if outcome.raises:
        return f"no {outcome.raises.__name__} is raised"
    return complaint(outcome, report)


def relative_size(mistake: Mistake, arguments: Arguments) -> float:
    """How wrong the gradient is, by the same code without the mistake and not by the checker."""
    assert mistake.right is not None, "nothing to hold it against"
    one, two = (
        leaves(make()(arguments.parameters, *arguments.data))
        for make in (mistake.wrong, mistake.right)
    )
    if any(name not in one or np.shape(one[name]) != np.shape(two[name]) for name in two):
        return np.inf
    wrong, right = (
        np.concatenate([as_array(found[name]).ravel().astype("f8") for name in two])
        for found in (one, two)
    )
    return float(np.linalg.norm(wrong - right) / np.linalg.norm(right))


@pytest.mark.parametrize(("name", "dtype"), CASES, ids=IDS)
def test_a_mistake_has_its_outcome(name: str, dtype: DType) -> None:
    mistake = MISTAKES[name]
    left_out = 0
    tried = seeds(dtype)
    for seed in tried:
        arguments = mistake.problem(seed, dtype)
        found = answer(mistake.wrong(), arguments, mistake.outcome)
        if found:
            assert name in VALUES, f"seed {seed}: {found}"
            size = relative_size(mistake, arguments)
            assert size < VISIBLE[dtype], f"seed {seed}, wrong by {size:.1e}: {found}"
            left_out += 1
    assert 100 * left_out <= len(tried), f"left out on {left_out} of {len(tried)} problems"


@pytest.mark.parametrize(("twin", "dtype"), TWIN_CASES, ids=TWIN_IDS)
def test_the_same_code_without_the_mistake_is_accepted(twin: Twin, dtype: DType) -> None:
    right, problem, outcome = twin
    for seed in seeds(dtype):
        found = answer(right(), problem(seed, dtype), outcome)
        assert not found, f"seed {seed}: {found}"


@pytest.mark.parametrize("name", VALUES)
def test_blocks_that_the_mistake_leaves_right_are_not_accused(name: str) -> None:
    arguments = VALUES[name].problem(0, np.float64)
    make_right = VALUES[name].right
    assert make_right
    wrong, right = VALUES[name].wrong(), make_right()
    returned = wrong(arguments.parameters, *arguments.data)
    expected = right(arguments.parameters, *arguments.data)
    report = check_gradients(wrong, arguments.parameters, *arguments.data)
    accused = {block.name for block in report.blocks if block.verdict == "mismatch"}
    assert accused == {
        block
        for block in expected._fields
        if not np.array_equal(getattr(returned, block), getattr(expected, block))
    }


def test_no_two_mistakes_have_the_same_name() -> None:
    assert sum(len(part) for part in PARTS) == len(MISTAKES)
