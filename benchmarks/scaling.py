"""Time and memory of a gradient against the number of samples and of hidden units."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich.table import Table

from autograd_ref.commands.progress import progress
from benchmarks import contestants, output, plots
from benchmarks.scaling_point import ScalingPoint

if TYPE_CHECKING:
    from matplotlib.figure import Figure


WHO = [name for name in ("compiled", "NumPy", "torch eager") if name not in contestants.MISSING]

SAMPLES = [(4, 64, 3, samples) for samples in (1, 100, 10_000, 100_000, 1_000_000, 10_000_000)]
HIDDEN = [(4, hidden, 3, 10_000) for hidden in (16, 64, 256, 1024, 4096, 16_384)]

FITTED = 3
"""Number of largest sizes to which the slope is fitted."""


LEAST_PEAK = 1e5
"""Bytes; less is drawn as this much, because the axis is logarithmic."""


class ScalingResult(NamedTuple):
    """The measurements of one size; None for one that does not fit into memory."""

    size: tuple[int, int, int, int]
    """N_I, N_H, N_O, S."""
    points: list[ScalingPoint | None]
    """In the order of WHO."""

    def along(self, name: str) -> int:
        """Return the dimension that is varied, S or N_H."""
        return self.size[3 if name == "S" else 1]


def add_to(commands: Any) -> None:
    """Add the benchmark to the commands of an argument parser."""
    _ = output.add_benchmark(commands, run, __doc__, quick="small sizes only")


def run(chosen: argparse.Namespace) -> int:
    """Measure every size in a process of its own, print both tables and return the status."""
    series = {"S": SAMPLES, "N_H": HIDDEN}
    if chosen.quick:
        series = {name: sizes[:3] for name, sizes in series.items()}
    found: dict[str, list[ScalingResult]] = {}
    with progress() as bar:
        for name, sizes in series.items():
            tracked = bar.track(sizes, description=name)
            found[name] = [
                ScalingResult(size, [point(size, who) for who in WHO]) for size in tracked
            ]
    rows = [{"against": name, **_plain(one)} for name, sizes in found.items() for one in sizes]
    output.append(chosen.json, rows)
    if chosen.plots:
        plots.save(chosen.plots / "scaling.png", _figure(found))
    output.show(*(_table(name, rows) for name, rows in found.items()))
    return 0


def _plain(found: ScalingResult) -> dict[str, Any]:
    points = zip(WHO, found.points, strict=True)
    return {"size": found.size} | {who: point and point._asdict() for who, point in points}


def point(size: tuple[int, int, int, int], who: str) -> ScalingPoint | None:
    """Return one measurement from a process of its own; None if memory does not suffice."""
    command = [sys.executable, "-m", "benchmarks.scaling_point", who, *map(str, size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ScalingPoint(**json.loads(done.stdout))
    if done.returncode == 3:
        return None
    raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the power of the sizes with which the values grow, fitted to the largest sizes."""
    x, y = np.log(sizes[-FITTED:]), np.log(values[-FITTED:])
    return float(np.polyfit(x, y, 1)[0])


def _figure(found: dict[str, list[ScalingResult]]) -> "Figure":
    """Draw time and peak memory against S and N_H, a row of panels for each."""
    panels: list[plots.Curves] = []
    for name, rows in found.items():
        time: dict[str, tuple[list[float], list[float]]] = {}
        memory: dict[str, tuple[list[float], list[float]]] = {}
        for i, who in enumerate(WHO):
            fitting = [(row.along(name), one) for row in rows if (one := row.points[i]) is not None]
            sizes = [float(size) for size, _one in fitting]
            time[who] = sizes, [one.seconds for _size, one in fitting]
            memory[who] = sizes, [max(one.peak, LEAST_PEAK) / 1e6 for _size, one in fitting]
        panels += [plots.Curves(name, "seconds", time, f"Time against {name}")]
        panels += [plots.Curves(name, "MB beyond the data", memory, f"Memory against {name}")]
    return plots.curves(panels, columns=2)


def _table(name: str, rows: Sequence[ScalingResult]) -> Table:
    inputs, hidden, outputs, samples = rows[0].size
    fixed = f"N_H = {hidden}" if name == "S" else f"S = {samples:,}"
    title = f"Against {name}; N_I = {inputs}, N_O = {outputs}, {fixed}, float64"
    columns = [column for who in WHO for column in (who, "MB beyond the data")]
    table = output.table(title, name, *columns)
    for row in rows:
        table.add_row(f"{row.along(name):,}", *(cell for one in row.points for cell in _cells(one)))
    growths: list[str] = []
    for i, _who in enumerate(WHO):
        known = [(row.along(name), row.points[i]) for row in rows]
        fitted = [(size, one) for size, one in known if one is not None]
        sizes = [size for size, _one in fitted]
        growths += [f"{slope(sizes, [one.seconds for _size, one in fitted]):.2f}", ""]
    table.add_row("grows with the power", *growths)
    return table


def _cells(one: ScalingPoint | None) -> list[str]:
    if one is None:
        return ["does not fit", ""]
    return [output.duration(one.seconds), f"{one.peak / 1e6:,.0f}"]
