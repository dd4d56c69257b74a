"""Right implementations of the assignment's gradient are never called wrong."""

import numpy as np
import pytest

from autograd_ref.selftest.correct import CORRECT, every_exponential_is_normal
from autograd_ref.selftest.false_accusations import added_up, verdicts_on
from autograd_ref.selftest.random_problems import is_ordinary, random_problem
from autograd_ref.selftest.trials import DTYPES
from tests.thorough import by_profile

PROBLEMS = by_profile(dev=60, ci=60, thorough=2_500)
PARTS = by_profile(dev=1, ci=1, thorough=8)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_no_right_implementation_is_ever_a_mismatch(part: int) -> None:
    """At most one ordinary problem in a thousand is inconclusive.

    Every implementation is asked often; the naive ones are left out where an exponential leaves the
    number format.
    """
    seeds = range(part * PROBLEMS, (part + 1) * PROBLEMS)
    count = added_up(verdicts_on(seed, DTYPES[seed % 2]) for seed in seeds)
    assert count.problems == PROBLEMS
    assert not count.accused
    assert count.ordinary >= 0.3 * PROBLEMS
    assert len(count.undecided) <= max(1, count.ordinary // 1_000), count.undecided
    assert count.checks.keys() == set(CORRECT)
    for name, checks in count.checks.items():
        assert checks >= 0.6 * PROBLEMS, name


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
