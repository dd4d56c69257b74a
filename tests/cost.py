"""The cost of a check against a NumPy loss, and what it resolves; `python -m tests.cost` shows it.

Smooth losses as they are written for SciPy, each once for arrays and once for tensors, so that the
right gradient comes from autograd. All is counted: every call of the loss, for whatever reason.
"""

import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from autograd_ref.check import examine, trial_of
from autograd_ref.report.report import Report

A = NDArray[np.float64]
WRONG = 1e-3
"""The relative error, of all entries or of one, that the wrong gradients have."""


class Problem(NamedTuple):
    """A loss for arrays and for tensors, and where its gradient is checked."""

    name: str
    loss: Callable[[Any, Any], Any]
    """A function of the parameters and of the library."""
    at: A

    def in_numpy(self, x: A) -> Any:
        """The loss of arrays, which it insists on."""
        if not isinstance(x, np.ndarray):
            raise TypeError("arrays only")
        return self.loss(x, np)

    def gradient(self, x: A) -> A:
        """By autograd."""
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        (found,) = torch.autograd.grad(self.loss(leaf, torch), [leaf])
        return found.numpy()


class Cost(NamedTuple):
    """The cost of a match and of two mismatches of a problem, in losses a parameter."""

    problem: Problem
    match: float
    all_wrong: float
    one_wrong: float
    resolution: float
    verdicts: tuple[str, str, str]


def problems(seed: int) -> Iterator[Problem]:
    """One of every family, with data of their own."""
    r = np.random.default_rng(seed)
    n, d = int(r.integers(10, 40)), int(r.integers(2, 7))
    X, w = r.normal(size=(n, d)), r.normal(size=d)
    y, t = r.normal(size=n), np.linspace(0.1, 3, n)
    counts, labels = r.poisson(3.0, n).astype("f8"), (r.random(n) < 0.5).astype("f8")

    def given(xp: Any, values: A) -> Any:
        return values if xp is np else torch.from_numpy(values)

    def rosenbrock(x: Any, _xp: Any) -> Any:
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    def logistic(x: Any, xp: Any) -> Any:
        z = given(xp, X) @ x
        return (xp.logaddexp(0 * z, z) - given(xp, labels) * z).mean() + 0.01 * (x**2).sum()

    def poisson(x: Any, xp: Any) -> Any:
        z = 0.3 * given(xp, X) @ x
        return (xp.exp(z) - given(xp, counts) * z).sum()

    def least_squares(x: Any, xp: Any) -> Any:
        return ((given(xp, X) @ x - given(xp, y)) ** 2).sum() / 2

    def ridge_of_cubes(x: Any, xp: Any) -> Any:
        return ((given(xp, X) @ x**3 - given(xp, y)) ** 2).mean() + (x**4).sum()

    def gaussian(x: Any, xp: Any) -> Any:
        return ((given(xp, y) - x[0]) ** 2 / xp.exp(2 * x[1]) / 2 + x[1]).sum()

    def gaussian_by_variance(x: Any, xp: Any) -> Any:
        return ((given(xp, y) - x[0]) ** 2 / x[1] + xp.log(x[1])).sum() / 2

    def student(x: Any, xp: Any) -> Any:
        residual = given(xp, y) - given(xp, X) @ x
        return 2.5 * xp.log(1 + residual**2 / 4).sum()

    def mixture(x: Any, xp: Any) -> Any:
        z = (given(xp, y)[:, None] - x[3:6]) / xp.exp(x[6:9])
        terms = x[:3] - xp.log(xp.exp(x[:3]).sum()) - x[6:9] - z**2 / 2
        return -xp.log(xp.exp(terms).sum(1)).sum()

    def decay(x: Any, xp: Any) -> Any:
        return ((x[0] * xp.exp(-x[1] * given(xp, t)) + x[2] - given(xp, y)) ** 2).sum()

    def arm(x: Any, xp: Any) -> Any:
        angles = xp.cumsum(x, 0)
        return (xp.cos(angles).sum() - 1.3) ** 2 + (xp.sin(angles).sum() - 0.4) ** 2

    def oscillator(x: Any, xp: Any) -> Any:
        wave = x[0] * xp.cos(x[1] * given(xp, t) + x[2]) * xp.exp(-(x[3] ** 2) * given(xp, t))
        return ((wave - given(xp, y)) ** 2).mean()

    def weibull(x: Any, xp: Any) -> Any:
        ratio = given(xp, t) / x[1]
        return (ratio ** x[0] - (x[0] - 1) * xp.log(ratio) - xp.log(x[0] / x[1])).sum()

    def softmax(x: Any, xp: Any) -> Any:
        scores = given(xp, X) @ x.reshape(d, 3)
        lse = xp.log(xp.exp(scores).sum(1))
        return (lse - scores[:, 0] * given(xp, labels)).mean()

    def perceptron(x: Any, xp: Any) -> Any:
        hidden = xp.tanh(given(xp, X) @ x[: 4 * d].reshape(d, 4) + x[4 * d : 4 * d + 4])
        return ((hidden @ x[4 * d + 4 :] - given(xp, y)) ** 2).mean()

    def determinant(x: Any, xp: Any) -> Any:
        factor = x.reshape(d, d) + 3 * given(xp, np.eye(d))
        return xp.linalg.slogdet(factor)[1] + (x**2).sum()

    def quartic_at_its_minimum(x: Any, xp: Any) -> Any:
        return ((x - given(xp, w)) ** 2).sum() + x.sum()

    def portfolio(x: Any, xp: Any) -> Any:
        share = xp.exp(x) / xp.exp(x).sum()
        return share @ given(xp, X.T @ X) @ share + (share * xp.log(share)).sum()

    def barrier(x: Any, xp: Any) -> Any:
        return (x**2).sum() - 0.1 * xp.log(1 + 5 - given(xp, np.abs(X) / 9) @ x).sum()

    def springs(x: Any, xp: Any) -> Any:
        gaps = x.reshape(-1, 2)[1:] - x.reshape(-1, 2)[:-1]
        return ((xp.sqrt((gaps**2).sum(1)) - 1.0) ** 2).sum() + 0.3 * x[1::2].sum()

    small, positive = 0.5 * w, np.abs(w) + 0.5
    yield Problem("Rosenbrock", rosenbrock, w)
    yield Problem("Rosenbrock in two", rosenbrock, np.array([1.3, 0.7]))
    yield Problem("logistic regression", logistic, w)
    yield Problem("Poisson regression", poisson, w)
    yield Problem("least squares", least_squares, w)
    yield Problem("cubes", ridge_of_cubes, w)
    yield Problem("Gaussian", gaussian, np.array([0.3, 0.2]))
    yield Problem("Gaussian by variance", gaussian_by_variance, np.array([0.3, 1.2]))
    yield Problem("Student's t", student, w)
    yield Problem("mixture", mixture, r.normal(size=9) * 0.5)
    yield Problem("decay", decay, np.array([1.2, 0.8, 0.1]))
    yield Problem("arm", arm, r.uniform(-1, 1, 4))
    yield Problem("oscillator", oscillator, np.array([1.0, 2.0, 0.4, 0.3]))
    yield Problem("Weibull", weibull, np.array([1.4, 2.0]))
    yield Problem("softmax", softmax, r.normal(size=3 * d))
    yield Problem("perceptron", perceptron, 0.7 * r.normal(size=4 * d + 8))
    yield Problem("determinant", determinant, 0.5 * r.normal(size=d * d))
    yield Problem("squares near their minimum", quartic_at_its_minimum, w - 0.5 + 1e-3 * small)
    yield Problem("portfolio", portfolio, small)
    yield Problem("barrier", barrier, small)
    yield Problem("springs", springs, r.normal(size=10))
    yield Problem("positive powers", lambda x, xp: (x**1.7 + 1 / x).sum(), positive)


def counted(problem: Problem, off: A) -> tuple[Report, float]:
    """The report of a gradient with these relative errors, and the losses a parameter it took."""
    calls = [0]

    def loss(x: A) -> Any:
        calls[0] += 1
        return problem.in_numpy(x)

    def gradients(x: A) -> A:
        return problem.gradient(x) * (1 + off)

    report = examine(trial_of(gradients, problem.at, (), loss), diagnose=False)
    return report, calls[0] / problem.at.size


def cost(problem: Problem) -> Cost:
    """The cost of a problem, right and wrong."""
    nothing, everywhere = np.zeros(problem.at.shape), np.full(problem.at.shape, WRONG)
    one = nothing.copy()
    one[int(np.argmax(np.abs(problem.gradient(problem.at))))] = WRONG
    found = [counted(problem, off) for off in (nothing, everywhere, one)]
    (right, match), (all_, all_wrong), (single, one_wrong) = found
    resolution = right.blocks[0].resolution
    verdicts = right.verdict, all_.verdict, single.verdict
    figure = float("nan") if resolution is None else resolution
    return Cost(problem, match, all_wrong, one_wrong, figure, verdicts)


def described(costs: list[Cost]) -> str:
    """A line for each problem, then medians and the worst."""
    lines = [f"{'':<28}match  all wrong  one wrong  resolution"]
    for one in costs:
        said = "" if one.verdicts == ("match", "mismatch", "mismatch") else f"  {one.verdicts}"
        figures = f"{one.match:>5.0f}{one.all_wrong:>11.0f}{one.one_wrong:>11.0f}"
        lines.append(f"{one.problem.name:<28}{figures}{one.resolution:>12.1e}{said}")
    for name, summary in (("median", median), ("worst", max)):
        columns = [summary(column) for column in zip(*(one[1:5] for one in costs), strict=True)]
        lines.append(f"{name:<28}" + "{:>5.0f}{:>11.0f}{:>11.0f}{:>12.1e}".format(*columns))
    ratios = [max(one.all_wrong, one.one_wrong) / one.match for one in costs]
    lines.append(f"mismatch / match: median {median(ratios):.2f}, worst {max(ratios):.2f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    drawn = [problem for seed in range(3) for problem in problems(seed)]
    _ = sys.stdout.write(described([cost(problem) for problem in drawn]))
