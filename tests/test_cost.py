"""What a check against a NumPy loss costs, in losses a parameter, and what it resolves."""

import numpy as np
import pytest

from tests.cost import Cost, cost, counted, described, problems

SMALL = {"Rosenbrock", "Gaussian", "decay", "mixture", "Weibull", "determinant"}
PROBLEMS = [problem for problem in problems(1) if problem.name in SMALL]


@pytest.fixture(scope="module")
def costs() -> list[Cost]:
    return [cost(problem) for problem in PROBLEMS]


def test_a_match_costs_thirty_losses_a_parameter_and_resolves_nearly_all_digits(
    costs: list[Cost],
) -> None:
    assert len(costs) == len(SMALL)
    for one in costs:
        assert one.verdicts == ("match", "mismatch", "mismatch"), one
        assert 5 < one.match <= 30, one
        assert one.resolution < 1e-11, one


def test_a_mismatch_costs_at_most_twice_a_match(costs: list[Cost]) -> None:
    for one in costs:
        assert max(one.all_wrong, one.one_wrong) <= 2 * one.match, one


def test_every_call_is_counted() -> None:
    (problem,) = [problem for problem in PROBLEMS if problem.name == "Gaussian"]
    calls = [0]

    def more(x: object, xp: object) -> object:
        calls[0] += xp is np
        return problem.loss(x, xp)

    _report, per_parameter = counted(problem._replace(loss=more), np.zeros(2))
    assert calls[0] <= per_parameter * problem.at.size <= calls[0] + 4


def test_the_table_says_what_is_not_as_expected(costs: list[Cost]) -> None:
    text = described([*costs, costs[0]._replace(verdicts=("match", "match", "mismatch"))])
    assert text.count("('match', 'match', 'mismatch')") == 1
    assert "median" in text
    assert "worst" in text
