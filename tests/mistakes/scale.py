"""Mistakes of scale, and in the sum over the batch."""

import numpy as np

from manual_backprop import Parameters
from tests.mistakes.steps import A, Gradient, Steps, correct, scaled, with_block, with_e2


def only(kept: slice) -> Gradient:
    """Some samples, still divided by S."""

    def e2(s: Steps) -> A:
        found = np.zeros_like(s.e2)
        found[kept] = s.e2[kept]
        return found

    return with_e2(e2)


def as_if_alone(kept: slice) -> Gradient:
    """The correct gradient of some samples."""
    return lambda p, X, Y: correct(p, X[kept], Y[kept])


def outer_product_of_batch_means(p: Parameters, X: A, Y: A) -> Parameters:
    s = Steps(p, X, Y)
    right = s.through()
    return right._replace(
        W0=np.outer(s.delta1.sum(axis=0), X.mean(axis=0)),
        W1=np.outer(s.e2.sum(axis=0), s.a1.mean(axis=0)),
    )


def biases_averaged_again(p: Parameters, X: A, Y: A) -> Parameters:
    right = correct(p, X, Y)
    return right._replace(b0=right.b0 / len(X), b1=right.b1 / len(X))


ANY_SHAPE: dict[str, Gradient] = {
    "1/S missing": scaled(lambda s: s.S),
    "1/S twice": scaled(lambda s: 1 / s.S),
    "divided by S - 1": scaled(lambda s: s.S / (s.S - 1)),
    "divided by S N_O": scaled(lambda s: 1 / len(s.p.b1)),
    "both bias gradients averaged again": biases_averaged_again,
    "one bias gradient averaged again": with_block("b0", lambda s, b0: b0 / s.S),
    "last sample only": only(slice(-1, None)),
    "last sample as if alone": as_if_alone(slice(-1, None)),
    "first sample only": only(slice(1)),
    "first sample as if alone": as_if_alone(slice(1)),
    "one sample dropped": only(slice(-1)),
    "one sample dropped and not counted": as_if_alone(slice(-1)),
    "outer product of batch means": outer_product_of_batch_means,
    "twice too large": scaled(lambda s: 2),
    "half of one block": with_block("W0", lambda s, W0: W0 / 2),
    "twice one block": with_block("W1", lambda s, W1: 2 * W1),
    "sign flipped": scaled(lambda s: -1),
    "sign of one block flipped": with_block("b0", lambda s, b0: -b0),
    "one per cent off": scaled(lambda s: 1.01),
}

DISTINCT_COUNTS: dict[str, Gradient] = {
    "divided by N_O": scaled(lambda s: s.S / len(s.p.b1)),
    "divided by N_H": scaled(lambda s: s.S / len(s.p.b0)),
    "divided by N_I": scaled(lambda s: s.S / s.X.shape[1]),
}
"""Right where S happens to be that number."""
