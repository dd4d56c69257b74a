"""All facts about a check: every call of the function under test, beside the reference."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain

from autograd_ref.calls.call import Call
from autograd_ref.calls.trial import Trial
from autograd_ref.independent.consistency import contradiction
from autograd_ref.observe.elsewhere import (
    OTHER_PARAMETERS,
    Elsewhere,
    Place,
    RaisedElsewhere,
    observed_at,
    other_places,
    unlike_multiples,
    with_call_in_place,
)
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.side_effects import side_effects
from autograd_ref.observe.state.earlier import earlier_values
from autograd_ref.observe.state.fresh import as_new
from autograd_ref.observe.state.repeatability import changes, memoryless, same_bits
from autograd_ref.observe.weaknesses import not_looked_at, weaknesses
from autograd_ref.report.data import IndependentCheck, Note
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import own_copy
from autograd_ref.verdict.facts import Asked


class Observed:
    """The facts about one check; what has to be computed is computed once, when asked for.

    Args:
        trial: what is checked, against what, and where; the function is called twice.
        more_places: where to call it besides at other parameters and with other data.
    """

    def __init__(self, trial: Trial, more_places: Sequence[Place] = ()) -> None:
        self.trial = trial
        self._fresh = as_new(trial.subject)
        self.first, self.again, self._kept = _two_calls(trial)
        self.changes = changes(self.first, self.again)
        self.here = Observation(trial, self.first, repeatable=not self.changes)
        self._places = list(other_places(trial))
        if self._places:
            last = self.again
            self.again = last._replace(given=own_copy(last.given))
            self._places[0] = with_call_in_place(self._places[0], last)
        self._more_places = more_places
        self._visited: list[Elsewhere] = []
        self.raised: list[RaisedElsewhere] = []
        self.second: Observation | None = None
        if not same_bits(self.first, self.again):
            self.second = Observation(trial, self.again, repeatable=not self.changes)

    @property
    def contradicted(self) -> bool:
        """True where the reference is not the derivative of its own loss."""
        return self.contradiction is not None

    @cached_property
    def contradiction(self) -> IndependentCheck | None:
        """The numbers that show it."""
        return contradiction(self.trial) if self.trial.reference.given else None

    def elsewhere(self, asked: Asked) -> Iterator[Elsewhere]:
        """The calls at other places, each made when it is taken.

        A function that keeps something from call to call shows it in the next one: what is asked
        about one place has to be asked before the call at the following.
        """
        uneven = unlike_multiples(self.trial) if asked.zero else ()
        places = chain(self._places, uneven, self._more_places)
        for one in observed_at(places, self.trial, repeatable=not self.changes, asked=asked):
            if isinstance(one, Elsewhere):
                self._visited.append(one)
                yield one
            else:
                self.raised.append(one)

    @property
    def findings(self) -> list[Note]:
        """How the function behaves, beside what it returns, over all calls made so far."""
        elsewhere = [(one.trial, one.call) for one in self._visited]
        later = [(self.trial, self.again), *elsewhere]
        kept = [*self._kept, *(note for one in self._visited for note in one.kept)]
        effects = side_effects((self.trial, self.first), later)
        return list(dict.fromkeys([*self.changes, *self.earlier_values, *effects, *kept]))

    @cached_property
    def earlier_values(self) -> list[Note]:
        """The notes about a later call that used the arguments of an earlier one.

        None where no two calls are alike, and of operations, whose inputs are made anew.
        """
        if self.changes or self._more_places:
            return []
        return earlier_values(self.trial, self._fresh, self._visited)

    @property
    def seen_once(self) -> bool:
        """True where the function raised with all other parameters that it was called with."""
        with_others = [one.said for one in self._visited if one.said == OTHER_PARAMETERS]
        raised = any(one.said == OTHER_PARAMETERS and one.binding for one in self.raised)
        return raised and not with_others

    def weaknesses(self, decided: Collection[Path]) -> list[Note]:
        """The notes about the loss at this point, and about the check.

        Args:
            decided: the blocks that were decided elsewhere, whatever they are here.
        """
        trial = self.here.trial
        return [*trial.exact.notes, *weaknesses(trial, self.first.answer, decided)]

    @property
    def not_checked(self) -> list[Note]:
        """The notes about all that the check did not look at."""
        trial = self.here.trial
        return [*not_looked_at(trial), *trial.exact.unseen]


def _two_calls(trial: Trial) -> tuple[Call, Call, list[Note]]:
    """Two calls with equal arguments; right ones, where they only are so right after the loss."""
    first, again = trial.call(), trial.call()
    of_caller = trial.reference.given or trial.reference.blind
    if not of_caller or not same_bits(first, again) or _is_right(trial, first):
        return first, again, []
    found, kept = memoryless(trial, first, partial(_is_right, trial))
    return (found, trial.call(), kept) if kept else (first, again, [])


def _is_right(trial: Trial, call: Call) -> bool:
    return Observation(trial, call, repeatable=True).is_near(tuple(trial.exact.gradients), loss=True)
