"""The facts about one quantity of one call, each computed once, when it is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd_ref.independent.across_set import agrees_in_symmetric_part, known_set_across
from autograd_ref.independent.kink import Disagreement
from autograd_ref.observe.compare import Values, compare, share_of_tolerance
from autograd_ref.reference.protocol import Level
from autograd_ref.verdict.facts import Comparison, QuantityFacts
from autograd_ref.verdict.rows import ALONG, SYMMETRIC

SPREADS = 6.0
"""The tolerance for an error that is not systematic, in standard deviations of its scatter, entry
by entry. Chosen."""

FAR = 100.0
"""An error of so many tolerances at the widest level with few samples needs no more of them.
Chosen."""

A = NDArray[np.float64]
T = TypeVar("T")


class AtLevel(NamedTuple):
    """A comparison, and the tolerance it was made at."""

    level: Level | None
    """None for the tolerance widened by the scatter of the error."""
    tolerance: A
    comparison: Comparison
    along_set: bool = False
    """True where what is across the set of the caller is left out."""
    right_wider: bool = False
    """True where it was widened by rounding that a wider number format shows to be one."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """The loss, or the gradient by one parameter."""

    values: Values
    tolerance: Callable[[Level], A]
    scatter: Callable[[A, NDArray[np.bool_]], A | None]
    """The standard deviation of its errors nearby, from the error and where it is too large; None
    where it is systematic."""
    systematic: Callable[[A, NDArray[np.bool_]], bool]
    """True where its error, which is given likewise, is the same nearby."""
    half_of_digits: float
    stated: float = 0.0
    """The relative error that the caller allows beside rounding."""
    parameter: NDArray[np.generic] | None = None
    """The parameter it is the gradient by; None for the loss."""
    at_kink: Callable[[Disagreement], bool] = lambda _found: False
    """True where a disagreement is one at a kink of the loss."""
    outside: Callable[[A, A], bool] = lambda _hand, _reference: False
    """True where one gradient is no mixture of those beside a kink; asked where there is one."""
    wide: Callable[[], QuantityFacts | None] = lambda: None
    """The facts about a call in float64."""
    mistaken: Callable[[A], bool] = lambda _error: False
    """True where this error is one in float64 too, and systematic there."""
    cancels: Callable[[], bool] = lambda: False
    """True where its terms cancel, here and elsewhere; asked where nothing else is to be said."""
    terms: Callable[[], float] = lambda: 0.0
    """The size of terms that may cancel in it; asked where nothing of it is significant."""
    inside: Callable[[A, A], float | None] = lambda _error, _tolerance: None
    """The error that may be left along the set of the caller, where an error with this tolerance
    is across it; None where it is not, or where no set is given."""
    rounded: Callable[[A], A | None] = lambda _tolerance: None
    """The tolerance with what it rounds to, where it is right in a wider format to within the one
    given; None where it is not, or there is none."""
    in_own_format: Callable[[], A | None] = lambda: None
    """The tolerance of its own number format, where its computation goes through a coarser one."""

    @cached_property
    def levels(self) -> list[AtLevel]:
        """The levels of tolerance that were needed, up to the first that explains the error."""
        found: list[AtLevel] = []
        for level, tolerance in self._tolerances():
            found.append(self._at(level, tolerance))
            if not found[-1].comparison.beyond:
                return found
        widest = found[-1].tolerance
        rounded = self.rounded(widest)
        if rounded is not None:
            return [*found, self._at(None, rounded)._replace(right_wider=True)]
        scatter = self._ask(self.scatter, widest)
        if scatter is not None:
            found.append(self._at(None, np.maximum(widest, SPREADS * scatter)))
            if not found[-1].comparison.beyond:
                return found
        inside = self._along_set(found[-1])
        return found if inside is None else [*found, inside]

    @property
    def comparison(self) -> Comparison:
        """At the first level that explains the error, or at the widest."""
        return self.levels[-1].comparison

    @property
    def scatters(self) -> bool:
        """True where only noise explains the error, and takes more than half of the digits."""
        widest = self.levels[-1]
        found = widest.comparison
        by_noise = widest.level is None and not widest.along_set and not found.beyond
        if not by_noise:
            return False
        known = self.tolerance(Level.STRICT)
        if np.linalg.norm(self.values.reference) <= np.linalg.norm(known):
            return (found.max_abs_error or 0.0) > self.half_of_digits * self.terms()
        return (found.max_rel_error or 0.0) > self.half_of_digits

    @property
    def right_wider(self) -> bool:
        """True where it is right in a wider number format, and off by no more than it rounds to."""
        return self.levels[-1].right_wider

    @property
    def lost_digits(self) -> Comparison | None:
        """The comparison with formulas that keep their digits, where only others explain it."""
        if self.along_set:
            return None
        strict = [one for one in self.levels if one.level in (Level.DRIFTING, Level.GROSS)]
        explained = strict and strict[0].comparison.beyond and not self.comparison.beyond
        return strict[0].comparison if explained else None

    @property
    def between_slopes(self) -> bool:
        """True where every entry that is off lies between the slopes of a kink."""
        return self._between_slopes

    @cached_property
    def _between_slopes(self) -> bool:
        tolerance, reference = self.levels[-1].tolerance, self.values.reference
        return self.at_kink(Disagreement(self._hand, reference, tolerance, self._off))

    @property
    def outside_slopes(self) -> bool:
        """True where it is no mixture of the gradients beside a kink of the loss."""
        return self._outside_slopes

    @cached_property
    def _outside_slopes(self) -> bool:
        return self.outside(self._hand, self.values.reference)

    @property
    def along_set(self) -> bool:
        """True where it is compared along the set that the caller gives, and differs across it."""
        return self.levels[-1].along_set

    @property
    def across(self) -> str:
        """The part that is right, where it is off across a set of its parameter only; or empty."""
        if self.parameter is None:
            return ""
        hand, reference, tolerance = self._hand, self.values.reference, self.levels[-1].tolerance
        if agrees_in_symmetric_part(self.parameter, hand - reference, tolerance):
            return SYMMETRIC
        known = known_set_across(self.parameter, hand, reference, tolerance)
        return ALONG.format(set=known) if known else ""

    def _along_set(self, widest: AtLevel) -> AtLevel | None:
        """The comparison without an error that is across the set of the caller."""
        left = self.inside(self._hand - self.values.reference, widest.tolerance)
        if left is None:
            return None
        agreeing = self.values._replace(hand=self.values.reference.astype(self.values.hand.dtype))
        tolerance = widest.tolerance + left
        return AtLevel(None, tolerance, compare(agreeing, tolerance, self.stated), along_set=True)

    @property
    def zero_everywhere(self) -> bool:
        """True where its terms cancel, here and elsewhere."""
        return self.cancels()

    @property
    def in_float64(self) -> QuantityFacts | None:
        """The quantity of a call in float64, where that is another one."""
        return self.wide()

    @property
    def mistaken_in_float64(self) -> bool:
        """True where the error is the same in float64, and systematic there."""
        return self.mistaken(self._hand - self.values.reference)

    @property
    def stays_nearby(self) -> bool:
        """True where the error is systematic in its own format."""
        return self._ask(self.systematic, np.zeros(self.values.reference.shape))

    @property
    def _hand(self) -> A:
        return self.values.hand.astype(np.float64)

    @property
    def _off(self) -> NDArray[np.bool_]:
        shares = self.comparison.shares
        assert shares is not None, "only what is beyond its tolerance is asked for a kink"
        return shares > 1

    def _tolerances(self) -> Iterator[tuple[Level, A]]:
        finer = self.in_own_format()
        if finer is not None:
            yield Level.STRICT, finer
        least = self.tolerance(Level.ACCUMULATED)
        yield Level.ACCUMULATED, least
        widest = np.maximum(least, self.tolerance(Level.GROSS))
        if self._is_far_beyond(widest) and self._ask(self.systematic, widest):
            yield Level.GROSS, widest
        else:
            yield Level.STRICT, np.maximum(least, self.tolerance(Level.STRICT))
            drifting = self.tolerance(Level.DRIFTING)
            yield Level.DRIFTING, drifting
            widest = np.maximum(drifting, self.tolerance(Level.TEXTBOOK))
            yield Level.TEXTBOOK, widest

    def _at(self, level: Level | None, tolerance: A) -> AtLevel:
        return AtLevel(level, tolerance, compare(self.values, tolerance, self.stated))

    def _ask(self, about: Callable[[A, NDArray[np.bool_]], T], tolerance: A) -> T:
        """An answer about the error, and where it is beyond a tolerance."""
        shares = share_of_tolerance(self._hand, self.values.reference, tolerance)
        return about(self._hand - self.values.reference, shares > 1)

    def _is_far_beyond(self, tolerance: A) -> bool:
        """True where an entry is off by many times what any of the block may be."""
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.abs(self._hand - self.values.reference)
            most = FAR * np.maximum(tolerance, tolerance.mean())
        return bool((error > most).any())
