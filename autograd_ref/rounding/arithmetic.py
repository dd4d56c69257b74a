"""How far rounding moves sums, products and functions, in any number format.

The derivation is section 5 of `derivation.md`; the letters at the ends of lines are
in it. A bound grows with the number of terms that a sum has, never with the number of entries that
are compared.
"""

from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.number_format import NumberFormat, of_dtype

Array = NDArray[Any]

ALLOWED_UNITS = 4.0
"""How many first-order units an error may have: what is left out of the count below."""

FUNCTION_FACTOR = 4.0
"""Two evaluations of exp or log1p, each good to 4 units in the last place: 16 of roundoff."""

OF_ITSELF = 1e-2
"""An entry is allowed at most so much of itself because its neighbours move: they may be of quite
another size."""

TERMS_PER_UNIT = ALLOWED_UNITS
"""How many terms earn a sum one more unit: each addition may round by one unit of roundoff."""

SINGLE = of_dtype(np.float32)

IN_A_BLOCK = 24
"""NumPy sums up to 128 terms in eight running sums and adds these up in three steps, then the last
seven, say, of 127 one by one: 14 + 3 + 7 additions in a row. Sums of blocks are added in pairs."""


class Forms(Enum):
    """Which formulas an implementation is held to."""

    STABLE = "no two nearly equal numbers subtracted: small results keep their digits"
    TEXTBOOK = (
        "ln(1 + exp z), 1 - 1/(1 + exp z), y_hat - y: right to a unit of 1, not of the result"
    )


class Level(Enum):
    """A level of tolerance; the wider ones are computed where something is wrong.

    What is within the first is a match: had it been off by more, it would at least have needed
    another. Nobody is accused before the last.
    """

    ACCUMULATED = "formulas that keep their digits, sums in pairs or in float32; few samples"
    STRICT = "formulas that keep their digits, sums that round up and down; few samples"
    GROSS = "textbook formulas, sums that drift; few samples: what is far beyond it is beyond all"
    DRIFTING = "formulas that keep their digits, sums that drift; many samples"
    TEXTBOOK = "textbook formulas, sums that drift; many samples"


class Arithmetic(NamedTuple):
    """One number format, and what rounding in it may do; absolute values in, errors out."""

    unit: float
    """The error that counts as one step of rounding: ALLOWED_UNITS units of roundoff."""
    smallest: float
    forms: Forms
    drifting: bool = True
    """True where all additions of a sum may round the same way, as they do for equal terms."""
    reference_unit: float = 0.0
    """That of a reference in PyTorch's forms, whose rounding is to be added; 0 for none."""
    factors: float = 0.0
    """The relative error of a product of matrices for the rounding of its factors, as a number
    format has it."""
    accumulated: bool = False
    """True where sums are added up in pairs; and in float32 where the format has fewer digits, so
    that only the result is rounded to it."""

    @property
    def both(self) -> float:
        """A unit for each side."""
        return self.unit + self.reference_unit

    def growth(self, count: int) -> float:
        """How the rounding of a sum grows with the number of its terms."""
        if self.accumulated:
            count = min(count, additions_in_a_row(count, Forms.STABLE))
        return growth(count if self.drifting else count**0.5)

    @property
    def unit_of_sums(self) -> float:
        """The unit in which sums are added up."""
        return min(self.unit, ALLOWED_UNITS * SINGLE.unit) if self.accumulated else self.unit

    def summed(self, absolute_terms: Array, count: int) -> Array:
        """The error of a sum of products, from the sum of their absolute values."""
        return self.both * self.growth(count) * absolute_terms + count * self.smallest  # (A)

    def rounded(self, result: Array) -> Array:
        """The error of evaluating a function, from its result."""
        return FUNCTION_FACTOR * self.both * result + self.smallest

    def hidden(self, result: Array, parts: Array | float) -> Array:
        """The error of softplus or sigma; textbook forms round what they subtract instead."""
        return self.rounded(np.maximum(result, parts) if self.forms is Forms.TEXTBOOK else result)

    def output(self, result: Array, parts: Array) -> Array:
        """The error of the loss or e2, likewise; PyTorch's forms are not stable there."""
        lossy = np.maximum(result, parts)
        hand = result if self.forms is Forms.STABLE else lossy
        scale = self.unit * hand + self.reference_unit * lossy
        return FUNCTION_FACTOR * scale + self.smallest

    def beside_the_reference(self) -> "Arithmetic":
        """The arithmetic of a difference from PyTorch's results in float64, rounded as well."""
        return self._replace(reference_unit=ALLOWED_UNITS * of_dtype(np.float64).unit)


def arithmetic_of(
    number: NumberFormat, forms: Forms = Forms.STABLE, *, drifting: bool = True
) -> Arithmetic:
    """The arithmetic of a number format."""
    unit = ALLOWED_UNITS * number.unit
    return Arithmetic(unit, number.smallest_normal, forms, drifting, factors=number.factors)


def arithmetic_at(level: Level, number: NumberFormat) -> Arithmetic:
    """The arithmetic of a number format, with what a tolerance level allows."""
    textbook = level in (Level.TEXTBOOK, Level.GROSS)
    forms = Forms.TEXTBOOK if textbook else Forms.STABLE
    drifting = level not in (Level.ACCUMULATED, Level.STRICT)
    found = arithmetic_of(number, forms, drifting=drifting)
    if level is not Level.ACCUMULATED:
        return found
    # float16 loses its digits gradually below the smallest normal number, in steps of eps of it
    narrow = number.unit > SINGLE.unit
    smallest = number.smallest_normal * (number.eps if narrow else 1.0)
    return found._replace(accumulated=True, smallest=smallest)


def growth(count: float) -> float:
    """How the rounding of a sum grows with the number of additions that round the same way."""
    return 1.0 + count / TERMS_PER_UNIT


def additions_in_a_row(count: int, forms: Forms) -> int:
    """How many additions lie between a term and the sum that NumPy, or a loop, makes of it."""
    return min(count, IN_A_BLOCK + count.bit_length()) if forms is Forms.STABLE else count
