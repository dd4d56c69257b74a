"""Mistakes in the forward pass, whose exact gradient is then that of another network."""

from collections.abc import Callable

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A, sigma
from autograd_ref.assignment.mistakes.mistake import Mistake, both, step

Function = Callable[[A], A]


def _other(name: str, activation: Function, slope: Function) -> Mistake:
    return Mistake(
        f"{name} units",
        f"the hidden units are {name}, forward and backward",
        "the network has softplus, ln(1 + exp(z1))",
        both(step("a1", lambda r: activation(r.z1)), step("slope", lambda r: slope(r.z1))),
    )


FORWARD_PASS = (
    _other("sigmoid", sigma, lambda z: sigma(z) * sigma(-z)),
    _other("tanh", np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    _other("ReLU", lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    _other("linear", lambda z: z, np.ones_like),
    Mistake(
        "b0 not added",
        "b0 is not added in the forward pass",
        "z1 = {z1}",
        step("z1", lambda r: r.X @ r.p.W0.T),
        hides="b0 = 0",
    ),
    Mistake(
        "b1 not added",
        "b1 is not added in the forward pass",
        "z2 = {z2}",
        step("z2", lambda r: r.a1 @ r.p.W1.T),
        hides="b1 = 0",
    ),
    Mistake(
        "z1 to the output",
        "z1 instead of a1 goes to the output layer: the activation is skipped",
        "z2 = {z2}",
        step("z2", lambda r: r.z1 @ r.p.W1.T + r.p.b1),
    ),
)
