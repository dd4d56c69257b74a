"""Random parameters and data of a network, on which every part of its gradient shows."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.networks.architecture import Architecture

Targets = Literal["labels", "one-hot"]

SCALE = 1.0
"""The standard deviation of scores is about this, whatever the sizes of the layers: far enough from
zero to tell one activation from another, and not so far that units saturate. Chosen."""


class NetworkPoint(NamedTuple):
    """Parameters and data of a network."""

    parameters: dict[str, NDArray[np.float64]]
    """W0, b0, W1, ... by their names."""
    X: NDArray[np.float64]  # (S, N_I)
    Y: NDArray[Any]  # (S, N_O), or (S,)


def random_point(
    architecture: Architecture,
    samples: int,
    seed: int,
    *,
    scale: float = SCALE,
    targets: Targets | None = None,
) -> NetworkPoint:
    """Draw parameters, biases included, and data that fit the loss.

    Weights have the standard deviation scale / sqrt(N_in), biases scale / 2, features 1. Targets
    are classes where outputs are softmax or labels are asked for, zeros and ones for sigmoid
    outputs, else normal numbers.

    Args:
        architecture: the network.
        samples: S.
        seed: of the generator.
        scale: of the scores.
        targets: labels (S,), also the targets of one output, or one-hot rows (S, N_O); None is
            labels for cross-entropy, and rows for other losses.

    Examples:
        >>> from autograd_ref.networks.choosing import architecture
        >>> point = random_point(architecture((4, 16, 3)), samples=5, seed=0)
        >>> {name: block.shape for name, block in point.parameters.items()}
        {'W0': (16, 4), 'b0': (16,), 'W1': (3, 16), 'b1': (3,)}
        >>> point.X.shape, point.Y.shape
        ((5, 4), (5,))
    """
    random = np.random.default_rng(seed)
    parameters = {
        name: random.normal(
            scale=scale / (math.sqrt(shape[1]) if len(shape) == 2 else 2), size=shape
        )
        for name, shape in architecture.shapes.items()
    }
    n_in, n_out = architecture.sizes[0], architecture.sizes[-1]
    X = random.normal(size=(samples, n_in))
    as_labels = targets == "labels" or (targets is None and architecture.loss == "cross-entropy")
    if n_out > 1 and (as_labels or architecture.output == "softmax"):
        labels = random.permutation(np.arange(samples) % n_out)
        return NetworkPoint(parameters, X, labels if as_labels else np.eye(n_out)[labels])
    Y = random.normal(size=(samples, n_out))
    if architecture.output == "sigmoid":
        ones = random.permutation(np.arange(samples * n_out) % 2)
        Y = ones.reshape(samples, n_out).astype(np.float64)
    return NetworkPoint(parameters, X, Y[:, 0] if as_labels else Y)
