"""Time of loss and gradient by hand, by autograd and by other libraries."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from rich.table import Table
from threadpoolctl import threadpool_limits

from autograd_ref.commands.progress import progress
from benchmarks import contestants, output, plots
from benchmarks.environment import AVX2
from benchmarks.measuring import NOISY, TimedRow, measured, ratio
from manual_backprop import NetworkShape

if TYPE_CHECKING:
    from matplotlib.figure import Figure


GRID = [
    (NetworkShape(4, 8, 3), 1),
    (NetworkShape(4, 16, 3), 280),
    (NetworkShape(4, 64, 3), 1024),
    (NetworkShape(64, 100, 10), 1797),
    (NetworkShape(784, 128, 10), 256),
    (NetworkShape(784, 512, 10), 8192),
    (NetworkShape(4, 256, 3), 65536),
]

SECONDS, QUICK_SECONDS = 3.0, 0.5
"""Seconds for all rounds of a cell together, without their pauses."""

QUICK = [*contestants.OURS, "torch eager", "jax jit"]
"""The contestants of a quick run."""


def add_to(commands: Any) -> None:
    """Add the benchmark to the commands of an argument parser."""
    parser = output.add_benchmark(commands, run, __doc__, quick="fewer rounds and contestants")
    parser.add_argument("--threads", type=int, help="cores to use (default: all)")
    parser.add_argument("--dtype", choices=("float64", "float32"), help="(default: both)")
    parser.add_argument("--device", default="cpu", help="where PyTorch computes (default: cpu)")
    parser.add_argument(
        "--only", action="append", choices=contestants.CONTESTANTS, help="may be repeated"
    )
    parser.add_argument("--avx2", action="store_true", help="hold every library to AVX2")
    processes = "how many processes measure, one after the other (default: 1)"
    parser.add_argument("--processes", type=int, default=1, help=processes)


def run(chosen: argparse.Namespace) -> int:
    """Measure, print the tables of each number format and return the exit status."""
    rows = _in_processes(chosen) if chosen.processes > 1 or chosen.avx2 else _rows(chosen)
    output.append(chosen.json, [_plain(row) for row in rows])
    on = rows[0].on
    if chosen.plots:
        kind = "-avx2" if chosen.avx2 else ""
        plots.save(chosen.plots / f"speed-{on['cores']}{kind}.png", _figure(rows))
    notes = [f"{name} is not installed, and left out." for name in contestants.MISSING]
    names = [*rows[0].times]
    notes += [
        f"{name} computes another loss, and compares in cost only."
        for name in contestants.OF_ANOTHER_LOSS
        if name in names
    ]
    base = [name for name in names if name in contestants.OURS] or names[:1]
    notes += [
        f"{name} is WRONG at {row.cell}." for row in rows for name in base if name in row.wrong
    ]
    tables: list[Table] = []
    for dtype in dict.fromkeys(row.dtype for row in rows):
        here = [row for row in rows if row.dtype == dtype]
        title = f"{dtype}, {on['cores']} core{'s' * (on['cores'] > 1)}"
        tables += [_ratios(title, name, names, here) for name in base]
        tables += [_beside(title, name, here) for name in base]
        tables += [_first_calls(title, names, here)]
    output.show(*notes, *tables, on=on, width=200)
    return 0


def _rows(chosen: argparse.Namespace) -> list[TimedRow]:
    if chosen.threads is not None:
        keep_to(chosen.threads)
    dtypes = [chosen.dtype] if chosen.dtype else ["float64", "float32"]
    names = [
        name
        for name in contestants.CONTESTANTS
        if name not in contestants.MISSING
        and name in (chosen.only or (QUICK if chosen.quick else contestants.CONTESTANTS))
    ]
    seconds = QUICK_SECONDS if chosen.quick else SECONDS
    cells = [(shape, samples, dtype) for dtype in dtypes for shape, samples in GRID]
    with progress() as bar:
        tracked = bar.track(cells, description="speed")
        return [measured(cell, names, seconds, chosen.device) for cell in tracked]


def _in_processes(chosen: argparse.Namespace) -> list[TimedRow]:
    """Return the rows of the command run in several processes, one after the other."""
    command = [sys.executable, "-m", "benchmarks", "speed", "--device", chosen.device]
    for name in ("threads", "dtype"):
        if (value := getattr(chosen, name)) is not None:
            command += [f"--{name}", str(value)]
    command += ["--quick"] * chosen.quick
    for name in chosen.only or ():
        command += ["--only", name]
    rows: list[TimedRow] = []
    with progress() as bar, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        for _number in bar.track(range(chosen.processes), description="processes"):
            _ = subprocess.run(
                [*command, "--json", str(file)],
                stdout=subprocess.DEVNULL,
                check=True,
                env={**os.environ, **(AVX2 if chosen.avx2 else {})},
            )
        for line in file.read_text(encoding="utf-8").splitlines():
            values: dict[str, Any] = json.loads(line)
            values["shape"] = NetworkShape(**values["shape"])
            rows.append(TimedRow(**{field: values[field] for field in TimedRow._fields}))
    return rows


def _plain(row: TimedRow) -> dict[str, Any]:
    return {**row._asdict(), "shape": vars(row.shape)}


def _figure(rows: Sequence[TimedRow]) -> "Figure":
    """Draw each contestant's time divided by the last of ours, by cell; a panel for each dtype."""
    panels: list[plots.Dots] = []
    for dtype in dict.fromkeys(row.dtype for row in rows):
        here = [row for row in rows if row.dtype == dtype]
        cells = list(dict.fromkeys(row.cell for row in here))
        names = list(here[0].times)
        to = next((name for name in reversed(contestants.OURS) if name in names), names[0])
        ratios = {name: [ratio(name, to, here, cell).median for cell in cells] for name in names}
        panels.append(plots.Dots(f"time / {to}", "N_I, N_H, N_O, S", cells, ratios, dtype))
    return plots.dots(panels)


def _ratios(on: str, to: str, names: Sequence[str], rows: Sequence[TimedRow]) -> Table:
    """Tabulate times divided by one contestant's, each with the quartiles."""
    others = [name for name in names if name != to]
    title = f"{on}: times divided by that of {to} (! wrong, ~ noisy)"
    table = output.table(title, "N_I, N_H, N_O, S", *others)
    medians: list[list[float]] = []
    for cell in dict.fromkeys(row.cell for row in rows):
        here = [row for row in rows if row.cell == cell]
        ratios = [ratio(name, to, rows, cell) for name in others]
        marks = ["!" if any(name in row.wrong for row in here) else "" for name in others]
        noisy = " ~" if any(row.noise > NOISY for row in here) else ""
        texts = (f"{r.median:.2f} ({r.low:.2f} to {r.high:.2f})" for r in ratios)
        table.add_row(cell + noisy, *(text + mark for text, mark in zip(texts, marks, strict=True)))
        medians.append([r.median for r in ratios])
    means = np.exp(np.log(medians).mean(axis=0))
    wrong = {name for row in rows for name in row.wrong}
    pairs = zip(others, means, strict=True)
    table.add_row("geometric mean", *("-" if name in wrong else f"{m:.2f}" for name, m in pairs))
    return table


def _beside(on: str, name: str, rows: Sequence[TimedRow]) -> Table:
    """Tabulate a contestant's times beside those of its matrix products and of a fixed one."""
    title = f"{on}: {name}, and a product of matrices of 512 x 512"
    columns = ("median (quartiles)", "GFLOP/s", "time / products", "canary (quartiles)")
    table = output.table(title, "N_I, N_H, N_O, S", *columns)
    for cell in dict.fromkeys(row.cell for row in rows):
        here = [row for row in rows if row.cell == cell]
        own = [time for row in here for time in row.times[name]]
        table.add_row(
            cell,
            _quartiles(own),
            f"{here[0].flops / statistics.median(own) / 1e9:.1f}",
            f"{statistics.median(row.median(name) / row.products for row in here):.2f}",
            _quartiles([time for row in here for time in row.canary]),
        )
    return table


def _first_calls(on: str, names: Sequence[str], rows: Sequence[TimedRow]) -> Table:
    title = f"{on}: the first call, which may load and compile"
    table = output.table(title, "N_I, N_H, N_O, S", *names)
    for cell in dict.fromkeys(row.cell for row in rows):
        here = [row for row in rows if row.cell == cell]
        first = (statistics.median(row.first[name] for row in here) for name in names)
        table.add_row(cell, *map(output.duration, first))
    return table


def _quartiles(times: Sequence[float]) -> str:
    low, middle, high = (output.duration(float(t)) for t in np.quantile(times, (0.25, 0.5, 0.75)))
    return f"{middle} ({low} to {high})"


def keep_to(count: int) -> None:
    """Restrict the process and every library to this many cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    torch.set_num_threads(count)
    _ = threadpool_limits(count)
