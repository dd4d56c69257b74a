"""The correct derivation in steps, each of which a mistake can replace.

Nothing here calls `manual_backprop`'s arithmetic: a change there cannot repair a mistake here.
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

    @property
    def loss(self) -> float:
        return -float((self.Y * np.log(self.y_hat)).sum() / self.S)

    def through(
        self,
        *,
        e2: A | None = None,
        slope: A | None = None,
        W1: A | None = None,
        a1: A | None = None,
    ) -> Parameters:
        """The gradients, with one of the steps replaced."""
        e2 = self.e2 if e2 is None else e2
        slope = self.sigma if slope is None else slope
        W1 = self.p.W1 if W1 is None else W1
        a1 = self.a1 if a1 is None else a1
        delta1 = (e2 @ W1) * slope
        return Parameters(delta1.T @ self.X, delta1.sum(axis=0), e2.T @ a1, e2.sum(axis=0))


def correct(p: Parameters, X: A, Y: A) -> Parameters:
    return Steps(p, X, Y).through()


def scaled(by: Callable[[Steps], float]) -> Gradient:
    """All gradients times one number."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        steps = Steps(p, X, Y)
        return Parameters(*(by(steps) * block for block in steps.through()))

    return gradient


def with_block(name: str, wrong: Callable[[Steps, A], A]) -> Gradient:
    """One block replaced, from the steps and the correct block."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        right = correct(p, X, Y)
        return right._replace(**{name: wrong(Steps(p, X, Y), getattr(right, name))})

    return gradient


def with_e2(wrong: Callable[[Steps], A]) -> Gradient:
    """The gradients that follow from another e2."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        steps = Steps(p, X, Y)
        return steps.through(e2=wrong(steps))

    return gradient


def with_slope(wrong: Callable[[Steps], A]) -> Gradient:
    """The gradients that follow from another derivative of softplus."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        steps = Steps(p, X, Y)
        return steps.through(slope=wrong(steps))

    return gradient


def with_W1(wrong: Callable[[Steps], A]) -> Gradient:
    """The gradients that follow from going back through another matrix."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        steps = Steps(p, X, Y)
        return steps.through(W1=wrong(steps))

    return gradient
