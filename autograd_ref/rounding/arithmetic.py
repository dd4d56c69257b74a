"""How far rounding moves sums, products and functions, in any number format.

The derivation is section 5 of `derivation.md`; the letters at the ends of lines are
in it. A bound grows with the number of terms that a sum has, never with the number of entries that
are compared.
"""

from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ALLOWED_UNITS = 4.0
"""How many first-order units an error may have: what is left out of the count below."""

FUNCTION_FACTOR = 4.0
"""Two evaluations of exp or log1p, each good to 4 units in the last place: 16 of roundoff."""

OF_ITSELF = 1e-2
"""What an entry is allowed because its neighbours move is at most so much of itself: they may be of
quite another size."""

TERMS_PER_UNIT = ALLOWED_UNITS
"""How many terms earn a sum one more unit: each addition may round by one unit of roundoff."""


class Forms(Enum):
    """Which formulas an implementation is held to."""

    STABLE = "no two nearly equal numbers subtracted: small results keep their digits"
    TEXTBOOK = (
        "ln(1 + exp z), 1 - 1/(1 + exp z), y_hat - y: right to a unit of 1, not of the result"
    )


class Arithmetic(NamedTuple):
    """One number format, and what rounding in it may do; absolute values in, errors out."""

    unit: float
    smallest: float
    forms: Forms
    drifting: bool = True
    """Whether all additions of a sum may round the same way, as they do for equal terms."""
    reference_unit: float = 0.0
    """That of a reference in PyTorch's forms, whose rounding is to be added; 0 for none."""

    @property
    def both(self) -> float:
        """A unit for each side."""
        return self.unit + self.reference_unit

    def growth(self, count: int) -> float:
        """How the rounding of a sum grows with the number of its terms."""
        return growth(count if self.drifting else count**0.5)

    def summed(self, absolute_terms: Array, count: int) -> Array:
        """Of a sum of products, from the sum of their absolute values."""
        return self.both * self.growth(count) * absolute_terms + count * self.smallest  # (A)

    def rounded(self, result: Array) -> Array:
        """Of evaluating a function, from its result."""
        return FUNCTION_FACTOR * self.both * result + self.smallest

    def hidden(self, result: Array, parts: Array | float) -> Array:
        """Of softplus or sigma; textbook forms round what they subtract, not the result."""
        return self.rounded(np.maximum(result, parts) if self.forms is Forms.TEXTBOOK else result)

    def output(self, result: Array, parts: Array) -> Array:
        """Of the loss or e2, likewise; PyTorch's are not stable there."""
        lossy = np.maximum(result, parts)
        hand = result if self.forms is Forms.STABLE else lossy
        scale = self.unit * hand + self.reference_unit * lossy
        return FUNCTION_FACTOR * scale + self.smallest


def growth(count: float) -> float:
    """How the rounding of a sum grows with the number of additions that round the same way."""
    return 1.0 + count / TERMS_PER_UNIT


def additions_in_a_row(count: int, forms: Forms) -> int:
    """How many additions lie between a term and the sum that NumPy, or a loop, makes of it.

    NumPy adds blocks of 128, eight running sums to a block, and the blocks in pairs.
    """
    return min(count, 24 + count.bit_length()) if forms is Forms.STABLE else count
