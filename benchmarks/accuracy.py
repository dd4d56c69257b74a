"""Error of loss and gradient against the exact result, in units of roundoff."""

import argparse
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

import autograd_ref
from autograd_ref.assignment.problems import Problem
from autograd_ref.commands.progress import progress
from benchmarks import contestants, output, plots
from benchmarks.oracle import errors, exact_results
from manual_backprop import Parameters

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SIZES = np.sort([0.0, 20.01, *np.geomspace(1e-2, 1e3, 51)])  # 20: PyTorch's default threshold
POINTS = np.concatenate((-SIZES[:0:-1], SIZES))
"""The pre-activations and margins that are measured."""

WHO = "compiled", "NumPy", "torch eager", "autograd_ref", "jax jit"
"""torch eager has PyTorch's default softplus, autograd_ref an exact one."""

MODERATE = 10.0
"""The table has a row for points up to this size, and one for all points."""


LEAST = 0.05
"""Units of roundoff; less is drawn as this much, because the axis is logarithmic."""


class AccuracyResult(NamedTuple):
    """The largest error of all entries at each point, in units of roundoff of the exact entry."""

    axis: str
    dtype: str
    points: list[float]
    errors: dict[str, list[float]]


def add_to(commands: Any) -> None:
    """Add the benchmark to the commands of an argument parser."""
    _ = output.add_benchmark(commands, run, __doc__, quick="every fifth point only")


def run(chosen: argparse.Namespace) -> int:
    """Measure, print a table and return the exit status."""
    points = POINTS[::5] if chosen.quick else POINTS
    names = [name for name in WHO if name not in contestants.MISSING]
    sweeps = list(itertools.product(AXES, ("float64", "float32")))
    with progress() as bar:
        found = [
            measured(*sweep, points, names) for sweep in bar.track(sweeps, description="accuracy")
        ]
    output.append(chosen.json, [row._asdict() for row in found])
    if chosen.plots:
        plots.save(chosen.plots / "accuracy.png", _figure(found))
    missing = [f"{name} is not installed, and left out." for name in WHO if name not in names]
    output.show(*missing, _table(found, names))
    return 0


def measured(axis: str, dtype: str, points: NDArray[Any], names: Sequence[str]) -> AccuracyResult:
    """Return the errors of every contestant at every point."""
    given = [AXES[axis](float(point), dtype) for point in points]
    found: dict[str, list[float]] = {name: [] for name in names}
    for problem in given:
        exact = exact_results(problem.parameters, problem.X, np.eye(2)[problem.Y])
        for name in names:
            found[name].append(units(_results(name, problem), exact, dtype))
    return AccuracyResult(axis, dtype, points.tolist(), found)


def units(results: dict[str, NDArray[Any]], exact: dict[str, Any], dtype: str) -> float:
    """Return the largest error of any entry, in units of roundoff of the exact entry.

    Below the smallest normal number digits are lost to the format, not to the formula: there the
    unit is the smallest subnormal number.
    """
    of = np.finfo(dtype)
    unit, least = float(of.eps) / 2, float(of.smallest_subnormal)
    found = [
        (error / np.maximum(unit * np.abs(exact[name].astype(np.float64)), least)).max()
        for name, error in errors(results, {name: exact[name] for name in results}).items()
    ]
    return float(np.nan_to_num(np.max(found), nan=np.inf))


def at_pre_activation(z1: float, dtype: str) -> Problem:
    """Return a network of one hidden unit whose z1 is exactly this; its outputs are moderate."""
    weight = 1.0 / max(1.0, z1)
    return _problem(z1, [[weight], [-weight]], [0.25, 0.0], dtype)


def at_margin(margin: float, dtype: str) -> Problem:
    """Return a problem whose right class leads by this margin, or trails if it is negative.

    The weights are so small that z2 is the margin exactly, without rounding.
    """
    return _problem(0.5, [[2.0**-70], [-(2.0**-70)]], [margin, 0.0], dtype)


def _problem(z1: float, W1: list[list[float]], b1: list[float], dtype: str) -> Problem:
    arrays = (np.array(block, dtype) for block in ([[z1]], [0.0], W1, b1))
    return Problem(Parameters(*arrays), np.ones((1, 1), dtype), np.array([0]))


AXES: dict[str, Callable[[float, str], Problem]] = {
    "pre-activation": at_pre_activation,
    "margin": at_margin,
}


def _results(name: str, problem: Problem) -> dict[str, NDArray[Any]]:
    if name == "autograd_ref":
        value, gradients = autograd_ref.loss_and_gradients(*problem)
    else:
        with np.errstate(all="ignore"):
            value, gradients = contestants.as_numpy(contestants.made(name, problem)())
    return {"loss": np.asarray(value), **dict(zip(Parameters._fields, gradients, strict=True))}


def _figure(found: Sequence[AccuracyResult]) -> "Figure":
    """Draw errors along each axis; a row of panels for each axis, a panel for each dtype."""
    panels = [
        plots.Curves(
            one.axis,
            "units of roundoff",
            {name: (one.points, np.maximum(e, LEAST).tolist()) for name, e in one.errors.items()},
            f"Largest error, {one.dtype}",
            "symlog",
        )
        for one in found
    ]
    return plots.curves(panels, columns=(len(found) + 1) // 2)


def _table(found: Sequence[AccuracyResult], names: Sequence[str]) -> Table:
    title = "Largest error of loss and gradient, in units of roundoff of each exact entry"
    table = output.table(title, "along", *names)
    for (axis, dtype, points, found_of), moderate in itertools.product(found, (True, False)):
        inside = [i for i, point in enumerate(points) if abs(point) <= MODERATE or not moderate]
        limit = MODERATE if moderate else max(points)
        cells = [_number(max(found_of[name][i] for i in inside)) for name in names]
        table.add_row(f"{axis}, up to {limit:g}, {dtype}", *cells)
    return table


def _number(error: float) -> str:
    return f"{error:.1f}" if error < 1000 else f"{error:.0e}"
