"""The cost of a check: against a NumPy loss in losses a parameter, and what it resolves."""

from typing import Any

import numpy as np
import pytest

from autograd_ref.check import examine, trial_of
from tests.cost import Cost, cost, counted, described, problems
from tests.mass.nest import leaves, rebuilt
from tests.models import MODELS

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


MOST = {"tanh": 3.5, "linear regression": 3.5, "Rosenbrock": 3.5, "layer norm": 3.5}
MOST["log determinant"] = 5.0  # near a singular matrix the steps have to be small


@pytest.mark.untraced
@pytest.mark.parametrize("name", MOST)
@pytest.mark.parametrize("error", [0.3, 1e-3, 1e-6])
def test_a_mismatch_against_a_pytorch_loss_takes_a_few_values_more(name: str, error: float) -> None:
    """They are for the slope along the difference; the gradients nearby are a handful."""
    model, calls = MODELS[name], [0]
    parameters, data = model.make(np.random.default_rng(0), 7)

    def loss(*arguments: Any) -> Any:
        calls[0] += 1
        return model.loss(*arguments)

    def wrong(p: Any, *data: Any) -> Any:
        answer = model.gradients(p, *data)
        first, *others = leaves(answer)
        entry = int(np.argmax(np.abs(first)))
        off = first * (1 + error * (np.arange(first.size) == entry).reshape(first.shape))
        return rebuilt(answer, iter([off, *others]))

    counts: list[int] = []
    for gradients, verdict in ((model.gradients, "match"), (wrong, "mismatch")):
        calls[0] = 0
        trial = trial_of(gradients, parameters, data, loss)
        assert examine(trial, diagnose=False).verdict == verdict
        counts.append(calls[0])
    assert counts[1] <= MOST[name] * counts[0], counts


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
