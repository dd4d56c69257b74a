"""Small problems of the network: drawn, made smaller, and what the smallest wrong one says."""

from collections.abc import Callable, Iterator
from itertools import combinations, cycle, product
from typing import Any, Literal, get_args

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from numpy.typing import NDArray

from manual_backprop.parameters import NetworkShape, Parameters, initialize

Size = Literal["N_I", "N_H", "N_O", "S"]
NAMES: tuple[Size, ...] = get_args(Size)
Wrong = Callable[[tuple[Any, ...]], bool]

SIZES = range(1, 5)
TRIED = 12
"""Problems of a kind that have to be right before anything is said of it. Chosen."""

MOST = 3
"""The largest dimension and number of samples: few mistakes need more."""

START = (2, -3, 5, 1, -1, 4, -5, 3, -2, 7, -4)
"""The simplest entries, in tenths: with zeros most mistakes would be the same."""


@st.composite
def small_problems(draw: DrawFn, *, one_hot: bool = False) -> tuple[Parameters, Any, Any]:
    """Draw problems of the network with few entries, each with one decimal.

    Args:
        draw: supplied by Hypothesis.
        one_hot: Y as rows (S, N_O) in place of labels (S,).
    """
    sizes = st.integers(1, MOST)
    inputs, hidden, outputs, samples = draw(st.tuples(sizes, sizes, sizes, sizes), label="sizes")
    moves = st.integers(-8, 8)
    start = cycle(START)

    def array(*shape: int) -> NDArray[np.float64]:
        count = int(np.prod(shape))
        moved = draw(st.lists(moves, min_size=count, max_size=count))
        return np.array([next(start) + move for move in moved]).reshape(shape) / 10

    p = Parameters(array(hidden, inputs), array(hidden), array(outputs, hidden), array(outputs))
    X = array(samples, inputs)
    classes = st.integers(0, outputs - 1)
    labels = np.array(draw(st.lists(classes, min_size=samples, max_size=samples)))
    return p, X, np.eye(outputs)[labels] if one_hot else labels


IMPORT = "from manual_backprop import Parameters"
"""The import that code needs in which the network's parameters are written out."""


def is_network(parameters: object) -> bool:
    """Return whether these are the Parameters of the network."""
    return isinstance(parameters, Parameters)


def says(wrong: Wrong, arguments: tuple[Any, ...]) -> str:
    """Return what can be concluded: each sentence is tried on other problems before it is said.

    Args:
        wrong: whether the gradient is wrong on a problem.
        arguments: the smallest on which it is; nothing is said of parameters of another class.
    """
    parameters, X, Y = arguments
    if not is_network(parameters):
        return ""
    shape: NetworkShape = parameters.shape
    said: list[str] = []
    alone = [(parameters, X[i : i + 1], Y[i : i + 1]) for i in range(len(X))]
    if len(X) > 1 and not any(map(wrong, alone)):
        said.append(
            "Each of its samples alone is right: look at the sum over the batch and its 1/S."
        )
    counts = shape.inputs, shape.hidden, shape.outputs, len(X)
    sizes = dict(zip(NAMES, counts, strict=True))
    for one, two in combinations(NAMES, 2):
        equal = sizes[one] == sizes[two]
        others = _problems(one, two, equal=not equal, one_hot=Y.ndim == 2)
        if not any(wrong(next(others)) for _ in range(TRIED)):
            said.append(f"It is wrong only where {one} {'=' if equal else '!='} {two}, it seems.")
    return " ".join(said)


def shrunk(wrong: Wrong, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the problem without inputs, hidden units, outputs and samples it does not need.

    Hypothesis shrinks entry by entry, and at times does not see that a whole row can go. Parameters
    of another class stay as they are.
    """
    if not is_network(arguments[0]):
        return arguments
    while smaller := next((other for other in _without_one(*arguments) if wrong(other)), None):
        arguments = smaller
    return arguments


def _without_one(p: Parameters, X: Any, Y: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the problem without one of its parts; an output goes with the samples of its class."""
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
    """Yield random problems in which these two sizes are equal, or not."""
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
