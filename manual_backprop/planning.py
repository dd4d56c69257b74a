"""How a batch is divided, by its shape alone: into lanes, one thread each, and tiles."""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

FEW_INPUTS = 32
"""Up to so many, to copy them with a row of ones costs less than to add b0 by itself."""

ENTRIES = {"few inputs": 1 << 17, "many inputs": 1 << 19}
"""Of each array that a tile works on, at the most: 1 or 4 MB in float64. With few inputs most time
goes into functions, which want cache; with many into products, which want long tiles."""

UNITS = 4_096
"""Of more hidden units, only so many are held at a time."""

LANES = {2: 8e7, 4: 6e8, 8: 2e9, 16: 2e10}
"""How many operations make so many lanes worth their while: a millisecond each at the least, for to
wake a thread takes a tenth of one."""

LANE = {"few inputs": 128, "many inputs": 256}
"""Samples, at the least: the gradients of each lane are arrays that have to be added, and products
with fewer samples are slower. With many inputs and fewer samples, only the products with X are
divided."""

FUNCTIONS = 150
"""What exp, log1p and a division cost for each hidden unit, in operations of matrix products."""

ONE_THREAD_ANYWAY = {"vector": 8_192, "matrix": 131_072}
"""Products of fewer multiplications OpenBLAS does in one thread, whatever it has been told. (Its
limits are 9,216, or 10,000 for two vectors, and 262,144.)"""


class Plan(NamedTuple):
    """How a batch is divided; by its shape alone."""

    samples: int
    """In a tile, at the most."""
    units: int
    """Held at a time."""
    lanes: list[range]
    """The first samples of their tiles."""
    in_halves: bool
    """Whether the products with X are, for two threads to share; there is one lane only, then."""
    is_small: bool
    """All at once then, with nothing prepared, as that would cost more than the gradient."""

    @property
    def threads(self) -> int:
        """For how many there is work."""
        return 2 if self.in_halves else len(self.lanes)


@lru_cache(maxsize=1_000)
def planned(hidden: int, inputs: int, outputs: int, samples: int) -> Plan:
    """How a batch of so many samples is divided."""
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
