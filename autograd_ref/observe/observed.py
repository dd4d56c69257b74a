"""All facts about a check: every call of the function under test, beside the reference."""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain

from autograd_ref.calls.trial import Trial
from autograd_ref.independent.consistency import contradiction
from autograd_ref.observe.elsewhere import (
    Elsewhere,
    Place,
    RaisedElsewhere,
    observed_at,
    other_places,
)
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.repeatability import changes, same_bits
from autograd_ref.observe.side_effects import side_effects
from autograd_ref.observe.weaknesses import weaknesses
from autograd_ref.report.data import IndependentCheck, Note


class Observed:
    """The facts about one check; what has to be computed is computed once, when asked for.

    Args:
        trial: what is checked, against what, and where; the function is called twice.
        more_places: where to call it besides at other parameters and with other data.
    """

    def __init__(self, trial: Trial, more_places: Sequence[Place] = ()) -> None:
        self.trial, self.more_places = trial, more_places
        self.first, self.again = trial.call(), trial.call()
        self.changes = changes(self.first, self.again)
        self.here = Observation(trial, self.first, repeatable=not self.changes)
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

    @property
    def elsewhere(self) -> list[Elsewhere]:
        """The calls at other places that returned."""
        return [one for one in self._elsewhere if isinstance(one, Elsewhere)]

    @property
    def raised(self) -> list[RaisedElsewhere]:
        """The calls at other places that raised."""
        return [one for one in self._elsewhere if isinstance(one, RaisedElsewhere)]

    @property
    def findings(self) -> list[Note]:
        """How the function behaves, beside what it returns."""
        later = [self.again, *(one.call for one in self.elsewhere)]
        return [*self.changes, *side_effects(self.first, later, self.trial.point)]

    @property
    def weaknesses(self) -> list[Note]:
        """The notes about the loss at this point, and about the check."""
        trial = self.trial
        return [
            *trial.exact.notes,
            *weaknesses(trial.point, trial.exact, self.first.answer),
        ]

    @cached_property
    def _elsewhere(self) -> list[Elsewhere | RaisedElsewhere]:
        places = chain(other_places(self.trial), self.more_places)
        return list(observed_at(places, self.trial, repeatable=not self.changes))
