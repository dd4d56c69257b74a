"""Mistakes in the gradients of the biases."""

import numpy as np

from tests.mistakes.steps import Gradient, with_block

ANY_SHAPE: dict[str, Gradient] = {
    "b0 not summed over the batch": with_block("b0", lambda s, b0: s.delta1),
    "b1 not summed over the batch": with_block("b1", lambda s, b1: s.e2),
    "b0 summed over the units": with_block("b0", lambda s, b0: s.delta1.sum(axis=1)),
    "b0 filled with the total sum": with_block("b0", lambda s, b0: np.full_like(b0, b0.sum())),
    "b1 filled with the total sum": with_block("b1", lambda s, b1: np.full_like(b1, b1.sum())),
    "b1 filled with its first entry": with_block("b1", lambda s, b1: np.full_like(b1, b1[0])),
    "b0 the row sums of W0": with_block("b0", lambda s, b0: (s.delta1.T @ s.X).sum(axis=1)),
    "b1 the row sums of W1": with_block("b1", lambda s, b1: (s.e2.T @ s.a1).sum(axis=1)),
    "b0 zero": with_block("b0", lambda s, b0: np.zeros_like(b0)),
    "b1 zero": with_block("b1", lambda s, b1: np.zeros_like(b1)),
    "b0 of the last sample": with_block("b0", lambda s, b0: s.delta1[-1]),
    "b1 of the last sample": with_block("b1", lambda s, b1: s.e2[-1]),
    "b0 a row": with_block("b0", lambda s, b0: b0[np.newaxis]),
    "b1 a column": with_block("b1", lambda s, b1: b1[:, np.newaxis]),
}

AS_MANY_SAMPLES_AS_UNITS: dict[str, Gradient] = {
    "b0 summed over the units, which fits": with_block("b0", lambda s, b0: s.delta1.sum(axis=1)),
}
"""Where S is N_H, and no shape tells."""
