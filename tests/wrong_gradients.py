"""Mistakes that people make in this gradient, each written out as they would write it.

Nothing here calls `manual_backprop`'s arithmetic: a change there cannot repair a mistake here.
`correct` is the same derivation without a mistake, and must be accepted.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manual_backprop import Parameters

A = NDArray[Any]
Gradient = Callable[[Parameters, A, A], Parameters]


class Steps:
    """The correct intermediate quantities, for a mistake to start from; Y as rows."""

    def __init__(self, parameters: Parameters, X: A, Y: A) -> None:
        self.p, self.X, self.Y, self.S = parameters, X, Y, len(X)
        self.z1 = X @ parameters.W0.T + parameters.b0
        self.sigma: A = 1 / (1 + np.exp(-self.z1))
        self.a1 = np.log1p(np.exp(self.z1))
        self.z2 = self.a1 @ parameters.W1.T + parameters.b1
        exps = np.exp(self.z2)
        self.y_hat = exps / exps.sum(axis=1, keepdims=True)
        self.e2: A = (self.y_hat - Y) / self.S
        self.delta1 = (self.e2 @ parameters.W1) * self.sigma

    def through(
        self, *, e2: A | None = None, slope: A | None = None, W1: A | None = None
    ) -> Parameters:
        """The gradients, with one of the steps replaced."""
        e2 = self.e2 if e2 is None else e2
        slope = self.sigma if slope is None else slope
        W1 = self.p.W1 if W1 is None else W1
        delta1 = (e2 @ W1) * slope
        return Parameters(delta1.T @ self.X, delta1.sum(axis=0), e2.T @ self.a1, e2.sum(axis=0))


def correct(p: Parameters, X: A, Y: A) -> Parameters:
    return Steps(p, X, Y).through()


def scaled(by: Callable[[int], float]) -> Gradient:
    """All gradients times a number that depends on S."""
    return lambda p, X, Y: Parameters(*(by(len(X)) * block for block in correct(p, X, Y)))


def with_block(name: str, wrong: Callable[[Steps, A], A]) -> Gradient:
    """One block replaced, from the steps and the correct block."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        right = correct(p, X, Y)
        return right._replace(**{name: wrong(Steps(p, X, Y), getattr(right, name))})

    return gradient


def with_e2(wrong: Callable[[Steps], A]) -> Gradient:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        steps = Steps(p, X, Y)
        return steps.through(e2=wrong(steps))

    return gradient


def with_slope(wrong: Callable[[Steps], A]) -> Gradient:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        steps = Steps(p, X, Y)
        return steps.through(slope=wrong(steps))

    return gradient


def last_sample_only(p: Parameters, X: A, Y: A) -> Parameters:
    steps = Steps(p, X, Y)
    e2 = np.zeros_like(steps.e2)
    e2[-1] = steps.e2[-1]
    return steps.through(e2=e2)


def one_sample_dropped(p: Parameters, X: A, Y: A) -> Parameters:
    steps = Steps(p, X, Y)
    e2 = steps.e2.copy()
    e2[-1] = 0
    return steps.through(e2=e2)


def outer_product_of_batch_means(p: Parameters, X: A, Y: A) -> Parameters:
    s = Steps(p, X, Y)
    right = s.through()
    return right._replace(
        W0=np.outer(s.delta1.sum(axis=0), X.mean(axis=0)),
        W1=np.outer(s.e2.sum(axis=0), s.a1.mean(axis=0)),
    )


def jacobian_twice(s: Steps) -> A:
    return s.y_hat * (s.e2 - (s.e2 * s.y_hat).sum(axis=1, keepdims=True))


def W1_already_updated(p: Parameters, X: A, Y: A) -> Parameters:
    steps = Steps(p, X, Y)
    return steps.through(W1=p.W1 - 0.01 * steps.e2.T @ steps.a1)


def gradient_used_for_W1(p: Parameters, X: A, Y: A) -> Parameters:
    steps = Steps(p, X, Y)
    return steps.through(W1=steps.e2.T @ steps.a1)


def through_float32(p: Parameters, X: A, Y: A) -> Parameters:
    narrow = p._make(block.astype(np.float16 if p.W0.dtype == np.float32 else "f4") for block in p)
    found = correct(narrow, X.astype(narrow.W0.dtype), Y.astype(narrow.W0.dtype))
    return found._make(block.astype(p.W0.dtype) for block in found)


def shifted(labels: A) -> A:
    return np.roll(labels, 1, axis=1)


ANY_SHAPE: dict[str, Gradient] = {
    "1/S missing": scaled(lambda S: S),
    "1/S twice": scaled(lambda S: 1 / S),
    "divided by S - 1": scaled(lambda S: S / (S - 1)),
    "twice too large": scaled(lambda S: 2),
    "sign flipped": scaled(lambda S: -1),
    "one per cent off": scaled(lambda S: 1.01),
    "last sample only": last_sample_only,
    "one sample dropped": one_sample_dropped,
    "outer product of batch means": outer_product_of_batch_means,
    "bias gradient averaged again": with_block("b0", lambda s, b0: b0 / s.S),
    "bias gradient not summed": with_block("b1", lambda s, b1: s.e2),
    "bias gradient filled with the total": with_block("b1", lambda s, b1: np.full_like(b1, b1[0])),
    "bias gradient from the weights' rows": with_block(
        "b0", lambda s, b0: (s.delta1.T @ s.X).sum(1)
    ),
    "bias gradient zero": with_block("b0", lambda s, b0: np.zeros_like(b0)),
    "bias gradient a column": with_block("b1", lambda s, b1: b1[:, np.newaxis]),
    "W0 reshaped instead of transposed": with_block(
        "W0", lambda s, W0: (s.X.T @ s.delta1).reshape(W0.shape)
    ),
    "W1 transposed": with_block("W1", lambda s, W1: W1.T),
    "z1 for a1 in W1": with_block("W1", lambda s, W1: s.e2.T @ s.z1),
    "hidden units in another order": with_block("W0", lambda s, W0: W0[::-1]),
    "weight decay in the gradient only": with_block("W1", lambda s, W1: W1 + 1e-3 * s.p.W1),
    "NaN in one entry": with_block("b1", lambda s, b1: np.where(b1 == b1[0], np.nan, b1)),
    "target not subtracted": with_e2(lambda s: s.y_hat / s.S),
    "labels off by one": with_e2(lambda s: (s.y_hat - shifted(s.Y)) / s.S),
    "softmax over the batch": with_e2(
        lambda s: (np.exp(s.z2) / np.exp(s.z2).sum(axis=0, keepdims=True) - s.Y) / s.S
    ),
    "softmax Jacobian again": with_e2(jacobian_twice),
    "softmax Jacobian's diagonal only": with_e2(lambda s: -s.Y * (1 - s.y_hat) / s.S),
    "squared-error delta": with_e2(lambda s: s.e2 * s.y_hat * (1 - s.y_hat)),
    "softplus derivative forgotten": with_slope(lambda s: np.ones_like(s.z1)),
    "softplus derivative at a1": with_slope(lambda s: 1 / (1 + np.exp(-s.a1))),
    "a1 (1 - a1)": with_slope(lambda s: s.a1 * (1 - s.a1)),
    "sigmoid's derivative": with_slope(lambda s: s.sigma * (1 - s.sigma)),
    "tanh's derivative": with_slope(lambda s: 1 - np.tanh(s.z1) ** 2),
    "ReLU's derivative": with_slope(lambda s: (s.z1 > 0).astype(s.z1.dtype)),
    "sigma(-z1)": with_slope(lambda s: 1 - s.sigma),
    "W1 already updated": W1_already_updated,
    "gradient of W1 for W1": gradient_used_for_W1,
    "through a lower precision": through_float32,
}
"""Mistakes that show on any shape with at least two of everything, all different."""

SQUARE: dict[str, Gradient] = {
    "W0's gradient transposed": with_block("W0", lambda s, W0: W0.T),
    "W1's gradient transposed": with_block("W1", lambda s, W1: W1.T),
    "W1 transposed on the way back": lambda p, X, Y: Steps(p, X, Y).through(W1=p.W1.T),
}
"""Mistakes that no shape check can find, because the array is square."""
