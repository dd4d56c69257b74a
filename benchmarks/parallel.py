"""Time of a data-parallel gradient in one, two and more processes, and of its all_reduce."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

from benchmarks import output
from benchmarks.parallel_point import ParallelPoint
from manual_backprop import NetworkShape

SHAPE = NetworkShape(16, 128, 10)
SAMPLES = 1 << 16
"""In all processes together (strong), or in each (weak)."""

NUMBERS = [1, 1_000, 100_000, 1_000_000]
"""Lengths of the vectors that are summed, in float64."""

PREDICTED = [8, 64, 1024]


class Link(NamedTuple):
    """The cost of a message between two processes: latency + bytes * per_byte, in seconds."""

    latency: float
    per_byte: float


def all_reduce_seconds(link: Link, numbers: float, processes: int) -> float:
    """Return the time of a ring all_reduce of so many numbers in float64.

    Each of P processes sends 2 (P - 1) messages of 1 / P of the vector, one after the other.
    """
    steps = 2 * (processes - 1)
    return steps * (link.latency + 8 * numbers / processes * link.per_byte)


def fitted(points: Sequence[ParallelPoint]) -> Link:
    """Return the link that explains the measured all_reduces best, relative to each of them."""
    rows: list[tuple[float, float]] = []
    for point in points:
        steps = 2 * (point.processes - 1)
        for numbers, seconds in point.all_reduce:
            weight = steps / seconds
            rows.append((weight, weight * 8 * numbers / point.processes))
    found = np.linalg.lstsq(np.array(rows), np.ones(len(rows)), rcond=None)[0]
    return Link(float(found[0]), float(found[1]))


def efficiency(link: Link, gradient: float, numbers: float, processes: int) -> float:
    """Return the share of the time that goes into gradients of `gradient` seconds each."""
    return gradient / (gradient + all_reduce_seconds(link, numbers, processes))


def add_to(commands: Any) -> None:
    """Add the benchmark to the commands of an argument parser."""
    _ = output.add_benchmark(commands, run, __doc__, quick="one and two processes only")


def run(chosen: argparse.Namespace) -> int:
    """Measure, print the tables and return the exit status."""
    points = [measured(count) for count in ((1, 2) if chosen.quick else (1, 2, 4))]
    output.append(chosen.json, [point._asdict() for point in points])
    link = fitted(points[1:])
    note = (
        f"all_reduce of n numbers in P processes: 2 (P - 1) ({1e6 * link.latency:.0f} us +"
        f" 8 n / P bytes / ({1e-9 / link.per_byte:.2f} GB/s))"
    )
    output.show(_gradients(points), _all_reduces(points, link), note, _predicted(points[0], link))
    return 0


def measured(count: int) -> ParallelPoint:
    """Return the measurements of so many processes, which torchrun starts."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    point = [f"--nproc-per-node={count}", "-m", "benchmarks.parallel_point"]
    sizes = (SHAPE.inputs, SHAPE.hidden, SHAPE.outputs, SAMPLES, *NUMBERS)
    command = [*start, *point, *map(str, sizes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return ParallelPoint(**json.loads(done.stdout))


def _gradients(points: Sequence[ParallelPoint]) -> Table:
    title = f"{SAMPLES:,} samples, {SHAPE.inputs}, {SHAPE.hidden}, {SHAPE.outputs}, float64"
    table = output.table(title, "processes", "strong", "speed-up", "weak", "efficiency")
    for point in points:
        table.add_row(
            str(point.processes),
            output.duration(point.strong),
            f"{points[0].strong / point.strong:.2f}",
            output.duration(point.weak),
            f"{points[0].weak / point.weak:.0%}",
        )
    return table


def _all_reduces(points: Sequence[ParallelPoint], link: Link) -> Table:
    several = points[1:]
    columns = [c for p in several for c in (f"{p.processes} processes", "by the formula")]
    table = output.table("all_reduce over gloo, float64", "numbers", *columns)
    for i, numbers in enumerate(NUMBERS):
        cells: list[str] = []
        for point in several:
            formula = all_reduce_seconds(link, numbers, point.processes)
            cells += [output.duration(point.all_reduce[i][1]), output.duration(formula)]
        table.add_row(f"{numbers:,}", *cells)
    return table


def _predicted(one: ParallelPoint, link: Link) -> Table:
    numbers = SHAPE.parameter_count
    table = output.table(
        "Predicted, as many samples in each process", "processes", "all_reduce", "efficiency"
    )
    for processes in PREDICTED:
        seconds = all_reduce_seconds(link, numbers, processes)
        share = efficiency(link, one.weak, numbers, processes)
        table.add_row(f"{processes:,}", output.duration(seconds), f"{share:.0%}")
    return table
