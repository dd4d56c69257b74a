"""Random problems on which a mistake shows as what it is."""

import numpy as np
from numpy.typing import DTypeLike

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.assignment.mistakes.mistake import Shows
from manual_backprop.parameters import NetworkShape, Parameters, initialize

STD = 0.5
"""Of the parameters: no unit is linear, and none is saturated."""


def problem_for(shows: Shows, seed: int, dtype: DTypeLike) -> tuple[Parameters, A, A]:
    """Parameters, X (S, N_I), and Y as one-hot rows (S, N_O) with every class there is room for."""
    random = np.random.default_rng(seed)
    inputs, hidden, outputs, samples = _sizes(shows, random)
    X = random.normal(size=(samples, inputs)).astype(dtype)
    labels = random.permutation(np.arange(samples) % outputs)
    shape = NetworkShape(inputs, hidden, outputs)
    parameters = initialize(shape, int(random.integers(1 << 30)), std=STD, dtype=dtype)
    return parameters, X, np.eye(outputs, dtype=dtype)[labels]


def _sizes(shows: Shows, random: np.random.Generator) -> tuple[int, int, int, int]:
    n = int(random.integers(3, 7))
    if shows is Shows.ALL_EQUAL:
        return n, n, n, n
    if shows is Shows.SQUARE:
        return n, n, n, n + int(random.integers(1, 6))
    inputs, hidden, outputs = (int(size) for size in random.permutation(np.arange(2, 8))[:3])
    fewest = 8 if shows is Shows.MANY_SAMPLES else 3
    counts = [m for m in range(fewest, 13) if m not in (inputs, hidden, outputs)]
    return inputs, hidden, outputs, int(random.choice(counts))
