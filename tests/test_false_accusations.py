"""Right implementations of the assignment's gradient are never called wrong."""

from concurrent.futures import ProcessPoolExecutor
from itertools import cycle
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from hypothesis import settings

from autograd_ref.selftest.correct import CORRECT, every_exponential_is_normal
from autograd_ref.selftest.false_accusations import Count, added_up, verdicts_on
from autograd_ref.selftest.random_problems import is_ordinary, random_problem
from autograd_ref.selftest.trials import DTYPES

PROBLEMS = {"dev": 200, "ci": 4_000, "thorough": 100_000}


def counted(problems: int) -> Count:
    """In two processes, each with one thread and without anybody's tracing."""
    context = get_context("spawn")
    with ProcessPoolExecutor(2, context, torch.set_num_threads, (1,)) as pool:
        return added_up(pool.map(verdicts_on, range(problems), cycle(DTYPES), chunksize=50))


def test_no_right_implementation_is_ever_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most one ordinary problem in a thousand is inconclusive.

    Every implementation is asked often; the naive ones are left out where an exponential leaves the
    number format.
    """
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    count = counted(PROBLEMS[settings.get_current_profile_name()])
    assert not count.accused
    assert count.ordinary >= 0.3 * count.problems
    assert len(count.undecided) <= max(1, count.ordinary // 1_000), count.undecided
    assert count.checks.keys() == set(CORRECT)
    for name, checks in count.checks.items():
        assert checks >= 0.6 * count.problems, name


def test_the_problems_are_of_every_kind() -> None:
    problems = [random_problem(seed, "f8") for seed in range(2_000)]
    samples = np.array([len(problem.X) for problem in problems])
    assert samples.min() == 1
    assert samples.max() > 3_000
    assert {problem.parameters.W0.dtype for problem in problems} == {np.dtype("f8")}
    assert any(len(problem.parameters.b1) == 1 for problem in problems)
    assert any(not problem.parameters.W1.any() for problem in problems)
    assert any((problem.X[0] == problem.X).all() for problem in problems if len(problem.X) > 100)
    assert {problem.Y.ndim for problem in problems} == {1, 2}
    assert 0.3 < np.mean([is_ordinary(problem) for problem in problems]) < 0.6
    normal = [every_exponential_is_normal(p.parameters, p.X) for p in problems]
    assert 0.6 < np.mean(normal) < 1
