"""The answer as data: what was found in each block, what follows, and what to know about it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["match", "mismatch", "inconclusive"]

Side = Literal["hand", "losses", "reference", "kink", "undecided"]


class Block(NamedTuple):
    """One quantity, as two sides have it; None is what cannot be said of it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    reason: str
    """Why it is no match; empty where it is one."""
    max_abs_error: float | None = None
    """The largest absolute difference; None where shapes, dtypes or non-finite values forbid it."""
    max_rel_error: float | None = None
    """The same, relative to the largest absolute value of the reference."""
    share: float | None = None
    """Error / tolerance at worst_index, the largest of the block; 1 is allowed."""
    tolerance: float | None = None
    """The absolute difference that rounding explains at worst_index."""
    worst_index: tuple[int, ...] | None = None
    """Where error / tolerance is largest, or the first value that is not finite."""
    hand: float | None = None
    """The value under test at worst_index."""
    reference: float | None = None
    """The reference at worst_index."""
    cosine: float | None = None
    """The cosine of the angle between the two, as vectors."""
    norm_ratio: float | None = None
    """The Euclidean norm under test, divided by that of the reference."""
    resolution: float | None = None
    """The largest error within the tolerances, relative to the reference, in Euclidean norms of the
    block: what this much agreement leaves room for. It is inf where the reference is zero."""


class Note(NamedTuple):
    """Something to know beside the verdict."""

    kind: str
    """A few fixed words, for programs and tests."""
    text: str
    """One or two sentences, for people."""


class Slope(NamedTuple):
    """A numerical derivative of a loss along the disagreement."""

    value: float
    accuracy: float


class IndependentCheck(NamedTuple):
    """Numerical derivatives of the losses along the difference of two gradients.

    The numbers are directional derivatives along one unit vector, that of the difference.
    """

    side: Side
    """Who is at fault: the hand gradient, the losses (two different functions), the reference."""
    explanation: str
    hand: float
    """The gradient under test along the direction."""
    reference: float
    """The reference gradient along the direction."""
    hand_loss: Slope | None
    """The numerical slope of the hand side's own loss, where it has one."""
    reference_loss: Slope | None


class Cause(NamedTuple):
    """A mistake that explains what is wrong: corrected for it, the gradient agrees to rounding."""

    kind: str
    """A few fixed words; of two mistakes together, both, with a + between them."""
    blocks: tuple[str, ...]
    """Those that it explains."""
    explanation: str
    fix: str
    before: float | None
    """The largest difference in these blocks, relative to the largest entry of the reference; None
    where the shapes differ."""
    residual: float
    """The same, corrected."""


class Hidden(NamedTuple):
    """A mistake that would not have shown."""

    title: str
    why: str
    """When that is so, where it is known: S = 1."""


class Power(NamedTuple):
    """Which mistakes of the catalogue a check could have shown, had they been made."""

    visible: tuple[str, ...]
    hidden: tuple[Hidden, ...]

    def __str__(self) -> str:
        """As a sentence."""
        count = len(self.visible) + len(self.hidden)
        if not self.hidden:
            return f"All {count} known mistakes that can be made here would have shown."
        names = [h.title + (f" (hidden where {h.why})" if h.why else "") for h in self.hidden]
        return (
            f"Of {count} known mistakes that can be made here, {len(self.visible)} would have"
            f" shown; not: {listed(names, most=20)}."
        )


@dataclass(frozen=True, eq=False)
class ReportData:
    """What a check found."""

    blocks: tuple[Block, ...]
    """One for every parameter, in the order of the parameters."""
    loss: Block | None = None
    """The loss, where the function under test returns one."""
    reference: str = "autograd"
    """What the gradient was compared with, in a few words."""
    findings: tuple[Note, ...] = ()
    """Side effects of the function under test: what it changes, shares, keeps, or draws."""
    warnings: tuple[Note, ...] = ()
    """Weaknesses of the check itself, and lost digits."""
    witness: IndependentCheck | None = None
    """The independent check by numerical derivatives, made where two gradients differ."""
    causes: tuple[Cause, ...] = ()
    """Each explains all that is explained, the simplest first; of several, any may be it."""
    intermediates: tuple[Block, ...] = ()
    """z1, a1, z2, y_hat, e2 and delta1, as far as the function returns them, in this order; they
    do not count for the verdict."""
    pattern: tuple[Note, ...] = ()
    """Which entries and samples are wrong in blocks without a known cause, and what that rules
    out."""
    shares: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, Any])
    """For every block that can be compared: error / tolerance, per entry; 1 is allowed."""
    measure: Callable[[], Power] | None = None
    """Works out `power`; None for a model whose mistakes nobody has listed."""

    @property
    def power(self) -> Power | None:
        """Which known mistakes this problem could have shown; worked out at each call."""
        return None if self.measure is None else self.measure()

    @property
    def verdict(self) -> Verdict:
        """Over the loss and all blocks: mismatch before inconclusive before match."""
        return overall(block.verdict for block in self.quantities)

    @property
    def quantities(self) -> tuple[Block, ...]:
        """The loss, where there is one, and the blocks."""
        return self.blocks if self.loss is None else (self.loss, *self.blocks)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Mismatch before inconclusive before match."""
    found = set(verdicts)
    if "mismatch" in found:
        return "mismatch"
    return "inconclusive" if "inconclusive" in found else "match"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names as a sentence has them: a, b and c; of very many, the number of the others."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
