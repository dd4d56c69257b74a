"""Mistakes on the way back through the hidden layer."""

import numpy as np

from manual_backprop import Parameters
from tests.mistakes.steps import (
    A,
    Gradient,
    Steps,
    with_block,
    with_slope,
    with_W1,
)


def elementwise_to_the_hidden_layer(p: Parameters, X: A, Y: A) -> Parameters:
    s = Steps(p, X, Y)
    delta1 = (s.e2 * p.W1) * s.sigma
    return s.through()._replace(W0=delta1.T @ X, b0=delta1.sum(axis=0))


def units_in_another_order(p: Parameters, X: A, Y: A) -> Parameters:
    right = Steps(p, X, Y).through()
    return right._replace(W0=np.roll(right.W0, 1, axis=0), b0=np.roll(right.b0, 1))


ANY_SHAPE: dict[str, Gradient] = {
    "softplus derivative forgotten": with_slope(lambda s: np.ones_like(s.z1)),
    "softplus derivative at a1": with_slope(lambda s: 1 / (1 + np.exp(-s.a1))),
    "a1 (1 - a1)": with_slope(lambda s: s.a1 * (1 - s.a1)),
    "tanh": with_slope(lambda s: np.tanh(s.z1)),
    "tanh's derivative": with_slope(lambda s: 1 - np.tanh(s.z1) ** 2),
    "sigmoid's derivative": with_slope(lambda s: s.sigma * (1 - s.sigma)),
    "ReLU's derivative": with_slope(lambda s: (s.z1 > 0).astype(s.z1.dtype)),
    "sigma(-z1)": with_slope(lambda s: 1 - s.sigma),
    "sigma squared": with_slope(lambda s: s.sigma**2),
    "gradient of W1 for W1": with_W1(lambda s: s.e2.T @ s.a1),
    "W1 already updated": with_W1(lambda s: s.p.W1 - 0.01 * s.e2.T @ s.a1),
    "W1 reshaped instead of transposed": with_W1(lambda s: s.p.W1.T.reshape(s.p.W1.shape)),
    "W0's gradient reshaped instead of transposed": with_block(
        "W0", lambda s, W0: (s.X.T @ s.delta1).reshape(W0.shape)
    ),
    "W0's gradient transposed, of another shape": with_block("W0", lambda s, W0: W0.T),
    "W1's gradient transposed, of another shape": with_block("W1", lambda s, W1: W1.T),
    "hidden units of W0 reversed": with_block("W0", lambda s, W0: W0[::-1]),
    "hidden units of W0 and b0 shifted": units_in_another_order,
    "z1 for a1 in W1": with_block("W1", lambda s, W1: s.e2.T @ s.z1),
}

SQUARE: dict[str, Gradient] = {
    "W0's gradient transposed": with_block("W0", lambda s, W0: W0.T),
    "W1's gradient transposed": with_block("W1", lambda s, W1: W1.T),
    "W1 transposed on the way back": with_W1(lambda s: s.p.W1.T),
    "gradient of W1 transposed for W1": with_W1(lambda s: s.a1.T @ s.e2),
}
"""Mistakes that no shape check can find, because the array is square."""

ALL_EQUAL: dict[str, Gradient] = {
    "elementwise product with W1": elementwise_to_the_hidden_layer,
    "elementwise product with a1": with_block("W1", lambda s, W1: s.e2 * s.a1),
    "elementwise product with X": with_block("W0", lambda s, W0: s.delta1.T * s.X),
}
"""Where a matrix product is meant, and the elementwise product exists."""
