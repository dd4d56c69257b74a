"""The facts that verdicts follow from: types only; none of them holds a verdict."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.data import Side
from autograd_ref.tree.nest import Path


class Comparison(NamedTuple):
    """One quantity under test beside its reference, at one tolerance."""

    shape: tuple[int, ...]
    dtype: str
    form: str = ""
    """Why no value can be compared: it is missing, or of another shape or dtype."""
    not_finite: str = ""
    """Where it is not finite, though the reference is."""
    unknown: str = ""
    """Where the reference itself is not known."""
    share: float | None = None
    """The largest error / tolerance of all entries; None where no entry can be compared."""
    shares: NDArray[np.float64] | None = None
    """Error / tolerance, entry by entry."""
    size: float | None = None
    """The largest absolute value of the reference."""
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    tolerance: float | None = None
    allowed: float | None = None
    """The largest tolerance of all entries."""
    worst_index: tuple[int, ...] | None = None
    hand: float | None = None
    reference: float | None = None
    cosine: float | None = None
    norm_ratio: float | None = None
    resolution: float | None = None
    """These as in `Block`."""
    kink: str = ""
    """Where the loss has a kink, as it is said of the entries; empty where it has none."""
    coarsest: float = 0.0
    """A resolution beyond this shows nothing."""

    @property
    def beyond(self) -> bool:
        """True where an entry is further off than its tolerance."""
        return self.share is not None and self.share > 1


class Alone(NamedTuple):
    """A comparison without facts about noise, kinks or symmetry."""

    comparison: Comparison
    lost_digits: Comparison | None = None
    scatters: bool = False
    right_wider: bool = False
    between_slopes: bool = False
    outside_slopes: bool = False
    across: str = ""
    along_set: bool = False
    zero_everywhere: bool = False
    in_float64: "QuantityFacts | None" = None
    mistaken_in_float64: bool = False
    stays_nearby: bool = False


class QuantityFacts(Protocol):
    """The loss, or the gradient by one parameter, as one call returned it."""

    @property
    def comparison(self) -> Comparison:
        """At the first level of tolerance that explains the error, or at the widest."""
        ...

    @property
    def lost_digits(self) -> Comparison | None:
        """The comparison with formulas that keep their digits, where only others explain it."""
        ...

    @property
    def scatters(self) -> bool:
        """True where the error is only noise, and takes more than half the digits."""
        ...

    @property
    def right_wider(self) -> bool:
        """True where it is right in a wider number format, and off by no more than it rounds to."""
        ...

    @property
    def between_slopes(self) -> bool:
        """True where every entry that is off lies between the slopes of a kink."""
        ...

    @property
    def outside_slopes(self) -> bool:
        """True where it is no mixture of the gradients beside a kink; asked where there is one."""
        ...

    @property
    def across(self) -> str:
        """The part that is right, where it is off across a set of its parameter only; or empty."""
        ...

    @property
    def along_set(self) -> bool:
        """True where it is compared along the set that the caller gives, and differs across it."""
        ...

    @property
    def zero_everywhere(self) -> bool:
        """True where its terms cancel, here and elsewhere: the parameter has no effect."""
        ...

    @property
    def in_float64(self) -> "QuantityFacts | None":
        """The quantity in float64; None where it was so already, or could not be called so."""
        ...

    @property
    def mistaken_in_float64(self) -> bool:
        """True where the error is the same in float64, and systematic there: no rounding inside."""
        ...

    @property
    def stays_nearby(self) -> bool:
        """True where the error is systematic in its own format: a mistake, or sums that drift."""
        ...


class CallFacts(Protocol):
    """One call of the function under test, beside the reference at the same point."""

    @property
    def loss(self) -> QuantityFacts | None:
        """None where the function returns no loss."""
        ...

    @property
    def blocks(self) -> Mapping[Path, QuantityFacts]:
        """One for every parameter."""
        ...

    def contradicted_side(self, blocks: Collection[Path], *, loss: bool) -> Side | None:
        """The side that numerical derivatives along the difference of these blocks contradict.

        None where there is nothing to compare: no finite values in these blocks, and no loss.
        """
        ...


class PlaceFacts(CallFacts, Protocol):
    """A call at another point, or with other arrangements of the same values."""

    @property
    def said(self) -> str:
        """How it was called: "with other parameters"."""
        ...

    @property
    def binding(self) -> bool:
        """True where a mismatch is one of the function; otherwise it is a warning."""
        ...

    @property
    def given(self) -> bool:
        """True where the caller gave the point: it is judged to the last digit."""
        ...

    @property
    def contradicted(self) -> bool:
        """True where the reference is not the derivative of its own loss there."""
        ...

    def is_near(self, blocks: Collection[Path], *, loss: bool) -> bool:
        """True where half of their digits are right: nothing was kept from another call.

        Args:
            blocks: those that are asked about.
            loss: whether the loss is.
        """
        ...

    @property
    def finite(self) -> bool:
        """True where all that was returned is finite."""
        ...


class Asked(NamedTuple):
    """The blocks that calls elsewhere are to tell about."""

    blocks: Collection[Path]
    """Blocks that are not wrong here."""
    undecided: bool
    """True where some of them show nothing here, so that what they are elsewhere decides."""
    zero: bool = False
    """True where some of these are zero here, to within their tolerance."""


class TrialFacts(Protocol):
    """All calls of one check."""

    @property
    def here(self) -> CallFacts:
        """The first call."""
        ...

    @property
    def second(self) -> CallFacts | None:
        """A second call with equal arguments; None where it returned the same bits."""
        ...

    @property
    def contradicted(self) -> bool:
        """True where the reference is not the derivative of its own loss."""
        ...

    def elsewhere(self, asked: Asked, /) -> Iterable[PlaceFacts]:
        """Calls at other points, each made when it is taken; about what is still to be decided."""
        ...
