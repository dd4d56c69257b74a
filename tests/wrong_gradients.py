"""Mistakes that people make in this gradient, each written out as they would write it.

`correct` is the same derivation without a mistake, and must be accepted.
"""

import numpy as np

from manual_backprop import Parameters
from tests.mistakes import biases, hidden_layer, output_layer, scale
from tests.mistakes.steps import A, Gradient, Steps, correct, with_block

__all__ = ["ANY_SHAPE", "SQUARE", "Gradient", "correct"]


def through_a_lower_precision(p: Parameters, X: A, Y: A) -> Parameters:
    """Everything in the next narrower format."""
    narrow = p._make(block.astype(np.float16 if p.W0.dtype == np.float32 else "f4") for block in p)
    found = correct(narrow, X.astype(narrow.W0.dtype), Y.astype(narrow.W0.dtype))
    return found._make(block.astype(p.W0.dtype) for block in found)


def one_step_in_half_precision(p: Parameters, X: A, Y: A) -> Parameters:
    s = Steps(p, X, Y)
    return s.through(a1=s.a1.astype(np.float16).astype(s.a1.dtype))


OTHERS: dict[str, Gradient] = {
    "weight decay in the gradient only": with_block("W1", lambda s, W1: W1 + 1e-3 * s.p.W1),
    "NaN in one entry": with_block("b1", lambda s, b1: np.where(b1 == b1[0], np.nan, b1)),
    "through a lower precision": through_a_lower_precision,
    "one step in half precision": one_step_in_half_precision,
}

ANY_SHAPE: dict[str, Gradient] = {
    **scale.ANY_SHAPE,
    **biases.ANY_SHAPE,
    **output_layer.ANY_SHAPE,
    **hidden_layer.ANY_SHAPE,
    **OTHERS,
}
"""Mistakes that show on any shape with at least two of everything, all different."""

SQUARE: dict[str, Gradient] = hidden_layer.SQUARE
"""Mistakes that no shape check can find, because the array is square."""
