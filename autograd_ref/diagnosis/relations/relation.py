"""Mistakes that can be made in any gradient: how a wrong block comes from the right one.

A relation looks at one block. What it claims is a pair of arrays: the gradient under test,
corrected, and what it then has to equal to rounding.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from autograd_ref.tree.nest import Path

Array = NDArray[Any]

FEWEST = 3
"""Entries from which a number may be fitted: one is always right, and two may be each other's
opposites."""


class Close(Protocol):
    """A comparison of two arrays of a block's size: whether they are equal to rounding."""

    def __call__(self, one: Array, two: Array, coarser: float = 1.0) -> bool:
        """Compare in an arithmetic whose unit is coarser by this factor."""
        ...


class Around(NamedTuple):
    """One block of the right gradient, and what a mistake in it could have used instead."""

    right: Array
    parameter: Array
    others: Mapping[Path, Array]
    """The right gradients of the other blocks."""
    samples: int
    """The size of the batch; 0 where there is none."""
    counts: Mapping[str, int]
    """Other numbers that one might divide by."""
    each: Callable[[], Array | None]
    """The gradient of every sample, divided by their number: (S, ...); None where it cannot be
    separated."""
    close: Close
    unit: float
    """The unit roundoff of the number format that the gradient should be in."""
    earlier: Array | None = None
    """The right block in an earlier call, with other arguments; None where there was none."""


class Variant(NamedTuple):
    """A block as a mistake makes it."""

    block: Array
    detail: str = ""
    """In which way, for the explanation."""


class Claim(NamedTuple):
    """A claim that a block is wrong in a certain way."""

    mine: Array
    """The gradient under test, or what can be made of it."""
    right: Array
    """The block that it has to equal."""
    detail: str = ""
    """Which one, or how much, for the explanation."""
    coarser: float = 1.0
    """By how much the unit of rounding is coarser than it needs to be, where that is the claim."""
    weak: bool = False
    """True where it holds of so few entries that another block has to show it as well."""


@dataclass(frozen=True)
class Relation:
    """A way for a block to be wrong."""

    name: str
    what: str
    """As the end of a sentence: your W is ...; with {} for the detail."""
    fix: str
    claim: Callable[[Array, Around], Claim | None]
    """None where it cannot be this, by shape or numbers; else it is for others to compare."""
    variants: Callable[[Around], Iterable[Variant]]
    """The blocks that the mistake can make; none where it cannot be made."""
    wipes: bool = False
    """True where nothing is left of the right gradient, so that no other mistake can be seen."""
    hides: str = ""
    """Where it makes no difference, in a few words."""


def plain(
    name: str,
    what: str,
    fix: str,
    wrong: Callable[[Around], Array | None],
    *,
    wipes: bool = False,
    hides: str = "",
) -> Relation:
    """Return a relation that fits no number: the block that it makes is compared."""

    def variants(around: Around) -> Iterable[Variant]:
        found = wrong(around)
        return () if found is None else (Variant(found),)

    return Relation(name, what, fix, one_of(variants), variants, wipes, hides)


def one_of(
    variants: Callable[[Around], Iterable[Variant]],
) -> Callable[[Array, Around], Claim | None]:
    """Return the claim that a block is one of these variants."""

    def claim(hand: Array, around: Around) -> Claim | None:
        for block, detail in variants(around):
            if hand.shape == block.shape and around.close(hand, block):
                return Claim(hand, block, detail)
        return None

    return claim


def fits(relation: Relation, hand: Array, around: Around) -> Claim | None:
    """Return a relation's claim, where it holds to rounding."""
    claim = relation.claim(hand, around)
    if claim is None or claim.mine.shape != claim.right.shape:
        return None
    return claim if around.close(claim.mine, claim.right, claim.coarser) else None
