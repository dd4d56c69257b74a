"""Which wrong step was made: claimed only where it gives the gradient under test, at two points."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property, partial
from itertools import chain, islice
from typing import Protocol

from autograd_ref.recording.following import followed
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.finding.effects import Scored, close, scored
from autograd_ref.recording.slips.finding.guesses import (
    ALIKE,
    Guess,
    SlipClaim,
    gives,
    grown,
    made,
    most_natural,
    of_all_samples,
)
from autograd_ref.recording.slips.finding.ranks import naturalness
from autograd_ref.recording.slips.finding.rates import updated_weights
from autograd_ref.recording.slips.finding.seen import Seen, bytes_of_moves, seen
from autograd_ref.recording.slips.finding.turns import in_every_turn
from autograd_ref.recording.slips.finding.two_slips import pairs
from autograd_ref.recording.slips.otherwise.change import Change
from autograd_ref.recording.slips.otherwise.every import likely
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Site
from autograd_ref.reference.effort.budget import LARGE, Budget
from autograd_ref.reference.model import WrongGradient
from autograd_ref.reference.protocol import Loss
from autograd_ref.tree.point import Point, Results

MOST_CONFIRMED = 12
"""Guesses of one effect that are looked at again, the most natural first. Chosen."""

NATURAL = 2.1
"""Where a guess at the first level is so natural, the second is not looked at. Chosen."""

UNNATURAL = 2.5
"""Where a guess is no more natural, a change of the loss may be more so. Chosen."""


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
        self._budget = wrong.budget or Budget()

    def claims(self) -> Iterator[SlipClaim]:
        """Yield what gives the gradient at two points, the most natural first."""
        with self._budget.running():
            found = self._by_few_samples(Search.singles)
            found = self.singles() if found is None else found
        yield from most_natural(found)

    def pairs(self) -> Iterator[SlipClaim]:
        """Yield two slips that give it together, the most natural first."""
        with self._budget.running():
            found = self._by_few_samples(Search.both)
            found = self.both() if found is None else found
        yield from most_natural(found)

    def singles(self) -> list[SlipClaim]:
        """Return all single steps, and changes of the loss, that give the gradient."""
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
        return found or self._updated()

    def both(self) -> list[SlipClaim]:
        """Return all pairs of slips that give the gradient together."""
        for apart in (False, True):
            steps = self._here(apart)
            state = None if steps is None else self._state(steps)
            if steps is None or state is None or (apart and self._is_whole(steps)):
                continue
            single = self._scored(steps)
            for some in pairs(state, single, self._wrong.hand, self._wrong.allowed):
                guesses = [Guess(apart, pair) for pair in some[:MOST_CONFIRMED]]
                found = self._confirmed(steps, guesses)
                if found:
                    return found
        return []

    def _by_few_samples(self, how: Callable[["Search"], list[SlipClaim]]) -> list[SlipClaim] | None:
        """The claims that hold on a few samples of a large record, and on all of them.

        None where the record is not large, or the mistake does not show on a few.
        """
        if self._of_few is None:
            return None
        with self._budget.on(" on a few samples"):
            claims = how(self._of_few)
        found: list[SlipClaim] = []
        for claim in sorted(claims, key=lambda claim: claim.rank):
            like = not found or claim.rank <= found[0].rank + ALIKE
            steps = self._here(claim.guess.apart) if like else None  # each costs a sweep over all
            found += [] if steps is None else islice(self._as_on_all(claim.guess, steps), 1)
        return found

    @cached_property
    def _of_few(self) -> "Search | None":
        """The search on a few samples, in the time of this one."""
        whole, wrong = self._here(False), self._wrong
        numbers = 0 if whole is None else whole.tape.numbers
        few = wrong.on_few_samples(10 * LARGE / numbers) if numbers >= LARGE else None
        if few is None or set(few.wrong) != set(wrong.wrong):
            return None
        return Search(self._loss, few._replace(budget=self._budget), self._record)

    def _as_on_all(self, guess: Guess, steps: Steps) -> Iterator[SlipClaim]:
        """Yield what was guessed on a few samples, as it gives the gradient on all of them."""
        for one in chain((guess,), of_all_samples(guess, steps, self._wrong.hand)):
            yield from self._given(steps, [one])

    def _is_whole(self, apart: Steps) -> bool:
        """Return whether a loss has nothing to take apart: both records are one."""
        whole = self._here(False)
        return whole is not None and [n.site for n in whole.tape.nodes] == [
            n.site for n in apart.tape.nodes
        ]

    def _seen(self, steps: Steps) -> Seen | None:
        """The difference to be explained; None where that takes too much time or memory."""
        wrong, budget = self._wrong, self._budget
        if budget.is_spent() or not budget.allows(bytes_of_moves(steps.tape, wrong.hand)):
            return None
        return seen(steps, wrong.hand, wrong.allowed, budget, (None, self._right(steps)))

    def _single(self, steps: Steps, apart: bool) -> list[Guess]:
        state = self._state(steps)
        if state is None:
            return []
        near = self._near(state, self._scored(steps)) or self._in_turns(state, apart)
        return [Guess(apart, (slip,)) for slip in near[:MOST_CONFIRMED]]

    def _tried(self, steps: Steps) -> Scored:
        state = self._state(steps)
        assert state is not None, "asked before"
        return scored(state)

    def _near(self, state: Seen, found: Scored) -> list[Slip]:
        """The slips of one effect with what is seen; aside those that have it in wrong blocks."""
        near = [found.slips[i] for i in close(found, state)]
        if not near:
            aside = self._aside.setdefault(state.steps, [])
            aside += [found.slips[i] for i in close(found, state, of_wrong=True)]
        return sorted(near, key=partial(naturalness, state.steps.tape))

    def _in_turns(self, state: Seen, apart: bool) -> list[Slip]:
        for found in in_every_turn(state, self._known(apart)):
            near = self._near(state, found)
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

    def _updated(self) -> list[SlipClaim]:
        """The weights that were updated before what comes back through them was computed."""
        for apart in (False, True):
            steps = self._here(apart)
            if steps is None:
                continue
            right = self._right(steps).cotangents
            guesses = updated_weights(steps, self._wrong, right, self._budget, apart=apart)
            found = self._confirmed(steps, [*guesses])
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
            found = likely(steps.tape, wrong, frozenset(known), self._budget)
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
        """The guesses that give the gradient at both points."""
        found = self._given(steps, guesses)
        hold = self._hold_there([claim.guess for claim in found])
        return [claim for claim, holds in zip(found, hold, strict=True) if holds]

    def _given(self, steps: Steps, guesses: Sequence[Guess]) -> list[SlipClaim]:
        """The guesses that give the gradient here."""
        wrong = self._wrong
        found = made(steps, guesses, wrong.right, self._right(steps).cotangents)
        return [
            SlipClaim(guess, steps, gradients)
            for guess, gradients in zip(guesses, found, strict=True)
            if gradients is not None and gives(gradients, wrong.hand, wrong.allowed)
        ]

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
        allowed = {p: wrong.allowed[p] * grown(right[p], wrong.right[p]) for p in hand}
        found = made(steps, guesses, right, self._right(steps).cotangents)
        return [one is not None and gives(one, hand, allowed) for one in found]

    def _first(self, apart: bool) -> Steps | None:
        return self._record(self._loss, self._wrong.point, self._wrong.right, apart=apart)

    def _second(self, apart: bool) -> Steps | None:
        again = self._wrong.again()
        assert again is not None, "without a second point nothing is recorded there"
        return self._record(self._loss, again[0], again[2], apart=apart)
