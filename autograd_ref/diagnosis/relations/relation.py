"""Mistakes that can be made in any gradient: how a wrong block comes from the right one.

A relation looks at one block. What it claims is a pair of arrays: the gradient under test,
corrected, and what it then has to equal to rounding.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.tree.nest import Path
from manual_backprop.parameters import Parameters

FEWEST = 3
"""Entries from which a number may be fitted: one is always right, and two may be each other's
opposites."""


Places = tuple[tuple[str, ...], ...]
WEIGHTS, BIASES = ("W0", "W1"), ("b0", "b1")
EACH_WEIGHT: Places = (("W0",), ("W1",))
EACH_BIAS: Places = (("b0",), ("b1",))
EVERYWHERE: Places = (Parameters._fields,)


class Close(Protocol):
    """Whether two arrays of a block's size are equal to rounding."""

    def __call__(self, one: A, two: A, coarser: float = 1.0) -> bool:
        """In an arithmetic whose unit is so much coarser."""
        ...


class Around(NamedTuple):
    """One block of the right gradient, and what a mistake in it could have used instead."""

    right: A
    parameter: A
    others: Mapping[Path, A]
    """The right gradients of the other blocks."""
    samples: int
    """In the batch; 0 where there is none."""
    counts: dict[str, int]
    """Other numbers that one might divide by."""
    each: Callable[[], A | None]
    """The gradient of every sample, divided by their number: (S, ...); None where it cannot be
    told apart."""
    close: Close
    unit: float
    """The unit roundoff of the number format that the gradient should be in."""
    earlier: A | None = None
    """What was right in an earlier call, with other arguments; None where there was none."""


class Way(NamedTuple):
    """What a mistake makes of a block."""

    block: A
    detail: str = ""
    """In which way, for the explanation."""


class Claim(NamedTuple):
    """That a block is wrong in a certain way."""

    mine: A
    """The gradient under test, or what can be made of it."""
    right: A
    """What that has to equal."""
    detail: str = ""
    """Which one, or how much, for the explanation."""
    coarser: float = 1.0
    """By how much the unit of rounding is coarser than it needs to be, where that is the claim."""
    weak: bool = False
    """Whether it holds of so few entries that it needs another block of which the same is so."""


@dataclass(frozen=True)
class Relation:
    """A way for a block to be wrong."""

    name: str
    what: str
    """As the end of a sentence: your W0 is ...; with {} for the detail."""
    fix: str
    claim: Callable[[A, Around], Claim | None]
    """None where it cannot be this, by shape or numbers; else it is for others to compare."""
    ways: Callable[[Around], Iterable[Way]]
    """The blocks that the mistake can make; none where it cannot be made."""
    wipes: bool = False
    """Whether nothing is left of the right gradient, so that another mistake cannot be seen."""
    places: Places = EVERYWHERE
    """In which blocks of the assignment's network people make it."""
    hides: str = ""
    """Where it makes no difference, in a few words."""


def plain(
    name: str,
    what: str,
    fix: str,
    wrong: Callable[[Around], A | None],
    places: Places = EVERYWHERE,
    *,
    wipes: bool = False,
    hides: str = "",
) -> Relation:
    """One that fits no number: what it makes is to be compared."""

    def ways(around: Around) -> Iterable[Way]:
        found = wrong(around)
        return () if found is None else (Way(found),)

    return Relation(name, what, fix, one_of(ways), ways, wipes, places, hides)


def one_of(ways: Callable[[Around], Iterable[Way]]) -> Callable[[A, Around], Claim | None]:
    """The claim that a block is what the mistake makes, in one of the ways."""

    def claim(hand: A, around: Around) -> Claim | None:
        for block, detail in ways(around):
            if hand.shape == block.shape and around.close(hand, block):
                return Claim(hand, block, detail)
        return None

    return claim


def fits(relation: Relation, hand: A, around: Around) -> Claim | None:
    """What a relation claims, where it is so to rounding."""
    claim = relation.claim(hand, around)
    if claim is None or claim.mine.shape != claim.right.shape:
        return None
    return claim if around.close(claim.mine, claim.right, claim.coarser) else None
