"""All facts about a check: every call of the function under test, beside the reference."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain

from autograd_ref.calls.trial import Trial
from autograd_ref.independent.consistency import contradiction
from autograd_ref.observe.elsewhere import (
    OTHER_PARAMETERS,
    Elsewhere,
    Place,
    RaisedElsewhere,
    called_in_place,
    loss_at,
    observed_at,
    other_places,
    unlike_multiples,
)
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.side_effects import side_effects
from autograd_ref.observe.state.earlier import earlier_values
from autograd_ref.observe.state.fresh import as_new
from autograd_ref.observe.state.repeatability import changes, same_bits
from autograd_ref.observe.weaknesses import not_looked_at, weaknesses
from autograd_ref.report.data import IndependentCheck, Note
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import own_copy
from autograd_ref.user_code import attempt
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
        places = list(other_places(trial))
        places[:1] = [place._replace(value=loss_at(place, trial)) for place in places[:1]]
        # as an optimiser does: the loss at a point, and then its gradient
        _ = attempt(partial(trial.reference.value, trial.point))
        self.first, last = trial.call(), trial.call()
        self.again = last._replace(given=own_copy(last.given))
        self._places = [*(called_in_place(place, last) for place in places[:1]), *places[1:]]
        self.changes = changes(self.first, self.again)
        self.here = Observation(trial, self.first, repeatable=not self.changes)
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
        kept = [one.kept for one in self._visited if one.kept is not None]
        effects = side_effects((self.trial, self.first), later)
        return [*self.changes, *self.earlier_values, *effects, *kept]

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
