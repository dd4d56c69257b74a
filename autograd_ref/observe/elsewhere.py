"""Calls at other points: with other parameters, with other data, in other arrangements."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from autograd_ref.calls.call import Call, Gradients, called
from autograd_ref.calls.stated.points import projected
from autograd_ref.calls.trial import Trial
from autograd_ref.independent.consistency import contradiction
from autograd_ref.independent.one_direction import agrees_along
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.state.repeatability import BY_IDENTITY, BY_THE_LOSS, same_bits
from autograd_ref.reference.choose import quiet
from autograd_ref.reference.differences.walls import HIGH, is_wall
from autograd_ref.reference.directional import moved
from autograd_ref.reference.protocol import Evaluation
from autograd_ref.report.data import Cause, Note
from autograd_ref.tree.in_place import rewritten
from autograd_ref.tree.inside import entry_by_entry, inside_sets, special_sets, unevenly_smaller
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Point, own_copy, with_other_data, with_other_parameters
from autograd_ref.user_code import Raised, attempt
from autograd_ref.verdict.facts import Asked

OTHER_PARAMETERS = "with other parameters"


class Place(NamedTuple):
    """Somewhere else to call the function under test."""

    said: str
    """How it is called there: "with other parameters"."""
    subject: Gradients
    point: Point
    binding: bool = True
    """True where a mismatch is one of the function; otherwise it is a warning."""
    sets: Mapping[str, str] = {}
    """The sets that parameters are in at the point of the check, and not there, by their names."""
    must_run: bool = False
    """True where no function may refuse to be called like this."""
    value: float | None = None
    """The loss of the reference there, where it was called already."""
    cause: Callable[[Sequence[Path]], Cause | None] | None = None
    """The cause that the way of the call is, of the blocks that are wrong there and right here."""
    made: Call | None = None
    """The call, where it was made already, with arrays that held the point of the check before."""
    given: bool = False
    """True where the caller gave the point: judged to the last digit, as the first one is."""


class Elsewhere(Observation):
    """A call at another place, and the facts about it."""

    def __init__(
        self, place: Place, trial: Trial, call: Call, *, repeatable: bool, kept: Note | None = None
    ) -> None:
        super().__init__(trial, call, repeatable=repeatable)
        self.said, self.binding, self.sets = place.said, place.binding, place.sets
        self.cause, self.given = place.cause, place.given
        self.kept = kept
        """The finding about what is kept from call to call, where that made it wrong at first."""

    @property
    def contradicted(self) -> bool:
        """True where the reference is not the derivative of its own loss there."""
        return self.trial.reference.given and contradiction(self.trial) is not None


class RaisedElsewhere(NamedTuple):
    """A call at another place that raised."""

    said: str
    error: Exception
    must_run: bool = False
    binding: bool = True


class Undefined(NamedTuple):
    """A point that the caller gave, where the reference has no finite value."""

    said: str
    value: float


def other_places(trial: Trial) -> Generator[Place]:
    """At the points that are given, with other parameters, and with other data, where wanted.

    Data that are not known to be samples may not be rearranged as one likes: a function that is
    wrong then is told of, and not accused. Neither is one that is wrong off a set that the
    parameters are in.
    """
    if trial.reference.copies is not None:
        yield from _copied(trial, other_places)
        return
    for i, point in enumerate(trial.further):
        said = f"at the point at[{i}]"
        yield Place(said, trial.subject, point, must_run=True, given=True)
    if not trial.options.elsewhere:
        return
    yield from _with_other_parameters(trial)
    rearranged = with_other_data(trial.point)
    if rearranged is not None:
        binding = trial.reference.exchangeable
        yield Place("with other data", trial.subject, rearranged, binding)


def _copied(trial: Trial, places: Callable[[Trial], Iterable[Place]]) -> Generator[Place]:
    """The places of the parameters that are copied, each with the copies of its own."""
    copies = trial.reference.copies
    assert copies is not None, "its parameters are copies"
    x = copies.first(trial.point.parameters)
    once = trial._replace(
        point=Point(x, trial.point.data), reference=trial.reference._replace(copies=None)
    )
    for place in places(once):
        parameters, data = place.point
        yield place._replace(point=Point(copies.of(parameters), data))


def _with_other_parameters(trial: Trial) -> Generator[Place]:
    point, (seed, project) = trial.point, (trial.options.seed, trial.options.project)
    elsewhere = trial.options.elsewhere
    back, name = (project, "project") if project is not None else (elsewhere, "elsewhere")
    if not isinstance(back, bool):
        inside = projected(back, entry_by_entry(point, seed), name)
        yield Place(OTHER_PARAMETERS, trial.subject, inside)
        return
    inside = inside_sets(point, seed)
    if inside is not None:
        yield Place(OTHER_PARAMETERS, trial.subject, inside)
    sets = special_sets(point)
    outside = with_other_parameters(point, seed)
    yield Place(OTHER_PARAMETERS, trial.subject, outside, not sets, sets)


def loss_at(place: Place, trial: Trial) -> float:
    """The loss of the reference at a place; NaN where it is not defined."""
    if place.value is not None:
        return place.value
    if place.point is trial.point:
        return trial.exact.loss
    value = attempt(partial(trial.reference.value, place.point))
    return np.nan if isinstance(value, Raised) else value


def in_place(subject: Gradients, point: Point, last: Call) -> tuple[Call, Call | None]:
    """The last call with arguments of its own, and one with its arrays, as an optimiser makes it.

    Between the two there is no other call: neither of the function, nor of a loss that it shares
    with what it keeps. None where the arrays cannot hold the point, or the function raises.
    """
    settled = last._replace(given=own_copy(last.given))
    given = rewritten(last.given, own_copy(point))
    if given is None:
        return settled, None
    with quiet():
        made = attempt(partial(called, subject, point, given))
    return settled, None if isinstance(made, Raised) else made


def unlike_multiples(trial: Trial) -> Generator[Place]:
    """With other parameters that are no multiples: of some losses the gradient is zero at these."""
    if trial.reference.copies is not None:
        yield from _copied(trial, unlike_multiples)
    elif trial.options.elsewhere and trial.options.project is None:
        sets = special_sets(trial.point)
        point = unevenly_smaller(trial.point, trial.options.seed)
        yield Place(OTHER_PARAMETERS, trial.subject, point, not sets, sets)


def observed_at(
    places: Iterable[Place],
    trial: Trial,
    *,
    repeatable: bool,
    asked: Asked,
) -> Generator[Elsewhere | RaisedElsewhere | Undefined]:
    """The calls at all places where the loss of the reference is defined.

    Args:
        places: where to call.
        trial: what is called, and what it is compared with.
        repeatable: False where the function answers the same question differently.
        asked: the blocks about which a call elsewhere could still tell something.
    """
    for place in places:
        here = place.point is trial.point
        value = loss_at(place, trial)
        if not np.isfinite(value):
            if place.given:
                yield Undefined(place.said, value)
            continue
        if not (here or place.given) and _is_behind_a_wall(trial, place.point, value):
            continue
        call = place.made or attempt(partial(called, place.subject, place.point))
        if isinstance(call, Raised):
            yield RaisedElsewhere(place.said, call.error, place.must_run, place.binding)
            continue
        there = trial._replace(subject=place.subject, point=place.point)
        observed = partial(Elsewhere, place, call=call, repeatable=repeatable)
        if here:
            yield observed(there)
            continue
        cheap = Evaluation(value, {}, trial.exact.tolerances)
        if not place.given and observed(there._replace(exact=cheap)).is_near((), loss=True):
            exact = attempt(partial(_evaluated, there, call, cheap, asked))
        else:
            exact = attempt(partial(trial.reference.evaluate, place.point))
        if not isinstance(exact, Raised):
            found = observed(there._replace(exact=exact))
            if place.made is not None and repeatable:
                found = _without_memory(found, place, asked, trial.point)
            yield found


def _without_memory(found: Elsewhere, place: Place, asked: Asked, before: Point) -> Elsewhere:
    """The call elsewhere, or one that is right where it was answered by what is kept."""
    trial = found.trial

    if found.is_near(asked.blocks, loss=True):
        return found
    others = ((before, BY_IDENTITY), (trial.point, BY_THE_LOSS))
    for last_of_loss, kept in others:
        if kept is BY_THE_LOSS:  # what the function itself keeps of that is no help here
            _ = attempt(trial._replace(point=before).call)
        _ = attempt(partial(trial.reference.value, last_of_loss))
        fresh = attempt(trial.call)
        if isinstance(fresh, Raised) or same_bits(fresh, found.call):
            continue
        another = Elsewhere(place, trial, fresh, repeatable=True, kept=kept)
        if another.is_near(asked.blocks, loss=True):
            return another
    return found


def _is_behind_a_wall(trial: Trial, point: Point, value: float) -> bool:
    """True where the loss is a penalty: the parameters given are at a bound, and these beyond."""
    before, after = (leaves(one.parameters) for one in (trial.point, point))
    way = {p: as_array(leaf).astype("f8") - as_array(before[p]) for p, leaf in after.items()}

    def towards(part: float) -> float:
        found = attempt(lambda: trial.reference.value(moved(trial.point, way, part)))
        return value if isinstance(found, Raised) else found

    return is_wall(towards, trial.exact.loss, value, HIGH * abs(trial.exact.loss))


def _evaluated(there: Trial, call: Call, cheap: Evaluation, asked: Asked) -> Evaluation:
    """The reference at another place: the loss alone, where nothing is left to be asked about.

    Or where its gradient is dear, and agrees along one direction.
    """
    reference, (blocks, undecided, _zero) = there.reference, asked
    along_is_enough = reference.blind and not undecided
    if not blocks or (along_is_enough and agrees_along(there, call.answer, blocks)):
        return cheap
    return reference.evaluate(there.point)
