"""The built-in network's tolerance: the derived one, and the one measured as for any other model.

    python -m benchmarks.tolerances

On problems of every kind, in float64 and float32: the ratio of the two, entry by entry; the
verdicts on right gradients under each; the smallest error found; seconds of CPU.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, settings
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from autograd_ref import check_gradients
from autograd_ref.assignment.network_model import assignment
from autograd_ref.assignment.problems import KINDS, Kind, Problem, problems
from autograd_ref.network import SOFTPLUS_THRESHOLD
from autograd_ref.reference.protocol import Evaluation
from autograd_ref.reference.torch_loss import torch_loss
from autograd_ref.rounding.arithmetic import Level
from autograd_ref.selftest.correct import CORRECT, NAIVE, every_exponential_is_normal
from autograd_ref.selftest.random_problems import random_problem
from autograd_ref.tree.point import Point, Results
from manual_backprop import NetworkShape, Parameters, initialize, load_penguins, loss_and_gradients

ERRORS = tuple(m * 10.0**e for e in range(-14, 0) for m in (1, 2, 5))


class TolerancesResult(NamedTuple):
    """The results of one problem with both tolerances, the derived one first."""

    kind: str
    ratios: dict[Level, NDArray[Any]]
    """The measured one by the derived one, entry by entry."""
    smallest: tuple[float, float]
    """The smallest relative error of W0 that exceeds the last level somewhere."""
    verdicts: tuple[Counter[str], Counter[str]]
    """On right gradients."""
    seconds: tuple[dict[str, float], dict[str, float]]
    """CPU of the tolerances of each level, and of all checks."""


def network_loss(parameters: Any, X: Tensor, Y: Tensor) -> Tensor:
    """The network as anybody writes it in PyTorch."""
    W0, b0, W1, b1 = parameters
    a1 = functional.softplus(X @ W0.T + b0, threshold=SOFTPLUS_THRESHOLD[torch.float64])
    return functional.cross_entropy(a1 @ W1.T + b1, Y if Y.ndim == 1 else Y.double())


def drawn(kind: Kind, count: int) -> list[Problem]:
    """Problems of one kind, equal in every run with one version of Hypothesis."""
    found: list[Problem] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        deadline=None,
    )
    @given(problems(kinds=(kind,)))
    def collect(problem: Problem) -> None:
        found.append(problem)

    collect()
    return found


def of_kinds(count: int) -> Iterable[tuple[str, Problem]]:
    """Problems of each kind, and as many from the selftest's seeds."""
    for kind in KINDS:
        yield from ((kind, problem) for problem in drawn(kind, count))
    for seed in range(count):
        for dtype in (np.float64, np.float32):
            yield "selftest", random_problem(seed, dtype)


def judged(problem: Problem, loss: Callable[..., Tensor] | None) -> tuple[Counter[str], float]:
    """The verdicts on right gradients, and the CPU they take."""
    start = time.process_time()
    possible = every_exponential_is_normal(problem.parameters, problem.X)
    verdicts = Counter(
        check_gradients(gradients, *problem, loss=loss).verdict
        for name, gradients in CORRECT.items()
        if possible or name not in NAIVE
    )
    return verdicts, time.process_time() - start


def tolerances(evaluation: Evaluation) -> tuple[dict[Level, Results], dict[str, float]]:
    """The tolerances of every level, and the CPU they take."""
    found: dict[Level, Results] = {}
    spent: dict[str, float] = {}
    for level in Level:
        start = time.process_time()
        found[level] = evaluation.tolerances(level).gradients
        spent[level.name] = time.process_time() - start
    return found, spent


def smallest_error(exact: Evaluation, tolerance: Results) -> float:
    """The smallest relative error of all of W0 that exceeds a tolerance somewhere."""
    size = abs(next(iter(exact.gradients.values())))
    allowed = next(iter(tolerance.values()))
    return float(np.min(allowed[size > 0] / size[size > 0], initial=np.inf))


def both_on(kind: str, problem: Problem) -> TolerancesResult:
    """Work out all of it for one problem."""
    point = Point(problem.parameters, problem[1:])
    sides = [assignment().evaluate(point), torch_loss(network_loss, 0).evaluate(point)]
    (derived, time_derived), (measured, time_measured) = map(tolerances, sides)
    verdicts, times = zip(*(judged(problem, loss) for loss in (None, network_loss)), strict=True)
    several = len(problem.parameters.b1) > 1
    return TolerancesResult(
        f"{kind if several else 'one output'}, {problem.parameters.W0.dtype.name}",
        {
            level: np.concatenate(
                [
                    (measured[level][path] / allowed).ravel()
                    for path, allowed in derived[level].items()
                ]
            )
            for level in Level
        },
        (
            smallest_error(sides[0], derived[Level.TEXTBOOK]),
            smallest_error(sides[1], measured[Level.TEXTBOOK]),
        ),
        (verdicts[0], verdicts[1]),
        ({**time_derived, "checks": times[0]}, {**time_measured, "checks": times[1]}),
    )


def smallest_found(dtype: Any, loss: Callable[..., Tensor] | None) -> float:
    """The smallest relative error of W0 on the penguins that is a mismatch."""
    X, Y, names = load_penguins()
    start = initialize(NetworkShape(X.shape[1], 16, len(names)), 0, dtype=dtype)

    def is_found(error: float) -> bool:
        def wrong(p: Parameters, X: NDArray[Any], Y: NDArray[Any]) -> Parameters:
            right = loss_and_gradients(p, X, Y)[1]
            return right._replace(W0=right.W0 * dtype(1 + error))

        return check_gradients(wrong, start, X.astype(dtype), Y, loss=loss).verdict == "mismatch"

    return next((error for error in ERRORS if is_found(error)), float("inf"))


def main() -> None:
    """Print a line for each kind and number format, and the sums."""
    options = argparse.ArgumentParser(description=__doc__)
    _ = options.add_argument("--problems", type=int, default=40, help="of each kind")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", RuntimeWarning)
    out = sys.stdout.write
    found = [both_on(*each) for each in of_kinds(options.parse_args().problems)]
    for kind in sorted({each.kind for each in found}):
        these = [each for each in found if each.kind == kind]
        out(f"{kind}, {len(these)} problems; measured by derived: 5 %, median, 95 %, largest\n")
        for level in Level:
            ratios = np.concatenate([each.ratios[level] for each in these])
            values = np.quantile(ratios, (0.05, 0.5, 0.95, 1))
            out(f"    {level.name:9}" + "".join(f"{value:9.2g}" for value in values) + "\n")
        errors = np.median(np.array([each.smallest for each in these]), axis=0)
        out(f"    smallest error of W0, median: {errors[0]:.2g}, {errors[1]:.2g}\n")
    for i, which in enumerate(("derived", "measured")):
        verdicts = sum((each.verdicts[i] for each in found), Counter[str]())
        keys = found[0].seconds[i]
        seconds = {key: round(sum(each.seconds[i][key] for each in found), 2) for key in keys}
        loss = None if which == "derived" else network_loss
        errors = [smallest_found(dtype, loss) for dtype in (np.float64, np.float32)]
        out(f"{which}: right gradients {dict(verdicts)}; seconds {seconds};")
        out(f" smallest error of W0 found on the penguins {errors}\n")


if __name__ == "__main__":
    main()
