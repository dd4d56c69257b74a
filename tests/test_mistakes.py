"""Every mistake that people make has its outcome, and the same code without it is accepted."""

from collections.abc import Callable

import numpy as np
import pytest

from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.planted import problem_for
from autograd_ref.check import check_gradients
from autograd_ref.report.report import Report
from tests.mistakes.case import (
    Arguments,
    DType,
    Function,
    Outcome,
    Problem,
    complaint,
)
from tests.mistakes.catalogue import MISTAKES, PARTS
from tests.thorough import by_profile, one_in
from tests.undiagnosed import undiagnosed

Check = Callable[..., Report]
Twin = tuple[Callable[[], Function], Problem, Outcome]

CASES = [(name, dtype) for name, mistake in MISTAKES.items() for dtype in mistake.dtypes]
IDS = [f"{name}-{dtype.__name__}" for name, dtype in CASES]

TWINS: dict[Twin, str] = {
    (m.right, m.problem_of_right or m.problem, m.accepted): name
    for name, m in reversed(MISTAKES.items())
    if m.right
}
"""Each class's code without the mistake, once for every class of problems, by its first mistake."""

TWIN_CASES = [(twin, dtype) for twin, name in TWINS.items() for dtype in MISTAKES[name].dtypes]
TWIN_IDS = [f"not {TWINS[twin]}-{dtype.__name__}" for twin, dtype in TWIN_CASES]

PROBLEMS = by_profile(dev=2, ci=2, thorough=12)

SEARCHED = {*one_in(8, MISTAKES)}
"""The mistakes for which the search for a cause runs as well; no outcome depends on it."""


def seeds(dtype: DType) -> range:
    """Others in float32."""
    start = 0 if dtype is np.float64 else 1000
    return range(start, start + PROBLEMS)


def answer(
    function: Function, arguments: Arguments, outcome: Outcome, check: Check = undiagnosed
) -> str:
    """The first difference between a check and the outcome, in words; empty where there is none."""
    try:
        report = check(function, arguments.parameters, *arguments.data, loss=arguments.loss)
    except Exception as error:
        if outcome.raises and isinstance(error, outcome.raises):
            return ""
        raise
    if outcome.raises:
        return f"no {outcome.raises.__name__} is raised"
    return complaint(outcome, report)


@pytest.mark.long
@pytest.mark.parametrize(("name", "dtype"), CASES, ids=IDS)
def test_a_mistake_has_its_outcome(name: str, dtype: DType) -> None:
    """With the search for its cause on the first problem of some."""
    mistake = MISTAKES[name]
    for seed in seeds(dtype):
        check = undiagnosed if seed or name not in SEARCHED else check_gradients
        found = answer(mistake.wrong(), mistake.problem(seed, dtype), mistake.outcome, check)
        assert not found, f"seed {seed}: {found}"


@pytest.mark.long
@pytest.mark.parametrize(("twin", "dtype"), TWIN_CASES, ids=TWIN_IDS)
def test_the_same_code_without_the_mistake_is_accepted(twin: Twin, dtype: DType) -> None:
    right, problem, outcome = twin
    for seed in seeds(dtype):
        found = answer(right(), problem(seed, dtype), outcome)
        assert not found, f"seed {seed}: {found}"


def test_no_two_mistakes_have_the_same_name() -> None:
    assert sum(len(part) for part in PARTS) == len(MISTAKES)


def test_the_problems_of_a_mistake_have_the_shapes_it_shows_on() -> None:
    for seed in range(20):
        for shows in Shows:
            parameters, X, Y = problem_for(shows, seed, np.float64)
            shape, samples = parameters.shape, len(X)
            sizes = {shape.inputs, shape.hidden, shape.outputs}
            assert len(sizes) == (1 if shows in (Shows.SQUARE, Shows.ALL_EQUAL) else 3)
            assert (samples in sizes) == (shows is Shows.ALL_EQUAL)
            assert Y.shape == (samples, shape.outputs)
