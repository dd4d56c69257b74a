"""What the smallest problem on which a gradient of the assignment's network is wrong says."""

from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import Any, Literal, get_args

import numpy as np

from manual_backprop.parameters import NetworkShape, Parameters, initialize

Size = Literal["N_I", "N_H", "N_O", "S"]
NAMES: tuple[Size, ...] = get_args(Size)
Wrong = Callable[[tuple[Any, ...]], bool]

SIZES = range(1, 5)
TRIED = 12
"""Problems of a kind that have to be right before anything is said of it."""


def says(wrong: Wrong, arguments: tuple[Any, ...]) -> str:
    """What can be concluded: each sentence is tried on other problems before it is said.

    Args:
        wrong: whether the gradient is wrong on a problem.
        arguments: the smallest on which it is.
    """
    parameters, X, Y = arguments
    said: list[str] = []
    alone = [(parameters, X[i : i + 1], Y[i : i + 1]) for i in range(len(X))]
    if len(X) > 1 and not any(map(wrong, alone)):
        said.append(
            "Each of its samples alone is right: look at the sum over the batch and its 1/S."
        )
    shape: NetworkShape = parameters.shape
    counts = shape.inputs, shape.hidden, shape.outputs, len(X)
    sizes = dict(zip(NAMES, counts, strict=True))
    for one, two in combinations(NAMES, 2):
        equal = sizes[one] == sizes[two]
        others = _problems(one, two, equal=not equal, one_hot=Y.ndim == 2)
        if not any(wrong(next(others)) for _ in range(TRIED)):
            said.append(f"It is wrong only where {one} {'=' if equal else '!='} {two}, it seems.")
    return " ".join(said)


def shrunk(wrong: Wrong, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without the inputs, hidden units, outputs and samples that are not needed for it.

    Hypothesis shrinks entry by entry, and at times does not see that a whole row can go.
    """
    while smaller := next((other for other in _without_one(*arguments) if wrong(other)), None):
        arguments = smaller
    return arguments


def _without_one(p: Parameters, X: Any, Y: Any) -> Iterator[tuple[Any, ...]]:
    """The problem without one of its parts; an output goes with the samples of its class."""
    labels = Y if Y.ndim == 1 else Y.argmax(axis=1)
    for i in range(len(X) if len(X) > 1 else 0):
        yield p, np.delete(X, i, axis=0), np.delete(Y, i, axis=0)
    for i in range(X.shape[1] if X.shape[1] > 1 else 0):
        yield p._replace(W0=np.delete(p.W0, i, axis=1)), np.delete(X, i, axis=1), Y
    for i in range(len(p.b0) if len(p.b0) > 1 else 0):
        W0, b0, W1 = np.delete(p.W0, i, axis=0), np.delete(p.b0, i), np.delete(p.W1, i, axis=1)
        yield Parameters(W0, b0, W1, p.b1), X, Y
    for i in range(len(p.b1) if len(p.b1) > 1 else 0):
        kept = labels != i
        if kept.any():
            left = labels[kept] - (labels[kept] > i)
            rows = left if Y.ndim == 1 else np.eye(len(p.b1) - 1)[left]
            W1, b1 = np.delete(p.W1, i, axis=0), np.delete(p.b1, i)
            yield p._replace(W1=W1, b1=b1), X[kept], rows


def _problems(
    one: Size, two: Size, *, equal: bool, one_hot: bool
) -> Iterator[tuple[Parameters, Any, Any]]:
    """Random ones in which these two sizes are equal, or not."""
    random = np.random.default_rng(0)
    fitting = [
        sizes
        for values in product(SIZES, repeat=4)
        if ((sizes := dict(zip(NAMES, values, strict=True)))[one] == sizes[two]) == equal
        and sizes["N_O"] > 1
    ]
    while True:
        sizes = fitting[int(random.integers(len(fitting)))]
        shape = NetworkShape(sizes["N_I"], sizes["N_H"], sizes["N_O"])
        parameters = initialize(shape, int(random.integers(1 << 30)), std=0.5)
        labels = random.integers(sizes["N_O"], size=sizes["S"])
        Y = np.eye(sizes["N_O"])[labels] if one_hot else labels
        yield parameters, random.normal(size=(sizes["S"], sizes["N_I"])), Y
