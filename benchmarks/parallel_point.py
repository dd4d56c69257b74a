"""The measurements of one process of a group; that of rank 0 prints the slowest, as JSON.

torchrun --nproc-per-node=P -m benchmarks.parallel_point N_I N_H N_O S NUMBERS...
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from autograd_ref.distributed.joining import joined
from autograd_ref.distributed.own_rows import own_rows
from autograd_ref.distributed.summing import all_summed, largest_of_all, over_shards
from benchmarks.problem import problem
from manual_backprop import NetworkShape, loss_and_gradients

ROUNDS, SECONDS = 20, 3.0
"""The time is the median of so many calls, or of as many as fit into so many seconds."""


class ParallelPoint(NamedTuple):
    """The times of so many processes, in seconds; each is that of the slowest process."""

    processes: int
    strong: float
    """A gradient of S samples in all processes together."""
    weak: float
    """A gradient of S samples in each process."""
    all_reduce: list[tuple[int, float]]
    """The sum of vectors, by their length in numbers."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print JSON and return the exit status."""
    inputs, hidden, outputs, samples, *lengths = map(int, arguments)
    parameters, X, Y = problem(NetworkShape(inputs, hidden, outputs), samples)
    gradient = over_shards(partial(loss_and_gradients, threads=1))
    with joined("gloo", 120.0) as (rank, size):
        own = own_rows(samples, rank, size)
        found = ParallelPoint(
            size,
            seconds(lambda: gradient(parameters, X[own], Y[own])),
            seconds(lambda: gradient(parameters, X, Y)),
            [(n, seconds(partial(all_summed, np.zeros(n)))) for n in lengths] if size > 1 else [],
        )
    if rank == 0:
        sys.stdout.write(json.dumps(found._asdict()))
    return 0


def seconds(call: Callable[[], object]) -> float:
    """Return the median time of a call, in the slowest process."""
    times: list[float] = []
    _ = call()
    while len(times) < ROUNDS:
        start = time.perf_counter()
        _ = call()
        times.append(largest_of_all(time.perf_counter() - start))
        if sum(times) > SECONDS:
            break
    return float(np.median(times))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
