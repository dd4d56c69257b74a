"""The random generators of the process, which the code under test may draw from, and not we."""

import random
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

LEGACY: Any = np.random
"""The generator that NumPy's own functions share; its type is not in NumPy's stubs."""


@contextmanager
def kept(*, beside_threads: bool = False) -> Generator[None]:
    """Leave the generators of the process as they are, whatever the code inside draws.

    While other threads run, they may be drawing as well: what they drew is not undone.

    Args:
        beside_threads: True where the same numbers have to be drawn again, all the same.
    """
    if threading.active_count() > 1 and not beside_threads:
        yield
        return
    of_numpy = LEGACY.get_bit_generator()
    numbers, words = random.getstate(), of_numpy.state
    on_devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    tensors = torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(numbers)
        of_numpy.state = words
        torch.set_rng_state(tensors)
        torch.cuda.set_rng_state_all(on_devices)
