"""Values of earlier arguments that a function uses in a later call: stale caches.

The function is called with other arguments after the first ones. It keeps something of these if it
is wrong, and would be right if it were called with the others first; if it is wrong in arrays that
it has seen with other contents, and right in new ones; or if it is right for a reference that is
given the earlier arguments. What is kept, and told apart by its values, shows in none of these.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np

from autograd_ref.calls.call import Call, Gradients, called
from autograd_ref.calls.trial import Trial
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.state.fresh import as_new
from autograd_ref.observe.state.repeatability import changes
from autograd_ref.report.data import Note, listed
from autograd_ref.tree.leaf import as_array, is_numeric, is_tensor, like
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.point import Point, own_copy, with_other_parameters
from autograd_ref.user_code import Raised, attempt

EARLIER = "uses earlier values"

OTHERWISE = 1.0625
"""The factor by which numbers that go with the data are changed, to see that what is right for the
earlier data was not learned from them. Chosen."""

CALLS = 5
"""The calls of a function, the later ones among them, after which it might do something else."""

KEPT = (
    "Called {said}, after the first calls, it goes on using the earlier {names}, and is wrong;"
    " called with the other ones first, it is right. Something computed from {names} is kept, and"
    " not made anew where the values change."
)
KEPT_FOR_THE_OTHERS = (
    "Called {said} directly after a call with the earlier {names}, it goes on using these; after"
    " calls with other arguments it is right. What it keeps is not made anew for other {names}."
)
KEPT_BY_IDENTITY = (
    "Called {said} in the arrays of an earlier call, it goes on using the earlier {names}; in new"
    " arrays it is right. What it keeps is told apart by which array it is, and not by the values"
    " in it."
)
FROM_ELSEWHERE = (
    "Called {said}, it goes on using the earlier {names}: its gradient is right for these, and not"
    " for the ones given. They are kept from an earlier call, or come from somewhere else than the"
    " arguments, such as a global. Where the function is meant to hold its data itself, leave them"
    " out of the arguments."
)


def earlier_values(trial: Trial, fresh: Gradients, visited: Sequence[Observation]) -> list[Note]:
    """The note about the first place at which earlier values are used; empty where none are.

    Args:
        trial: what was called first.
        fresh: the function as it was before that; it is not called itself.
        visited: the later calls.
    """
    alive: list[object] = []
    for there in visited:
        same = there.trial.subject is trial.subject
        if same and there.finite and there.trial.point is not trial.point:
            place = _Place(trial, fresh, there, alive)
            text = place.kept_by_the_others() if place.is_right else place.kept_by_state()
            if text:
                return [Note(EARLIER, text)]
    return []


class _Place(NamedTuple):
    """A later call, and the one before it."""

    trial: Trial
    fresh: Gradients
    there: Observation
    alive: list[object]
    """The arguments of all calls: another array would get the identity of one that is gone."""

    @property
    def is_right(self) -> bool:
        """True where the later call is right to half of its digits."""
        return self.there.is_near(self.paths, loss=True)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of all blocks."""
        return tuple(leaves(self.trial.point.parameters))

    @property
    def said(self) -> str:
        """How it was called."""
        parameters = 0 in self.changed
        return "with other parameters" if parameters else "with other data"

    @property
    def changed(self) -> tuple[int, ...]:
        """The places of the arguments that are other ones there; that of the parameters is 0."""
        pairs = zip(_arguments(self.trial.point), _arguments(self.there.trial.point), strict=True)
        return tuple(i for i, (old, new) in enumerate(pairs) if not _equal(old, new))

    def kept_by_the_others(self) -> str:
        """The text about what is kept until other arguments, or the arrays, are other ones."""
        alive = self.alive
        subject, before = self.trial.subject, self.trial.point
        seed = self.trial.options.seed + 1
        another = with_other_parameters(self.there.trial.point, seed)

        def right(point: Point) -> Call:
            alive.append(called(subject, another))  # what is kept of the last call alone is gone
            alive.append(call := called(subject, point))
            return call

        for text, fill in ((KEPT_FOR_THE_OTHERS, _new), (KEPT_BY_IDENTITY, _filled)):
            stale = partial(called, _directly_after(subject, before, fill, alive))
            if self._differs(stale) and not self._differs(right):
                return self._told(text, self._which(stale, right))
        return ""

    def kept_by_state(self) -> str:
        """The text about what is kept whatever the arguments are."""
        later, first = partial(called, self.trial.subject), self._first
        call = attempt(partial(first, self.there.trial.point))
        if not isinstance(call, Raised):
            renewed = Observation(self.there.trial, call, repeatable=True)
            if renewed.is_near(self.paths, loss=True):
                return self._told(KEPT, self._which(later, first))
        return self._told(FROM_ELSEWHERE, self._right_for())

    def _differs(self, way: Callable[[Point], Call]) -> bool:
        """True where another way of calling does not give what the later call gave."""
        return _differ(way, lambda _point: self.there.call, self.there.trial.point)

    def _first(self, point: Point) -> Call:
        """A call of the function as it was before all others: the last of some, if it counts."""
        function = as_new(self.fresh)
        return [called(function, point) for _call in range(CALLS)][-1]

    def _which(self, stale: Callable[[Point], Call], right: Callable[[Point], Call]) -> list[int]:
        """The arguments that show it by themselves; all, where none does."""
        before, after = self.trial.point, self.there.trial.point
        alone = [i for i in self.changed if _differ(stale, right, _mixed(before, after, {i}))]
        return alone or list(self.changed)

    def _right_for(self) -> Collection[int]:
        """The arguments whose earlier values make the reference what was returned."""
        after = _with_others(self.there.trial.point, self.changed)
        if 0 in self.changed or after is None:
            return ()
        call = attempt(partial(called, self.trial.subject, after))
        if isinstance(call, Raised) or self._agrees(call, after) is not False:
            return ()
        tried = [{i} for i in self.changed]
        for kept in tried if len(tried) == 1 else [*tried, set(self.changed)]:
            if self._agrees(call, _mixed(after, self.trial.point, kept)):
                return kept
        return ()

    def _agrees(self, call: Call, point: Point) -> bool | None:
        """True where a call is right for these arguments, in what is wrong; None if unknown."""
        exact = attempt(partial(self.trial.reference.evaluate, point))
        if isinstance(exact, Raised):
            return None
        seen = Observation(self.trial._replace(point=point, exact=exact), call, repeatable=True)
        wrong = [path for path in self.paths if not self.there.is_near((path,), loss=False)]
        shows = not wrong or any(exact.gradients[path].any() for path in wrong)
        return shows and seen.is_near(wrong, loss=not self.there.is_near((), loss=True))

    def _told(self, text: str, places: Collection[int]) -> str:
        if not places:
            return ""
        names = listed([f"data[{i - 1}]" if i else "parameters" for i in sorted(places)])
        return text.format(said=self.said, names=names)


def _directly_after(
    subject: Gradients, before: Point, fill: Callable[[Any, Any], object], alive: list[object]
) -> Gradients:
    """The function, called with the arguments before first.

    Parameters are new arrays in any case: those of a call before were written into already.
    """

    def again(*arguments: Any) -> object:
        alive.extend((used := own_copy(before), arguments))
        arrays = leaves(_arguments(used))
        subject(used.parameters, *used.data)
        return subject(*rebuilt(arguments, lambda path, x: fill(arrays[path], x) if path[0] else x))

    return again


def _new(_used: object, values: object) -> object:
    """The values in an array of their own."""
    return values


def _filled(used: Any, values: Any) -> object:
    """An array with other values in it; the other one, where that cannot be."""
    if is_tensor(used):
        used.detach().copy_(values)
    elif isinstance(used, np.ndarray):
        used[...] = values
    return cast("object", used) if _equal(cast("object", used), values) else values


def _differ(one: Callable[[Point], Call], other: Callable[[Point], Call], point: Point) -> bool:
    """True where two ways of calling a function give different gradients."""
    calls = attempt(lambda: (one(point), other(point)))
    return not isinstance(calls, Raised) and bool(changes(*calls))


def _arguments(point: Point) -> tuple[Any, ...]:
    return (point.parameters, *point.data)


def _mixed(before: Point, after: Point, later: Collection[int]) -> Point:
    """The arguments before, but for some, which are those after."""
    pairs = enumerate(zip(_arguments(before), _arguments(after), strict=True))
    parameters, *data = (new if i in later else old for i, (old, new) in pairs)
    return Point(parameters, tuple(data))


def _with_others(point: Point, changed: Collection[int]) -> Point | None:
    """The point, with a factor for the data that are not changed; None where they allow none.

    What is handed over beside the data may be computed from them, and they were rearranged.
    """

    def multiplied(_path: Path, leaf: object) -> object:
        values = as_array(leaf) if is_numeric(leaf) else None
        if values is None or values.dtype.kind != "f":
            return leaf
        return like(leaf, np.asarray(values * OTHERWISE).astype(values.dtype))

    others = [item for i, item in enumerate(point.data, 1) if i not in changed]
    kept = [leaf for leaf in leaves(others).values() if not isinstance(leaf, bool | str)]
    if not all(is_numeric(leaf) and as_array(leaf).dtype.kind == "f" for leaf in kept):
        return None
    items = enumerate(point.data, 1)
    return point._replace(
        data=tuple(item if i in changed else rebuilt(item, multiplied) for i, item in items)
    )


def _equal(one: object, other: object) -> bool:
    """True where two nests hold the same values."""
    pairs: Iterator[tuple[Any, Any]] = zip(
        leaves(one).values(), leaves(other).values(), strict=True
    )
    return all(a is b or _same(a, b) for a, b in pairs)


def _same(one: object, other: object) -> bool:
    a, b = as_array(one), as_array(other)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")
