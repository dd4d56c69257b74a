"""The search for the way in which somebody's code is called, by trying on small problems."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from autograd_ref.adapting.calling.all_programs import programs_of
from autograd_ref.adapting.calling.candidates_in_code import (
    ORDER,
    Candidate,
    entries,
)
from autograd_ref.adapting.calling.programs import data_forms, sample_forms
from autograd_ref.adapting.calling.trying import Attempted, SmallProblem, tried
from autograd_ref.adapting.nearness import Near, nearest_network, right_first
from autograd_ref.adapting.sizes_in_code import USUAL, Sizes, own_sizes, stated_sizes
from autograd_ref.adapting.undisturbed import left_as_it_was
from autograd_ref.user_code import worded


class SearchOutcome(NamedTuple):
    """The result of a search."""

    best: Near | None
    ties: tuple[Near, ...]
    """Other ways in which it is as right."""
    failures: tuple[Attempted, ...]
    """The first of each kind."""
    tries: int


class Wanted(NamedTuple):
    """The function, sizes and arguments that are known before a search."""

    name: str = ""
    """The name of the function, the class or Class.method that is meant; empty for any."""
    sizes: tuple[tuple[int, ...], ...] = ()
    """The sizes of the network, where they are given: no others are tried."""
    given: Mapping[str, str] = {}
    """Values for arguments, by name."""


def search(
    thing: object, problem: Callable[[Sizes], SmallProblem], wanted: Wanted
) -> SearchOutcome:
    """Find the way to call somebody's code for a gradient.

    Sizes that stand in the code are tried alone; else the usual ones, and those that its arrays
    have.

    Args:
        thing: a function, a method, a class, an instance or a module.
        problem: makes the small problem of given sizes.
        wanted: what is known.
    """
    named = wanted.name
    found = [
        one
        for one in entries(thing)
        if not named or one.name == named or one.name.startswith(f"{named}.")
    ]
    stated = wanted.sizes or stated_sizes(thing)
    sizes = stated or USUAL
    with left_as_it_was(thing):
        return _searched(found, problem, wanted, sizes)


def _searched(
    found: Sequence[Candidate],
    problem: Callable[[Sizes], SmallProblem],
    wanted: Wanted,
    sizes: Sequence[Sizes],
) -> SearchOutcome:
    """The way to call the first of the entries that has one, the likeliest first."""
    failures: list[Attempted] = []
    tries = 0
    best: Near | None = None
    for rank in range(len(ORDER) + 1):
        for entry in [one for one in found if one.rank == rank]:
            own = () if wanted.sizes else own_sizes(entry, problem, wanted.given)
            for inside in dict.fromkeys((*sizes, *own)):
                nearest, more, count = _of_entry(entry, problem(inside), wanted.given)
                failures += more
                tries += count
                if nearest and (best is None or right_first(nearest[0]) < right_first(best)):
                    best = nearest[0]
                if nearest and nearest[0].is_right:
                    return SearchOutcome(nearest[0], tuple(nearest[1:]), _told(failures), tries)
                if nearest:
                    break
        if best is not None:
            break
    return SearchOutcome(best, (), _told(failures), tries)


def _of_entry(
    entry: Candidate, problem: SmallProblem, given: Mapping[str, str]
) -> tuple[list[Near], list[Attempted], int]:
    """The nearest gradient of an entry, with its ties; a batch before single samples."""
    failures: list[Attempted] = []
    count = 0
    labels = problem.Y.ndim == 1
    for data in ([*data_forms(labels=labels)], [*sample_forms(labels=labels)]):
        near: list[Near] = []
        for programs in programs_of(entry, problem, data, given):
            stopped: dict[str, Place] = {}
            for program in programs:
                count += 1
                one = tried(program, problem)
                near += [nearest_network(program, read, problem) for read in one.reads]
                if not one.reads:
                    failures.append(one)
                    stopped.setdefault(program.data.X, place_of(one.error))
                if (
                    len(stopped) == 2
                    and None not in stopped.values()
                    and len(set(stopped.values())) == 1
                ):
                    break  # where no form of X gets further, none of Y does
            right = [one for one in near if one.is_right]
            if right:
                return right, failures, count
        if near:
            return [min(near, key=right_first)], failures, count
    return [], failures, count


Place = tuple[str, int] | None


def place_of(error: Exception | None) -> Place:
    """Return the innermost line that an exception left; None where there is none.

    Args:
        error: the exception.
    """
    last = error.__traceback__ if error is not None else None
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return None if last is None else (last.tb_frame.f_code.co_filename, last.tb_lineno)


def _told(failures: Iterable[Attempted]) -> tuple[Attempted, ...]:
    """The failures, the first of each kind: it was called in the plainest way."""
    kinds: dict[tuple[str, str | None], Attempted] = {}
    for one in failures:
        kinds.setdefault((one.program.entry.name, one.error and worded(one.error)), one)
    return tuple(kinds.values())
