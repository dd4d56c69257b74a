"""The search for the way in which somebody's code is called, by trying on small problems."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from autograd_ref.adapting.by_name.function_names import PART
from autograd_ref.adapting.calling.all_programs import programs_of
from autograd_ref.adapting.calling.candidates_in_code import ORDER, Candidate
from autograd_ref.adapting.calling.entries_in_code import entries
from autograd_ref.adapting.calling.filling.data_forms import DataForm, data_forms, sample_forms
from autograd_ref.adapting.calling.filling.global_data import names_read_by
from autograd_ref.adapting.calling.problem_to_try import SmallProblem
from autograd_ref.adapting.calling.readings import RETURNED
from autograd_ref.adapting.calling.trying import Attempted, kind_without_inputs, tried
from autograd_ref.adapting.nearness import Near, itself_first, nearest_network, right_first
from autograd_ref.adapting.passes.several_updates import is_repeated, trains
from autograd_ref.adapting.sizes_in_code import USUAL, Sizes, own_sizes, stated_sizes
from autograd_ref.adapting.undisturbed import left_as_it_was
from autograd_ref.user_code import worded

MOST_TRIES = 20_000
"""Tries after which no further function is tried. Chosen: most are found in a hundred."""

FEW = 3
"""Forms of Y that may all be of a wrong shape. Chosen: there are six."""

OF_NUMBERS = (1, 1)
"""The sizes of a network of one weight: nothing tells it from a matrix that is multiplied so."""

MOST_OF_ONE = 5_000
"""Tries after which a function is left for the next, if there is one. Chosen."""

LIKELY = 0.9
"""The mean cosine of a gradient that is one, though wrong: nothing further is called. Chosen."""


LIKE = 0.6
"""The mean cosine of what may be a gradient, though no name says so. Chosen."""


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

    Where what is meant cannot be called by itself, as it takes what others keep or what a loss
    gives, it is what calls it. Sizes that stand in the code are tried alone; else the usual ones,
    and those that its arrays have.

    Args:
        thing: a function, a method, a class, an instance or a module.
        problem: makes the small problem of given sizes.
        wanted: what is known.
    """
    every = [*entries(thing)]
    found = [one for one in every if one.is_meant(wanted.name)]
    around = [one for one in every if one not in found and one.calls(wanted.name)]
    sizes = wanted.sizes or stated_sizes(thing) or USUAL
    with left_as_it_was(thing):
        itself = _searched(found, problem, wanted, sizes)
        if not around or (itself.best is not None and _is_enough(itself.best)):
            return itself
        outer = _searched(around, problem, wanted, sizes)
    mine, theirs = itself.best, outer.best
    is_better = theirs and (mine is None or right_first(theirs) < right_first(mine))
    return outer if is_better else itself


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
    ranked = sorted(((one.rank, one) for one in found), key=lambda pair: pair[0])
    for _rank, alike in groupby(ranked, key=lambda pair: pair[0]):
        for _rank, entry in alike:
            own = () if wanted.sizes else own_sizes(entry, problem, wanted.given)
            first = [one for one in own if one == OF_NUMBERS or _are_read(entry, one)]
            is_last = entry is ranked[-1][1]
            end = MOST_TRIES if is_last else min(MOST_TRIES, tries + MOST_OF_ONE)
            for inside in dict.fromkeys((*first, *_as_many_outputs(sizes, own), *own)):
                if tries > end:
                    break
                nearest, more, count = _of_entry(entry, problem(inside), wanted.given)
                nearest = [one for one in nearest if one.is_right or not _is_none(one)]
                failures = [*_told([*failures, *more])]  # the tracebacks of thousands are large
                tries += count
                if nearest and (best is None or right_first(nearest[0]) < right_first(best)):
                    best = nearest[0]
                if nearest and _is_enough(nearest[0]):
                    return SearchOutcome(nearest[0], tuple(nearest[1:]), _told(failures), tries)
                usual = inside in USUAL and inside not in own  # of these, others tell no more
                if nearest and usual and not _may_have_one_output(nearest[0]):
                    break
        if best is not None:
            break
    return SearchOutcome(best, (), _told(failures), tries)


def _are_read(entry: Candidate, own: Sizes) -> bool:
    """Return whether code reads the numbers of hidden units as global variables, as loops do."""
    names = names_read_by(entry.function, entry.beside)
    scope = {} if entry.module is None else vars(entry.module)
    numbers = {scope[name] for name in names if type(scope.get(name)) is int}
    return len(own) > 2 and {*own[1:-1]} <= numbers


def _as_many_outputs(sizes: Sequence[Sizes], own: Sequence[Sizes]) -> list[Sizes]:
    """Sizes, first those of one output where the arrays of their code have one, as labels are."""
    single = any(one[-1] == 1 for one in own[:1])
    return sorted(sizes, key=lambda one: single and one[-1] != 1)


def _of_entry(
    entry: Candidate, problem: SmallProblem, given: Mapping[str, str]
) -> tuple[list[Near], list[Attempted], int]:
    """The nearest gradient of an entry, with its ties; a batch before single samples."""
    failures: list[Attempted] = []
    count = 0
    labels = problem.Y.ndim == 1
    near, batches = list[Near](), list[Near]()
    for data in (
        [*data_forms(labels=labels)],
        [*sample_forms(labels=labels, inputs=problem.sizes[0])],
    ):
        found: list[Near] = []
        for programs in programs_of(entry, problem, data, given):
            stopped: list[tuple[DataForm, Place]] = []
            for program in programs:
                count += 1
                one = tried(program, problem)
                found += [nearest_network(program, read, problem) for read in one.reads]
                if not one.reads:
                    failures = [*_told([*failures, one])]
                    stopped.append((program.data, place_of(one.error)))
                if _is_vain(stopped) or isinstance(one.error, RecursionError):
                    break  # a form of X and Y more would change nothing
            right = [one for one in found if one.is_right and _is_no_batch(one, batches, problem)]
            if right:
                return sorted(right, key=itself_first), failures, count
        nearest = _nearest(found, problem)
        if nearest and trains(nearest.program, nearest.reading, problem):
            found = [one for one in found if not trains(one.program, one.reading, problem)]
            nearest = _nearest(found, problem)
        if nearest and _is_no_batch(nearest, batches, problem):
            near = [nearest]
        batches = found
        if any(one.reading.kind == "gradient" for one in near):
            break  # what updates may do so after each sample
    return near, failures, count


def _nearest(found: Sequence[Near], problem: SmallProblem) -> Near | None:
    """The nearest of what is not right, whose results are read as what they are."""
    nearest = min(found, key=right_first, default=None)
    if nearest is None or nearest.reading.where != RETURNED:
        return nearest
    kind = kind_without_inputs(nearest.program, nearest.reading, problem)
    alike = [one for one in found if one.reading.where != RETURNED or one.reading.kind == kind]
    return min(alike, key=right_first) if kind and alike else nearest


def _is_no_batch(one: Near, batches: Sequence[Near], problem: SmallProblem) -> bool:
    """Return whether what is right for single samples is what code does with each of a batch.

    Wrong code may be right for a batch of one, as where it takes a mean for a sum.
    """
    read = one.reading.of, one.reading.kind
    same = [two for two in batches if (two.reading.of, two.reading.kind) == read]
    batch = min(same, key=right_first, default=None)
    return batch is None or is_repeated(one.program, batch.program, one.reading, problem)


def _is_none(one: Near) -> bool:
    """Return whether a result that is not right is no gradient of a network: a part, or nothing.

    What a function returns whose name says nothing, and which is like none, is something else. So
    is a step by moments, which is none along the gradient.
    """
    entry = one.program.entry
    is_part = len(one.sizes) == 2 and (entry.is_of_one_layer or bool(PART.fullmatch(entry.last)))
    named = entry.rank < len(ORDER) or bool(entry.source)
    is_like = one.blocks > 0 or abs(one.cosine) > LIKE or one.reading.where != RETURNED
    return is_part or one.reading.by_moments or not (named or is_like)


def _is_enough(one: Near) -> bool:
    """Return whether a gradient is right, or is one that is wrong, whatever else is called."""
    return one.is_right or (one.cosine > LIKELY and not _may_have_one_output(one))


def _may_have_one_output(one: Near) -> bool:
    """Return whether a wrong gradient without a hidden layer may be a right one for one output."""
    return len(one.sizes) == 2 and one.sizes[-1] > 1


Place = tuple[str, int] | None


def _is_vain(stopped: Sequence[tuple[DataForm, Place]]) -> bool:
    """Return whether two forms of X, and more of Y, got no further than one line."""
    X, Y = {data.X for data, _place in stopped}, {data.Y for data, _place in stopped}
    places = {place for _data, place in stopped}
    return len(X) > 1 and len(Y) > FEW and len(places) == 1 and None not in places


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
