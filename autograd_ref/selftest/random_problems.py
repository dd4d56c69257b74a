"""Random problems of the built-in network in great numbers, by seed: ordinary to degenerate.

Hypothesis searches and shrinks; this one only has to be fast, and to reach thousands of samples.
"""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from autograd_ref.assignment.problems import Problem
from manual_backprop import NetworkShape, Parameters

A = NDArray[Any]
Blocks = dict[str, A]

MOST_SAMPLES = (30, 300, 5_000)
CHANCES = (0.9, 0.09, 0.01)


def random_problem(seed: int, dtype: DTypeLike) -> Problem:
    """Parameters, X and Y."""
    random = np.random.default_rng(seed)
    shape = NetworkShape(*(int(n) for n in 1 + random.integers(0, 8, size=3)))
    most = int(random.choice(np.array(MOST_SAMPLES), p=CHANCES))
    samples = int(random.integers(1, most + 1))
    size, weight = 10.0 ** random.uniform(-2, 1, size=2)
    blocks = {
        "W0": random.normal(scale=size, size=(shape.hidden, shape.inputs)),
        "b0": random.normal(scale=size, size=shape.hidden),
        "W1": random.normal(scale=weight, size=(shape.outputs, shape.hidden)),
        "b1": random.normal(scale=size, size=shape.outputs),
    }
    X = random.normal(scale=10.0 ** random.uniform(-2, 1.5), size=(samples, shape.inputs))
    X, blocks = _made_special(random, X, blocks)
    return Problem(
        Parameters(**{name: block.astype(dtype) for name, block in blocks.items()}),
        X.astype(dtype),
        _targets(random, samples, shape.outputs, dtype),
    )


def is_ordinary(problem: Problem) -> bool:
    """Not degenerate, by a formula in the inputs.

    At least two outputs, W1 not zero, and no pre-activation beyond 20 even where all its terms have
    one sign: |X| |W0|^T + |b0| <= 20 and ln(1 + exp(.)) |W1|^T + |b1| <= 20 throughout.
    """
    W0, b0, W1, b1 = (abs(block.astype(np.float64)) for block in problem.parameters)
    z1 = abs(problem.X.astype(np.float64)) @ W0.T + b0
    z2 = np.logaddexp(z1, 0) @ W1.T + b1
    return len(b1) > 1 and bool(W1.any()) and max(z1.max(), z2.max()) <= 20


def _made_special(random: Generator, X: A, blocks: Blocks) -> tuple[A, Blocks]:
    """Every second problem stays as it is."""
    kind = random.integers(12)
    if kind == 0:  # saturated units
        far_out = random.uniform(20, 1000, blocks["b0"].shape)
        blocks["b0"] = np.where(blocks["b0"] > 0, far_out, -far_out)
    elif kind == 1:  # a confident prediction
        blocks["b1"] = np.zeros_like(blocks["b1"])
        blocks["b1"][random.integers(len(blocks["b1"]))] = random.uniform(5, 80)
    elif kind == 2:  # equal samples, whose sums drift
        X = np.repeat(X[:1], len(X), axis=0)
    elif kind == 3:  # one block zero
        name = str(random.choice(list(blocks)))
        blocks[name] = np.zeros_like(blocks[name])
    elif kind == 4:  # columns of very different size
        X = X * 10.0 ** random.uniform(-6, 6, size=int(X.shape[1]))
    elif kind == 5:  # parameters of very different size
        for name in blocks:
            blocks[name] = blocks[name] * 10.0 ** random.uniform(-4, 2, blocks[name].shape)
    return X, blocks


def _targets(random: Generator, samples: int, outputs: int, dtype: DTypeLike) -> A:
    labels = random.integers(outputs, size=samples)
    kind = random.integers(3)
    if kind == 0:
        return labels
    if kind == 1:
        return np.eye(outputs, dtype=dtype)[labels]
    weights = random.integers(0, 100, size=(samples, outputs)) + 1.0
    return (weights / weights.sum(axis=1, keepdims=True)).astype(dtype)
