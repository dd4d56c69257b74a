"""One size of the scaling benchmark, alone in its process.

python -m benchmarks.scaling_point WHO N_I N_H N_O S prints time and peak memory as JSON; the exit
status is 3 where memory does not suffice.
"""

import json
import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks import contestants
from benchmarks.problem import problem
from manual_backprop import NetworkShape

SECONDS, MOST = 0.5, 20
"""The fastest of so many calls is taken, or of as many as fit into the time."""

SPARE = 0.9
"""How much of the memory that is free a size may take."""

NO_MEMORY = 3

WARM = 100
"""Samples of a first problem, with which everything is loaded that is loaded once."""


class Point(NamedTuple):
    """What was measured."""

    seconds: float
    peak: float
    """Bytes beyond the data."""


def measured(who: str, shape: NetworkShape, samples: int) -> Point:
    """The fastest of a few calls, and the memory that they took beyond the data."""
    _ = contestants.made(who, problem(shape, WARM))()
    run = contestants.made(who, problem(shape, samples))
    before = _reset_peak()
    times: list[float] = []
    while len(times) < MOST and (not times or sum(times) < SECONDS):
        start = time.perf_counter()
        _ = run()
        times.append(time.perf_counter() - start)
    return Point(min(times), max(_status("VmHWM") - before, 0))


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    who, *size = arguments
    inputs, hidden, outputs, samples = map(int, size)
    _limit_memory()
    try:
        found = measured(who, NetworkShape(inputs, hidden, outputs), samples)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            return NO_MEMORY
        raise
    sys.stdout.write(json.dumps(found._asdict()))
    return 0


def _status(name: str) -> float:
    """Bytes, from what Linux says of this process; 0 elsewhere."""
    with suppress(OSError):
        text = Path("/proc/self/status").read_text(encoding="utf-8")
        if found := re.search(rf"{name}:\s+(\d+) kB", text):
            return 1024.0 * int(found[1])
    return 0.0


def _reset_peak() -> float:
    """Begin to measure the peak anew; what is there already."""
    with suppress(OSError):
        _ = Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return _status("VmRSS")


def _limit_memory() -> None:
    """An allocation that the machine cannot hold fails, rather than the machine."""
    with suppress(ImportError, OSError):
        import resource

        text = Path("/proc/meminfo").read_text(encoding="utf-8")
        if found := re.search(r"MemAvailable:\s+(\d+) kB", text):
            free = int(SPARE * 1024 * int(found[1])) + int(_status("VmSize"))
            resource.setrlimit(resource.RLIMIT_AS, (free, free))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
