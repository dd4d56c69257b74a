"""The division of a batch, by its shape and dtype alone, into lanes (a thread each) and chunks."""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

CHUNK = 1 << 19
"""Bytes of the hidden activations of a chunk: a few arrays of this size stay in cache."""

LANE = 1e8
"""Operations in a lane, where there are many; some milliseconds."""

SHORT_LANE = 4e7
"""Least operations in one of a few lanes: to start another thread for less does not pay."""

LEAST = 128
"""Smallest number of samples in a lane, where there is work for several."""

FUNCTIONS = 150
"""Cost of softplus and its derivative, for each hidden unit, in operations of matrix products."""

ONE_THREAD_ANYWAY = {"vector": 8_192, "matrix": 131_072}
"""OpenBLAS does products of fewer multiplications in one thread, whatever its setting. (Its own
limits are 9,216, or 10,000 for two vectors, and 262,144.)"""


class Plan(NamedTuple):
    """The division of a batch."""

    lanes: list[range]
    """For each lane, the first samples of its chunks."""
    is_small: bool
    """True if BLAS computes in one thread, whatever its setting."""


@lru_cache(maxsize=1_000)
def planned(hidden: int, inputs: int, outputs: int, samples: int, itemsize: int) -> Plan:
    """Return the plan for a batch of this many samples."""
    each = hidden * (4 * inputs + 6 * outputs + FUNCTIONS)
    # products of fewer samples than a unit has weights cost less than the sum of their results
    chunk = max(CHUNK // itemsize // max(hidden, outputs), min(inputs + outputs, 1024), 8)
    few = min(int(each * samples / SHORT_LANE), 8, samples // LEAST)
    even = 1 << max(few.bit_length() - 1, 0)  # 1, 2, 4 or 8, which threads share evenly
    count = max(samples // max(chunk, int(LANE / each)), even)
    ends = [samples * i // count for i in range(count + 1)]
    products, sums = samples * hidden * max(inputs, outputs), samples * max(hidden, outputs)
    enough = ONE_THREAD_ANYWAY["vector" if 1 in (samples, hidden, inputs, outputs) else "matrix"]
    small = products <= enough and sums <= ONE_THREAD_ANYWAY["vector"]
    return Plan([range(a, b, chunk) for a, b in pairwise(ends)], small)
