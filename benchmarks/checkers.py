"""Smallest error that each gradient checker reports, and the time of a check."""

import argparse
import math
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich.table import Table

import autograd_ref
from autograd_ref.commands.progress import progress
from autograd_ref.selftest.smallest_error import largest_wrong
from benchmarks import other_derivatives, output, peers, plots
from benchmarks.other_derivatives import Sharpness
from benchmarks.problem import gradients, problem, torch_loss
from manual_backprop import NetworkShape, loss_and_gradients

if TYPE_CHECKING:
    from matplotlib.figure import Figure


TABLE = NetworkShape(4, 16, 3), 150
"""The problem on which the smallest errors are measured."""

SIZES = [
    (NetworkShape(4, 16, 3), 150),
    (NetworkShape(4, 64, 3), 1024),
    (NetworkShape(64, 100, 10), 1797),
    (NetworkShape(784, 128, 10), 256),
    (NetworkShape(784, 1258, 10), 128),
]
"""Problems on which times are measured, with 131 to a million parameters."""

LARGEST_FOR_GRADCHECK = 2_000
"""Parameters beyond which gradcheck takes minutes."""

ERRORS = [m * 10.0**e for e in range(0, -16, -1) for m in (1, 0.5, 0.2)]
"""Relative errors to inject, from 1 down."""

ROUNDS, QUICK_ROUNDS = 15, 3


class CheckersResult(NamedTuple):
    """The smallest relative errors of ERRORS that a checker reports; None if it reports none."""

    checker: str
    block: float | None
    """With all of W0 scaled."""
    entry: float | None
    """With the largest entry of W0 scaled."""
    block_in_float32: float | None
    accepts_right_float32: bool


class Cost(NamedTuple):
    """Times of checks, as medians; the baseline is in seconds, the others divided by it."""

    parameters: int
    samples: int
    baseline: float
    """Seconds of one hand gradient and one reference gradient."""
    ratio: tuple[float, float, float]
    """A check: lower quartile, median, upper quartile."""
    given_loss: float
    """A check against a given PyTorch loss."""
    fast_gradcheck: float
    """torch gradcheck of W0 alone, in fast_mode."""
    gradcheck: float | None
    """torch gradcheck of W0 alone; None if it would take minutes."""


def add_to(commands: Any) -> None:
    """Add the benchmark to the commands of an argument parser."""
    _ = output.add_benchmark(commands, run, __doc__, quick="fewer rounds, small sizes only")


def run(chosen: argparse.Namespace) -> int:
    """Measure, print both tables and return the exit status."""
    sizes = SIZES[:2] if chosen.quick else SIZES
    rounds = QUICK_ROUNDS if chosen.quick else ROUNDS
    checkers = peers.available()
    with progress() as bar:
        found = [sensitivity(name) for name in bar.track([*checkers], description="errors")]
        known = [n for n in other_derivatives.CHECKERS if n not in peers.MISSING]
        others = [
            other_derivatives.sharpness(name, smallest)
            for name in bar.track(known, description="other derivatives")
        ]
        costs = [cost(*size, rounds) for size in bar.track(sizes, description="cost")]
    output.append(chosen.json, [row._asdict() for row in (*found, *others, *costs)])
    if chosen.plots:
        plots.save(chosen.plots / "checkers.png", _figure(costs))
    missing = [f"{name} is not installed, and left out." for name in peers.MISSING]
    tables = _sensitivity_table(found), _table_of_others(others), *missing, _cost_table(costs)
    output.show(*tables)
    return 0


def sensitivity(name: str) -> CheckersResult:
    """Return the smallest error of each kind that a checker reports on the table's problem."""
    accepts = peers.CHECKERS[name]
    double, single = (problem(*TABLE, dtype=dtype) for dtype in ("f8", "f4"))
    return CheckersResult(
        name,
        smallest(lambda error: accepts(double, lambda block: block * (1 + error))),
        smallest(lambda error: accepts(double, lambda block: largest_wrong(block, error))),
        smallest(lambda error: accepts(single, lambda block: block * np.float32(1 + error))),
        accepts(single, lambda block: block),
    )


def cost(shape: NetworkShape, samples: int, rounds: int) -> Cost:
    """Return the times of checks beside one hand and one reference gradient, interleaved."""
    given = problem(shape, samples)
    small = shape.parameter_count <= LARGEST_FOR_GRADCHECK
    contestants: dict[str, Callable[[], Any]] = {
        "hand": lambda: loss_and_gradients(*given),
        "reference": lambda: autograd_ref.loss_and_gradients(*given),
        "check": lambda: autograd_ref.check_gradients(gradients, *given),
        "given": lambda: autograd_ref.check_gradients(gradients, *given, loss=torch_loss),
        "fast": lambda: peers.torch_gradcheck_fast(given, lambda block: block),
    }
    if small:
        contestants["slow"] = lambda: peers.torch_gradcheck(given, lambda block: block)
    for contestant in contestants.values():
        contestant()
    times = [{name: _seconds(c) for name, c in contestants.items()} for _round in range(rounds)]

    def ratios(name: str) -> list[float]:
        return [t[name] / (t["hand"] + t["reference"]) for t in times]

    quartiles = statistics.quantiles(ratios("check"), n=4)
    return Cost(
        shape.parameter_count,
        samples,
        statistics.median(t["hand"] + t["reference"] for t in times),
        (quartiles[0], quartiles[1], quartiles[2]),
        statistics.median(ratios("given")),
        statistics.median(ratios("fast")),
        statistics.median(ratios("slow")) if small else None,
    )


def _figure(costs: Sequence[Cost]) -> "Figure":
    """Draw the time of a check against the number of parameters."""
    curves: dict[str, list[float]] = {
        "check_gradients": [one.ratio[1] for one in costs],
        "check_gradients, loss=": [one.given_loss for one in costs],
        "torch gradcheck, fast_mode": [one.fast_gradcheck for one in costs],
        "torch gradcheck": [one.gradcheck for one in costs if one.gradcheck is not None],
    }
    sizes = [float(one.parameters) for one in costs]  # the slow mode has the first few only
    by_size = {name: (sizes[: len(times)], times) for name, times in curves.items()}
    panel = plots.Curves("parameters", "time / (hand + reference)", by_size, "Time of a check")
    return plots.curves([panel], columns=1, height=4.0)


def _sensitivity_table(found: Sequence[CheckersResult]) -> Table:
    shape, samples = TABLE
    title = (
        "Smallest relative error that is reported; N_I, N_H, N_O, S = "
        f"{shape.inputs}, {shape.hidden}, {shape.outputs}, {samples}; seed 0"
    )
    table = output.table(
        title, "checker", "W0 scaled", "one entry", "float32", "right float32 gradient"
    )
    for name, block, entry, single, accepted in found:
        cells = [_error(block), _error(entry), _error(single) if accepted else "-"]
        table.add_row(name, *cells, "accepted" if accepted else "rejected")
    return table


def _table_of_others(found: Sequence[Sharpness]) -> Table:
    title = "Smallest relative error in one entry: a curve of 3 parameters at 20 points, tanh of 20"
    names = ("Jacobian", "Hessian", "double backward", "a check of the Jacobian")
    table = output.table(title, "checker", *names)
    for name, *errors, seconds in found:
        cells = ["-" if e is not None and math.isnan(e) else _error(e) for e in errors]
        table.add_row(name, *cells, output.duration(seconds))
    return table


def _cost_table(costs: Sequence[Cost]) -> Table:
    title = "Time, in units of one hand and one reference gradient: median (quartiles)"
    names = ("S", "unit", "check", "with loss=", "gradcheck fast", "gradcheck")
    table = output.table(title, "parameters", *names)
    for parameters, samples, unit, (low, median, high), given, fast, slow in costs:
        table.add_row(
            f"{parameters:,}",
            f"{samples:,}",
            output.duration(unit),
            f"{median:.1f} ({low:.1f} to {high:.1f})",
            f"{given:.1f}",
            f"{fast:.1f}",
            "" if slow is None else f"{slow:,.0f}",
        )
    return table


def _error(smallest: float | None) -> str:
    return "none" if smallest is None else f"{smallest:.0e}"


def smallest(accepts: Callable[[float], bool]) -> float | None:
    """Return the smallest error before the first that is accepted; None if there is none."""
    found = list(takewhile(lambda error: not accepts(error), ERRORS))
    return found[-1] if found else None


def _seconds(contestant: Callable[[], Any]) -> float:
    start = time.perf_counter()
    contestant()
    return time.perf_counter() - start
