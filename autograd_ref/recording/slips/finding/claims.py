"""Which wrong step was made: claimed only where it gives the gradient under test, at two points."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.finding.effects import Scored, Seen, close, scored, seen
from autograd_ref.recording.slips.finding.following import followed, gradients_of, with_slips
from autograd_ref.recording.slips.finding.ranks import naturalness
from autograd_ref.recording.slips.finding.turns import in_every_turn
from autograd_ref.recording.slips.finding.two_slips import pairs
from autograd_ref.recording.slips.otherwise.again import altered
from autograd_ref.recording.slips.otherwise.change import Change
from autograd_ref.recording.slips.otherwise.every import likely
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Site
from autograd_ref.reference.model import WrongGradient
from autograd_ref.reference.protocol import Loss
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results

MOST_CONFIRMED = 12
"""Guesses of one effect that are looked at again, the most natural first. Chosen."""

NATURAL = 2.1
"""Where a guess at the first level is so natural, the second is not looked at. Chosen."""

UNNATURAL = 2.5
"""Where a guess is no more natural, a change of the loss may be more so. Chosen."""

PARTIAL = 0.3
"""How much less natural it is that some blocks only are derived so. Chosen."""

ALIKE = 0.02
"""How much less natural a claim may be that is said beside another. Chosen."""

MOST_SAID = 2
"""Claims of one effect that are said at most. Chosen."""

ROOM = 4.0
"""Times the tolerance that what is claimed may be off: both sides round. Chosen."""


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


class Record(Protocol):
    """The way in which a loss is recorded."""

    def __call__(self, loss: Loss, point: Point, right: Results, /, *, apart: bool) -> Steps | None:
        """Return the record; None where it cannot be made."""
        ...


class Search:
    """The search for what gives one wrong gradient.

    Args:
        loss: in PyTorch.
        wrong: the gradient.
        record: how the loss is recorded at a point; None is `followed`.
    """

    def __init__(self, loss: Loss, wrong: WrongGradient, record: Record | None = None) -> None:
        self._loss, self._wrong, self._record = loss, wrong, record or followed
        self._here, self._there = cache(self._first), cache(self._second)
        self._right, self._state = cache(swept), cache(self._seen)
        self._scored = cache(self._tried)
        self._aside: dict[Steps, list[Slip]] = {}

    def claims(self) -> Iterator[SlipClaim]:
        """Yield what gives the gradient at two points, the most natural first."""
        found: list[SlipClaim] = []
        for apart in (False, True):
            steps = self._here(apart)
            if steps is not None and not (apart and self._is_whole(steps)):
                found += self._confirmed(steps, self._single(steps, apart))
            if found and min(claim.rank for claim in found) <= NATURAL:
                break
        if not found or min(claim.rank for claim in found) > UNNATURAL:
            found += self._otherwise()
        if all(claim.guess.only for claim in found):
            found += self._alone()
        yield from _most_natural(found)

    def pairs(self) -> Iterator[SlipClaim]:
        """Yield two slips that give it together, the most natural first."""
        for apart in (False, True):
            steps = self._here(apart)
            if steps is None or (apart and self._is_whole(steps)):
                continue
            state, single = self._state(steps), self._scored(steps)
            for some in pairs(state, single, self._wrong.hand, self._wrong.allowed):
                guesses = [Guess(apart, pair) for pair in some[:MOST_CONFIRMED]]
                found = self._confirmed(steps, guesses)
                if found:
                    yield from _most_natural(found)
                    return

    def _is_whole(self, apart: Steps) -> bool:
        """Return whether a loss has nothing to take apart: both records are one."""
        whole = self._here(False)
        return whole is not None and [n.site for n in whole.tape.nodes] == [
            n.site for n in apart.tape.nodes
        ]

    def _seen(self, steps: Steps) -> Seen:
        return seen(steps, self._wrong.hand, self._wrong.allowed, self._right(steps))

    def _tried(self, steps: Steps) -> Scored:
        return scored(self._state(steps))

    def _single(self, steps: Steps, apart: bool) -> list[Guess]:
        found = self._scored(steps)
        near = self._near(steps, found) or self._in_turns(steps, apart)
        return [Guess(apart, (slip,)) for slip in near[:MOST_CONFIRMED]]

    def _near(self, steps: Steps, found: Scored) -> list[Slip]:
        """The slips of one effect with what is seen; aside those that have it in wrong blocks."""
        state = self._state(steps)
        near = [found.slips[i] for i in close(found, state)]
        if not near and len(state.wrong) < len(self._wrong.hand):
            aside = self._aside.setdefault(steps, [])
            aside += [found.slips[i] for i in close(found, state, of_wrong=True)]
        return sorted(near, key=partial(naturalness, steps.tape))

    def _in_turns(self, steps: Steps, apart: bool) -> list[Slip]:
        for found in in_every_turn(self._state(steps), self._known(apart)):
            near = self._near(steps, found)
            if near:
                return near
        return []

    def _alone(self) -> list[SlipClaim]:
        """The slips that are made in the derivation of the wrong blocks alone."""
        for apart in (False, True):
            steps = self._here(apart)
            if steps is None:
                continue
            near = sorted(self._aside.get(steps, []), key=partial(naturalness, steps.tape))
            wrong = frozenset(self._wrong.wrong)
            guesses = [Guess(apart, (slip,), None, wrong) for slip in near[:MOST_CONFIRMED]]
            found = self._confirmed(steps, guesses)
            if found:
                return found
        return []

    def _known(self, apart: bool) -> frozenset[Site]:
        """The places that were looked at before the record was taken apart."""
        whole = self._here(False) if apart else None
        return frozenset(() if whole is None else whole.tape.turns)

    def _otherwise(self) -> list[SlipClaim]:
        """The changes of the loss of which it is the gradient."""
        known = set[Site]()
        for apart in (False, True):
            steps = self._here(apart)
            if steps is None:
                continue
            wrong = {path: self._wrong.hand[path] for path in self._wrong.wrong}
            found = likely(steps.tape, wrong, frozenset(known))
            known.update(steps.tape.turns)
            changed = self._changed(apart, islice(found, MOST_CONFIRMED))
            claims = self._confirmed(steps, list(changed))
            if claims:
                return claims
        return []

    def _changed(self, apart: bool, changes: Iterable[Change]) -> Iterator[Guess]:
        """Yield the changes in the derivation of all blocks, and in that of the wrong ones only."""
        for change in changes:
            yield Guess(apart, change=change)
            if len(self._wrong.wrong) < len(self._wrong.hand):
                yield Guess(apart, change=change, only=frozenset(self._wrong.wrong))

    def _confirmed(self, steps: Steps, guesses: Sequence[Guess]) -> list[SlipClaim]:
        wrong = self._wrong
        made = self._gradients(steps, guesses, wrong.right)
        found = [
            SlipClaim(guess, steps, gradients)
            for guess, gradients in zip(guesses, made, strict=True)
            if gradients is not None and _gives(gradients, wrong.hand, wrong.allowed)
        ]
        hold = self._hold_there([claim.guess for claim in found])
        return [claim for claim, holds in zip(found, hold, strict=True) if holds]

    def _gradients(
        self, steps: Steps, guesses: Sequence[Guess], right: Results
    ) -> Iterator[Results | None]:
        """Yield the gradient that each guess gives; None where it cannot be made."""
        slips = [guess.slips for guess in guesses if guess.change is None]
        swept = with_slips(steps, slips, self._right(steps).cotangents)
        for guess in guesses:
            if guess.change is None:
                found = next(swept)
            else:
                changed = altered(steps, guess.change)
                found = None if changed is None else gradients_of(changed)
            if found is not None and guess.only:
                found = {**right, **{path: found[path] for path in guess.only}}
            yield found

    def _hold_there(self, guesses: Sequence[Guess]) -> list[bool]:
        """True for each guess that gives the gradient at the second point as well."""
        if not guesses:
            return []
        again, wrong = self._wrong.again(), self._wrong
        if again is None:  # then what is wrong has to tell more than one number
            told = sum(wrong.hand[path].size for path in wrong.wrong)
            return [told > len(guess.slips) or guess.change is not None for guess in guesses]
        _point, hand, right = again
        steps = self._there(guesses[0].apart)
        if steps is None:
            return [False] * len(guesses)
        allowed = {p: wrong.allowed[p] * _grown(right[p], wrong.right[p]) for p in hand}
        found = self._gradients(steps, guesses, right)
        return [one is not None and _gives(one, hand, allowed) for one in found]

    def _first(self, apart: bool) -> Steps | None:
        return self._record(self._loss, self._wrong.point, self._wrong.right, apart=apart)

    def _second(self, apart: bool) -> Steps | None:
        again = self._wrong.again()
        assert again is not None, "without a second point nothing is recorded there"
        return self._record(self._loss, again[0], again[2], apart=apart)


def _most_natural(claims: Sequence[SlipClaim]) -> list[SlipClaim]:
    """The claims that are said: all give the same gradient, so the most natural, or those alike."""
    ranked = sorted(claims, key=lambda claim: claim.rank)
    return [claim for claim in ranked if claim.rank <= ranked[0].rank + ALIKE][:MOST_SAID]


def _gives(found: Results, hand: Results, allowed: Mapping[Path, float]) -> bool:
    """Return whether gradients are those under test, to rounding."""
    return all(
        found[path].shape == hand[path].shape
        and bool(np.isfinite(found[path]).all())  # or the room that is allowed had no end
        and float(np.abs(found[path] - hand[path]).max(initial=0.0))
        <= ROOM * allowed[path] * _grown(found[path], hand[path])
        for path in hand
    )


def _grown(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """How much larger one array is than another, at least 1."""
    size = float(np.abs(two).max(initial=0.0))
    return max(1.0, float(np.abs(one).max(initial=0.0)) / size) if size else 1.0
