"""Guesses of what is wrong, and whether they give the gradient under test."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.following import gradients_of, with_slips
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.finding.ranks import NUMBERS, naturalness
from autograd_ref.recording.slips.otherwise.again import altered
from autograd_ref.recording.slips.otherwise.change import Change
from autograd_ref.recording.slips.rules.amounts import Amount, amounts, factor
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.tape import Ref
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Results

Cotangents = Mapping[Ref, Tensor]
Made = Iterator[Results | None]

PARTIAL = 0.3
"""How much less natural it is that some blocks only are derived so. Chosen."""

ALIKE = 0.02
"""How much less natural a claim may be that is said beside another. Chosen."""

MOST_SAID = 2
"""Claims of one effect that are said at most. Chosen."""

ROOM = 4.0
"""Times the tolerance that what is claimed may be off: both sides round. Chosen."""

FITTED = 1e-6
"""How far a fitted number may be off. Chosen: what is claimed is then compared to rounding."""

TWICE = factor(Amount(2.0, "2", 0.0))


class Guess(NamedTuple):
    """Slips, or a change of the loss."""

    apart: bool
    """True where the record has composite operations taken apart."""
    slips: tuple[Slip, ...] = ()
    change: Change | None = None
    only: frozenset[Path] = frozenset()
    """The blocks that are derived so, each in a derivation of its own; empty for all."""


class SlipClaim(NamedTuple):
    """A guess that gives the gradient under test, and the record that it is made on."""

    guess: Guess
    steps: Steps
    gradients: Results

    @property
    def rank(self) -> float:
        """How natural it is; the lower, the more."""
        slips, change = self.guess.slips, self.guess.change
        tape = self.steps.tape
        in_some = PARTIAL if self.guess.only else 0.0
        rank = sum(naturalness(tape, slip) for slip in slips)
        return rank + (change.rank if change else 0) + in_some


def made(steps: Steps, guesses: Sequence[Guess], right: Results, back: Cotangents) -> Made:
    """Yield the gradient that each guess gives; None where it cannot be made.

    Args:
        steps: of the record.
        guesses: made on it.
        right: the right gradient.
        back: the right derivatives by all values.
    """
    swept = with_slips(steps, [guess.slips for guess in guesses if guess.change is None], back)
    for guess in guesses:
        if guess.change is None:
            found = next(swept)
        else:
            changed = altered(steps, guess.change)
            found = None if changed is None else gradients_of(changed)
        if found is not None and guess.only:
            found = {**right, **{path: found[path] for path in guess.only}}
        yield found


def most_natural(claims: Sequence[SlipClaim]) -> list[SlipClaim]:
    """The claims that are said: all give the same gradient, so the most natural, or those alike."""
    ranked = sorted(claims, key=lambda claim: claim.rank)
    return [claim for claim in ranked if claim.rank <= ranked[0].rank + ALIKE][:MOST_SAID]


def of_all_samples(guess: Guess, steps: Steps, hand: Results) -> Iterator[Guess]:
    """Yield a guess that was made on a few samples as it is on all: with the sizes that are there.

    Args:
        guess: of a number that is wrong; of others there is nothing else to be said.
        steps: of the record of all samples.
        hand: the gradient under test.
    """
    if len(guess.slips) != 1 or guess.slips[0].rule.name not in NUMBERS or guess.slips[0].other:
        return
    (slip,) = guess.slips
    hand = {path: hand[path] for path in guess.only or hand}
    once, twice = with_slips(steps, [(), (slip._replace(rule=TWICE),)], {})
    more = [twice[path] - once[path] for path in hand]
    along = sum(float((m * (hand[p] - once[p])).sum()) for m, p in zip(more, hand, strict=True))
    number = 1 + along / (sum(float((m * m).sum()) for m in more) or 1.0)
    fitting = (a for a in amounts(steps.tape) if abs(a.value - number) <= FITTED * abs(number))
    yield from (guess._replace(slips=(slip._replace(rule=factor(a)),)) for a in fitting)


def gives(found: Results, hand: Results, allowed: Mapping[Path, float]) -> bool:
    """Return whether gradients are those under test, to rounding."""
    return all(
        found[path].shape == hand[path].shape
        and bool(np.isfinite(found[path]).all())  # or the room that is allowed had no end
        and float(np.abs(found[path] - hand[path]).max(initial=0.0))
        <= ROOM * allowed[path] * grown(found[path], hand[path])
        for path in hand
    )


def grown(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """How much larger one array is than another, at least 1."""
    size = float(np.abs(two).max(initial=0.0))
    return max(1.0, float(np.abs(one).max(initial=0.0)) / size) if size else 1.0
