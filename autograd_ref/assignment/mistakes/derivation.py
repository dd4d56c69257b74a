"""The built-in network in steps, each of which a mistake can replace.

Written out here, in the dtype of the arguments and with formulas that keep their digits: nothing of
`manual_backprop`'s arithmetic, so that a mistake there would not be made here as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manual_backprop.parameters import Parameters

A = NDArray[Any]


class Run:
    """One evaluation of a derivation; every quantity is worked out when it is first asked for."""

    p: Parameters
    X: A  # (S, N_I)
    Y: A  # (S, N_O)
    S: int

    def __init__(self, derivation: "Derivation", p: Parameters, X: A, Y: A) -> None:
        self._derivation = derivation
        self.p, self.X, self.Y, self.S = p, X, Y, len(X)

    def __getattr__(self, name: str) -> A:
        if name not in STEPS:
            raise AttributeError(name)
        value = getattr(self._derivation, name)(self)
        setattr(self, name, value)
        return value

    @property
    def gradients(self) -> Parameters:
        """The gradients that follow from this derivation."""
        return Parameters(self.W0, self.b0, self.W1, self.b1)

    @property
    def sigma(self) -> A:
        """The derivative of softplus at z1, whatever slope is taken."""
        return sigma(self.z1)

    @property
    def labels(self) -> NDArray[np.intp]:
        """The class of every sample."""
        return self.Y.argmax(axis=1)


Step = Callable[[Run], A]


@dataclass(frozen=True)
class Derivation:
    """From the arguments to the gradients; the equations are those of `derivation.md`."""

    z1: Step  # (S, N_H) (1)
    a1: Step  # (S, N_H) (2)
    z2: Step  # (S, N_O) (3)
    y_hat: Step  # (S, N_O) (4)
    e2: Step  # (S, N_O), divided by S (7)
    back: Step  # (N_O, N_H), the matrix through which e2 goes back
    slope: Step  # (S, N_H), of the activation (2)
    delta1: Step  # (S, N_H) (13)
    W0: Step
    b0: Step
    W1: Step
    b1: Step


STEPS = tuple(field.name for field in fields(Derivation))


def sigma(z: A) -> A:
    """1/(1 + exp(-z)), without overflow, to full precision at both ends."""
    return np.exp(-np.logaddexp(0, -z))


def softmax(z: A, axis: int | None = 1) -> A:
    """exp(z) over its sum along an axis."""
    exps = np.exp(z - z.max(axis=axis, keepdims=True))
    return exps / exps.sum(axis=axis, keepdims=True)


RIGHT = Derivation(
    z1=lambda r: r.X @ r.p.W0.T + r.p.b0,
    a1=lambda r: np.logaddexp(0, r.z1),
    z2=lambda r: r.a1 @ r.p.W1.T + r.p.b1,
    y_hat=lambda r: softmax(r.z2),
    e2=lambda r: (r.y_hat - r.Y) / r.S,
    back=lambda r: r.p.W1,
    slope=lambda r: r.sigma,
    delta1=lambda r: (r.e2 @ r.back) * r.slope,
    W0=lambda r: r.delta1.T @ r.X,
    b0=lambda r: r.delta1.sum(axis=0),
    W1=lambda r: r.e2.T @ r.a1,
    b1=lambda r: r.e2.sum(axis=0),
)


def gradients_by(derivation: Derivation, p: Parameters, X: A, Y: A) -> Parameters | None:
    """The gradients that a derivation gives; None where it would raise."""
    try:
        with np.errstate(all="ignore"):
            return Run(derivation, p, X, Y).gradients
    except (ValueError, IndexError, ZeroDivisionError):
        return None
