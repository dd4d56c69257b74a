"""The division of a batch, by its shape alone, into lanes (one thread each) and tiles."""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

FEW_INPUTS = 32
"""Up to this many inputs, copying X beside a row of ones costs less than adding b0 separately."""

ENTRIES = {"few inputs": 1 << 17, "many inputs": 1 << 19}
"""Largest number of entries in each array of a tile: 1 or 4 MB in float64. With few inputs most
time goes into functions, which want cache; with many into products, which want long tiles."""

UNITS = 4_096
"""Largest number of hidden units that are held at a time."""

LANES = {2: 8e7, 4: 6e8, 8: 2e9, 16: 2e10}
"""By number of lanes: the operations from which they pay, at least a millisecond for each lane;
waking a thread takes a tenth of one."""

LANE = {"few inputs": 128, "many inputs": 256}
"""Smallest number of samples in a lane: each lane has gradient arrays that have to be added, and
products with fewer samples are slower. With many inputs and fewer samples, only the products with X
are divided."""

FUNCTIONS = 150
"""Cost of exp, log1p and a division for each hidden unit, in operations of matrix products."""

ONE_THREAD_ANYWAY = {"vector": 8_192, "matrix": 131_072}
"""OpenBLAS does products of fewer multiplications in one thread, whatever its setting. (Its own
limits are 9,216, or 10,000 for two vectors, and 262,144.)"""


class Plan(NamedTuple):
    """The division of a batch."""

    samples: int
    """Largest number of samples in a tile."""
    units: int
    """Number of hidden units held at a time."""
    lanes: list[range]
    """For each lane, the first samples of its tiles."""
    in_halves: bool
    """True if two threads share the products with X; then there is one lane only."""
    is_small: bool
    """True if preparing tiles would cost more than the gradient: all is computed at once."""

    @property
    def threads(self) -> int:
        """The number of threads that there is work for."""
        return 2 if self.in_halves else len(self.lanes)


@lru_cache(maxsize=1_000)
def planned(hidden: int, inputs: int, outputs: int, samples: int) -> Plan:
    """Return the plan for a batch of this many samples."""
    work = samples * hidden * (4 * inputs + 6 * outputs + FUNCTIONS)
    worth = max([count for count, least in LANES.items() if work >= least], default=1)
    kind = "many inputs" if inputs > FEW_INPUTS else "few inputs"
    lanes = min(worth, max(samples // LANE[kind], 1))
    units = min(hidden, UNITS)
    tile = min(max(ENTRIES[kind] // max(units, inputs + 1, outputs), 1), -(-samples // lanes))
    ends = [samples * i // lanes for i in range(lanes + 1)]
    products = samples * hidden * max(inputs + 1, outputs)
    enough = ONE_THREAD_ANYWAY["vector" if 1 in (samples, hidden, inputs, outputs) else "matrix"]
    sums = samples * max(hidden, outputs)
    return Plan(
        tile,
        units,
        [range(a, b, tile) for a, b in pairwise(ends)],
        in_halves=kind == "many inputs" and worth > lanes == 1,
        is_small=products <= enough and sums <= ONE_THREAD_ANYWAY["vector"],
    )
