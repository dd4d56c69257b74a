"""All facts about a check: every call of the function under test, beside the reference."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain

import numpy as np

from autograd_ref.calls.trial import Trial
from autograd_ref.independent.consistency import contradiction
from autograd_ref.observe.elsewhere import (
    OTHER_PARAMETERS,
    Elsewhere,
    Place,
    RaisedElsewhere,
    Undefined,
    in_place,
    loss_at,
    observed_at,
    other_places,
    unlike_multiples,
)
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.side_effects import Made, side_effects
from autograd_ref.observe.state.earlier import earlier_values
from autograd_ref.observe.state.fresh import as_new
from autograd_ref.observe.state.repeatability import BY_IDENTITY, changes, same_bits
from autograd_ref.observe.weaknesses import not_looked_at, weaknesses
from autograd_ref.report.data import IndependentCheck, Note
from autograd_ref.tree.nest import Path
from autograd_ref.user_code import Raised, attempt
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
        self.first, self.again = trial.call(), trial.call()
        self.changes = changes(self.first, self.again)
        self._kept, self._later = list[Note](), list[Made]()
        self._places = self._with_first_in_place(places)
        self.here = Observation(trial, self.first, repeatable=not self.changes)
        self._more_places = more_places
        self._visited: list[Elsewhere] = []
        self._undefined: list[Undefined] = []
        self.raised: list[RaisedElsewhere] = []
        self.second: Observation | None = None
        if not same_bits(self.first, self.again):
            self.second = Observation(trial, self.again, repeatable=not self.changes)

    def _with_first_in_place(self, places: list[Place]) -> list[Place]:
        """The places; the first with a call in the arrays of the last one, and then one back here.

        An array that is kept without a copy equals itself, whatever it holds: that shows in the
        call that comes back, where this is not the array that was kept first.
        """
        if not places or not np.isfinite(loss_at(places[0], self.trial)):
            return places
        subject, here = self.trial.subject, self.trial.point
        self.again, there = in_place(subject, places[0].point, self.again)
        if there is None:
            return places
        there, back = in_place(subject, here, there)
        self._later.append((self.trial._replace(point=places[0].point), there))
        if back is not None:
            self._later.append((self.trial, back))
            if not self.changes and changes(self.first, back) and self._is_right_anew(places[0]):
                self._kept.append(BY_IDENTITY)
        return [places[0]._replace(made=there), *places[1:]]

    def _is_right_anew(self, place: Place) -> bool:
        """True where a call with new arrays, after one at another place, returns the same again."""
        _ = attempt(self.trial._replace(point=place.point).call)
        fresh = attempt(self.trial.call)
        return not isinstance(fresh, Raised) and not changes(self.first, fresh)

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
            elif isinstance(one, Undefined):
                self._undefined.append(one)
            else:
                self.raised.append(one)

    @property
    def findings(self) -> list[Note]:
        """How the function behaves, beside what it returns, over all calls made so far."""
        elsewhere = [(one.trial, one.call) for one in self._visited]
        later = [(self.trial, self.again), *self._later, *elsewhere]
        found = [one.kept for one in self._visited if one.kept is not None]
        kept = dict.fromkeys([*self._kept, *found])
        effects = side_effects((self.trial, self.first), later)
        return [*self.changes, *(kept or self.earlier_values), *effects]

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
        """True where the function raised with all other parameters that it was called with.

        Not where the caller makes errors of warnings.
        """
        seen = any(one.said == OTHER_PARAMETERS for one in self._visited)
        raised = [one for one in self.raised if one.said == OTHER_PARAMETERS and one.binding]
        return not seen and any(not isinstance(one.error, Warning) for one in raised)

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
        undefined = [
            Note("no value", f"the gradient {one.said}, where the reference's loss is {one.value}")
            for one in self._undefined
        ]
        return [*not_looked_at(trial), *undefined, *trial.exact.unseen]
