"""Times of all contestants on one problem, in interleaved rounds, beside those of the products."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from autograd_ref.assignment.problems import Problem
from benchmarks import contestants
from benchmarks.environment import environment
from benchmarks.problem import problem
from manual_backprop import NetworkShape
from manual_backprop.chunks import planned
from manual_backprop.threads import usable_cores as cores

LEAST, MOST = 3, 20
"""Fewest and most rounds."""

SAMPLE, PAUSE = 20e-3, 50e-3
"""Seconds: the shortest sample, for which short calls are repeated; and the pause before each."""

NOISY, TRIES = 1.25, 3
"""A cell is measured again, up to so many times in all, while the upper quartile of the canary's
times is more than so many times the lower one; the quietest counts, marked if it is noisy."""

CANARY = "canary"
"""The name, among those that are timed, of a product of two matrices."""

RIGHT = {"float64": 1e-9, "float32": 1e-3}
"""Largest error of a contestant relative to each block. Chosen: it tells mistakes from rounding.
PyTorch's own softplus is off by 2e-9 beyond 20, which these problems do not reach."""


Cell = tuple[NetworkShape, int, str]
"""Shape, number of samples, dtype."""


class TimedRow(NamedTuple):
    """One cell of the grid in one process: raw times in seconds, by contestant."""

    shape: NetworkShape
    samples: int
    dtype: str
    times: dict[str, list[float]]
    first: dict[str, float]
    """Seconds of the first call, which may compile."""
    wrong: list[str]
    """Names of contestants that do not agree with the reference."""
    products: float
    """Seconds of the matrix products alone, in cache."""
    canary: list[float]
    """Seconds of a product of two 512 x 512 matrices in every round: shows disturbances."""
    on: dict[str, Any]
    """The machine and the libraries."""

    @property
    def cell(self) -> str:
        """N_I, N_H, N_O, S."""
        return f"{self.shape.inputs}, {self.shape.hidden}, {self.shape.outputs}, {self.samples}"

    @property
    def flops(self) -> float:
        """The number of operations of the matrix products."""
        per_unit = 4 * self.shape.inputs + 6 * self.shape.outputs
        return self.samples * self.shape.hidden * per_unit

    @property
    def noise(self) -> float:
        """The upper quartile of the canary's times divided by the lower one."""
        low, high = np.quantile(self.canary, (0.25, 0.75))
        return float(high / low)

    def median(self, name: str) -> float:
        """The median of a contestant's times, in seconds."""
        return statistics.median(self.times[name])


class Ratio(NamedTuple):
    """A contestant's time divided by another's in one cell."""

    median: float
    """Over the processes, of the ratios of their medians."""
    low: float
    high: float
    """The quartiles of the ratios of all rounds, in all processes."""


def ratio(name: str, to: str, rows: Sequence[TimedRow], cell: str) -> Ratio:
    """Return a contestant's time divided by another's in a cell."""
    here = [row for row in rows if row.cell == cell]
    median = statistics.median(row.median(name) / row.median(to) for row in here)
    pairs = (zip(row.times[name], row.times[to], strict=True) for row in here)
    low, high = np.quantile([one / other for row in pairs for one, other in row], (0.25, 0.75))
    return Ratio(median, float(low), float(high))


def measured(cell: Cell, names: Sequence[str], seconds: float, device: str = "cpu") -> TimedRow:
    """Return the times of all contestants on one problem; each result is checked first."""
    shape, samples, dtype = cell
    given = problem(shape, samples, dtype=dtype)
    runs: dict[str, contestants.Run] = {}
    first: dict[str, float] = {}
    found: dict[str, Any] = {}
    for name in names:
        runs[name] = contestants.made(name, given, device)
        first[name] = _seconds(runs[name])
        found[name] = contestants.as_numpy(runs[name]())
    reference = contestants.as_numpy(contestants.made("torch eager", problem(shape, samples))())
    checked = [name for name in names if name not in contestants.OF_ANOTHER_LOSS]
    wrong = [name for name in checked if not _agree(found[name], reference, RIGHT[dtype])]
    matrix = np.random.default_rng(0).normal(size=(512, 512)).astype(dtype)

    def row() -> TimedRow:
        times = interleaved({**runs, CANARY: lambda: matrix @ matrix}, seconds)
        canary, alone = times.pop(CANARY), products(given)
        return TimedRow(shape, samples, dtype, times, first, wrong, alone, canary, environment())

    found_rows = [row()]
    while found_rows[-1].noise > NOISY and len(found_rows) < TRIES:
        found_rows.append(row())
    return min(found_rows, key=lambda row: row.noise)


def interleaved(runs: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, list[float]]:
    """Return the seconds of calls of each, all of them once in every round."""
    calls = {name: min(_seconds(one) for _call in range(3)) for name, one in runs.items()}
    loops = {name: 1 + int(SAMPLE / call) for name, call in calls.items()}
    rounds = int(min(max(seconds / sum(calls[n] * loops[n] for n in runs), LEAST), MOST))
    times: dict[str, list[float]] = {name: [] for name in runs}
    order = np.random.default_rng(0)  # none always comes after the same one
    for _round in range(rounds):
        for name in order.permutation([*runs]):
            times[name].append(_settled(runs[name], loops[name]))
    return times


def products(given: Problem) -> float:
    """Return the seconds of the matrix products alone, in cache, divided by the cores."""
    parameters, X, _labels = given
    (hidden, inputs), outputs, dtype = parameters.W0.shape, len(parameters.b1), X.dtype
    lanes = planned(hidden, inputs, outputs, len(X), X.itemsize).lanes
    x, W0, W1 = X[: lanes[0].step], parameters.W0, parameters.W1
    z1, a1 = (np.zeros((hidden, len(x)), dtype) for _ in range(2))
    e2 = np.zeros((outputs, len(x)), dtype)
    by_W0, by_W1 = np.empty((hidden, inputs), dtype), np.empty((outputs, hidden), dtype)

    def one_chunk() -> None:
        _ = np.dot(W0, x.T, out=z1)
        _ = np.dot(W1, a1)
        _ = np.dot(W1.T, e2, out=z1)
        _ = np.dot(z1, x, out=by_W0)
        _ = np.dot(e2, a1.T, out=by_W1)

    with threadpool_limits(1, user_api="blas"):
        one_chunk()
        best = min(_seconds(one_chunk) for _ in range(20))
    return best * len(X) / len(x) / min(cores(), len(lanes))


def _settled(contestant: Callable[[], Any], loops: int) -> float:
    """Return the seconds of one call as in a loop of its own, after a pause and warm-up calls.

    The threads of the contestant before may spin for up to some 30 milliseconds, its data fill the
    caches, and the system takes some milliseconds to find a core for each thread; a long call is
    not affected.
    """
    time.sleep(PAUSE)
    if loops > 1:
        _ = _seconds(contestant, -(-loops // 4))
    return _seconds(contestant, loops)


def _agree(found: Any, reference: Any, allowed: float) -> bool:
    pairs = zip([found[0], *found[1]], [reference[0], *reference[1]], strict=True)
    return all(np.abs(a - b).max() <= allowed * np.abs(b).max() for a, b in pairs)


def _seconds(contestant: Callable[[], Any], loops: int = 1) -> float:
    start = time.perf_counter()
    for _loop in range(loops):
        _ = contestant()
    return (time.perf_counter() - start) / loops
