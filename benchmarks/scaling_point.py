"""One size of the scaling benchmark, in a process of its own.

python -m benchmarks.scaling_point WHO N_I N_H N_O S prints time and peak memory as JSON; the exit
status is 3 if memory does not suffice.
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
"""The time is that of the fastest of MOST calls, or of as many as fit into SECONDS."""

SPARE = 0.9
"""Fraction of the free memory that a size may take."""

NO_MEMORY = 3

WARM = 100
"""Samples of a first, untimed problem, which loads everything that is loaded once."""


class ScalingPoint(NamedTuple):
    """Time and memory of one size."""

    seconds: float
    peak: float
    """Peak memory in bytes beyond the data."""


def measured(who: str, shape: NetworkShape, samples: int) -> ScalingPoint:
    """Return the time of the fastest of a few calls, and their peak memory beyond the data."""
    _ = contestants.made(who, problem(shape, WARM))()
    run = contestants.made(who, problem(shape, samples))
    before = _reset_peak()
    times: list[float] = []
    while len(times) < MOST and (not times or sum(times) < SECONDS):
        start = time.perf_counter()
        _ = run()
        times.append(time.perf_counter() - start)
    return ScalingPoint(min(times), max(_status("VmHWM") - before, 0))


def main(arguments: Sequence[str]) -> int:
    """Measure, print JSON and return the exit status."""
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
    """Return an entry of Linux's status of this process in bytes; 0 on other systems."""
    with suppress(OSError):
        text = Path("/proc/self/status").read_text(encoding="utf-8")
        if found := re.search(rf"{name}:\s+(\d+) kB", text):
            return 1024.0 * int(found[1])
    return 0.0


def _reset_peak() -> float:
    """Reset the peak of this process's memory, and return the memory in use."""
    with suppress(OSError):
        _ = Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return _status("VmRSS")


def _limit_memory() -> None:
    """Limit this process's memory, so that an allocation fails before the machine runs out."""
    with suppress(ImportError, OSError):
        import resource

        text = Path("/proc/meminfo").read_text(encoding="utf-8")
        if found := re.search(r"MemAvailable:\s+(\d+) kB", text):
            free = int(SPARE * 1024 * int(found[1])) + int(_status("VmSize"))
            resource.setrlimit(resource.RLIMIT_AS, (free, free))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
