"""Which wrong step was made: claimed only where it gives the gradient under test, at two points."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Protocol

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.finding.effects import close, scored
from autograd_ref.recording.slips.finding.following import followed
from autograd_ref.recording.slips.finding.guesses import (
    ALIKE,
    Guess,
    SlipClaim,
    gives,
    grown,
    most_natural,
    of_all_samples,
)
from autograd_ref.recording.slips.finding.ranks import naturalness
from autograd_ref.recording.slips.finding.seen import Seen, bytes_of_moves, seen
from autograd_ref.recording.slips.finding.turns import in_every_turn
from autograd_ref.recording.slips.finding.two_slips import pairs
from autograd_ref.recording.slips.otherwise.every import likely
from autograd_ref.recording.slips.slip import Slip
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
        return found

    def both(self) -> list[SlipClaim]:
        """Return all pairs of slips that give the gradient together."""
        for apart in (False, True):
            steps = self._here(apart)
            state = None if steps is None else self._seen(steps)
            if steps is None or state is None or (apart and self._is_whole(steps)):
                continue
            two = pairs(state, self._wrong.hand, self._wrong.allowed)
            guesses = (Guess(apart, pair) for pair in islice(two, MOST_CONFIRMED))
            found = self._confirmed(steps, guesses)
            if found:
                return found
        return []

    def _by_few_samples(self, how: Callable[["Search"], list[SlipClaim]]) -> list[SlipClaim] | None:
        """The claims that hold on a few samples of a large record, and on all of them.

        None where the record is not large, or the mistake does not show on a few.
        """
        whole, wrong = self._here(False), self._wrong
        numbers = 0 if whole is None else whole.tape.numbers
        few = wrong.on_few_samples(10 * LARGE / numbers) if numbers >= LARGE else None
        if few is None or set(few.wrong) != set(wrong.wrong):
            return None
        with self._budget.on(" on a few samples"):
            claims = how(Search(self._loss, few._replace(budget=self._budget), self._record))
        found: list[SlipClaim] = []
        for claim in sorted(claims, key=lambda claim: claim.rank):
            if found and claim.rank > found[0].rank + ALIKE:  # each costs a sweep over all samples
                break
            steps = self._here(claim.guess.apart)
            found += [] if steps is None else islice(self._as_on_all(claim.guess, steps), 1)
        return found

    def _as_on_all(self, guess: Guess, steps: Steps) -> Iterator[SlipClaim]:
        """Yield what was guessed on a few samples, as it gives the gradient on all of them."""
        return self._given(steps, (guess, *of_all_samples(guess, steps, self._wrong.hand)))

    def _seen(self, steps: Steps) -> Seen | None:
        """What is to be explained; None where that would take too much memory."""
        wrong, budget = self._wrong, self._budget
        if budget.is_spent() or not budget.allows(bytes_of_moves(steps.tape, wrong.hand)):
            return None
        return seen(steps, wrong.hand, wrong.allowed, budget)

    def _is_whole(self, apart: Steps) -> bool:
        """Return whether a loss has nothing to take apart: both records are one."""
        whole = self._here(False)
        return whole is not None and [n.site for n in whole.tape.nodes] == [
            n.site for n in apart.tape.nodes
        ]

    def _single(self, steps: Steps, apart: bool) -> Iterator[Guess]:
        state = self._seen(steps)
        if state is None:
            return
        found = scored(state)
        near = [found.slips[i] for i in close(found, state.target, state.room)]
        near.sort(key=lambda slip: naturalness(steps.tape, slip))
        near = near or _in_turns(state)
        yield from (Guess(apart, (slip,)) for slip in near[:MOST_CONFIRMED])

    def _otherwise(self) -> list[SlipClaim]:
        """The changes of the loss of which it is the gradient."""
        known = set[Site]()
        for apart in (False, True):
            steps = self._here(apart)
            if steps is None:
                continue
            found = likely(steps.tape, self._wrong.hand, frozenset(known), self._budget)
            known.update(steps.tape.turns)
            guesses = (Guess(apart, change=change) for change in islice(found, MOST_CONFIRMED))
            claims = self._confirmed(steps, guesses)
            if claims:
                return claims
        return []

    def _confirmed(self, steps: Steps, guesses: Iterable[Guess]) -> list[SlipClaim]:
        """The guesses that give the gradient at both points."""
        return [one for one in self._given(steps, guesses) if self._holds_there(one.guess)]

    def _given(self, steps: Steps, guesses: Iterable[Guess]) -> Iterator[SlipClaim]:
        """Yield the guesses that give the gradient here."""
        for guess in guesses:
            gradients = guess.gradients(steps)
            if gradients is not None and gives(gradients, self._wrong.hand, self._wrong.allowed):
                yield SlipClaim(guess, steps, gradients)

    def _holds_there(self, guess: Guess) -> bool:
        """True where a guess gives the gradient at the second point as well."""
        again, wrong = self._wrong.again(), self._wrong
        if again is None:  # then what is wrong has to tell more than one number
            return sum(wrong.hand[path].size for path in wrong.wrong) > len(guess.slips) or (
                guess.change is not None
            )
        _point, hand, right = again
        steps = self._there(guess.apart)
        found = None if steps is None else guess.gradients(steps)
        if found is None:
            return False
        allowed = {p: wrong.allowed[p] * grown(right[p], wrong.right[p]) for p in hand}
        return gives(found, hand, allowed)

    def _first(self, apart: bool) -> Steps | None:
        return self._record(self._loss, self._wrong.point, self._wrong.right, apart=apart)

    def _second(self, apart: bool) -> Steps | None:
        again = self._wrong.again()
        assert again is not None, "without a second point nothing is recorded there"
        return self._record(self._loss, again[0], again[2], apart=apart)


def _in_turns(state: Seen) -> list[Slip]:
    for found in in_every_turn(state):
        near = close(found, state.target, state.room)
        if near:
            return [found.slips[i] for i in near]
    return []
