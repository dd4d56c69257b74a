"""The specification: one sample, equation by equation, in the symbols of `derivation.md`.

Vectors are one-dimensional, so the product of a column with a row is `np.outer`. Only the order of
the factors differs from the printed formulas, whose shapes do not fit; `derivation.md`, section 4.
The formulas are the printed ones, not the stable ones: exp(z1) overflows above z1 = 709 (88 in
float32), and a confident prediction loses its digits. Tests compare `network.py` with this file.
"""

from typing import Any, NamedTuple

import numpy as np

from manual_backprop.arguments import Array
from manual_backprop.parameters import Parameters


class WriteUp(NamedTuple):
    """Every quantity that has a symbol in the write-up, for one sample."""

    z1: Array  # (N_H,)
    a1: Array  # (N_H,)
    z2: Array  # (N_O,)
    y_hat: Array  # (N_O,)
    l: np.floating[Any]
    e2: Array  # (N_O,)
    e1: Array  # (N_O, N_H), the Jacobian of z2 with respect to z1
    gradients: Parameters


def write_up(parameters: Parameters, x: Array, y: Array) -> WriteUp:
    """Return the loss, the gradients and every intermediate quantity of one sample.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,).
        x: the sample's features, (N_I,).
        y: the sample's target row, (N_O,), which sums to one; not a label.

    Returns:
        z1, a1 (N_H,), z2, y_hat, e2 (N_O,), e1 (N_O, N_H), the loss l in nats, and the gradients.
        e2 is not divided by a number of samples. Arguments are not checked.

    Source: equations (1) to (14) of `derivation.md`.

    Examples:
        >>> import numpy as np
        >>> from manual_backprop import NetworkShape, initialize
        >>> parameters = initialize(NetworkShape(inputs=4, hidden=16, outputs=3), seed=0)
        >>> found = write_up(parameters, np.ones(4), np.array([0.0, 1.0, 0.0]))
        >>> found.e1.shape, found.gradients.W0.shape
        ((3, 16), (16, 4))
        >>> bool(np.allclose(found.e2, found.y_hat - [0, 1, 0]))
        True
    """
    W0, b0, W1, b1 = parameters

    z1 = W0 @ x + b0  # (1)
    a1 = np.log(1 + np.exp(z1))  # (2)
    z2 = W1 @ a1 + b1  # (3)
    y_hat = np.exp(z2) / np.exp(z2).sum()  # (4)
    l = -(y * np.log(y_hat)).sum()  # (5)

    e2 = y_hat - y  # (7)
    da1_dz1 = np.exp(z1) / (1 + np.exp(z1))  # (11)
    e1 = W1 @ np.diag(da1_dz1)  # (10), (12)

    gradients = Parameters(
        W0=np.outer(e1.T @ e2, x),  # (13)
        b0=e1.T @ e2,  # (14)
        W1=np.outer(e2, a1),  # (8)
        b1=e2,  # (9)
    )
    return WriteUp(z1, a1, z2, y_hat, l, e2, e1, gradients)
