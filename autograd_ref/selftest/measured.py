"""Everything that is measured of this installation, and the bounds that it is held to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from autograd_ref.assignment.mistakes.planted import problem_for
from autograd_ref.selftest.false_accusations import Count, added_up, verdicts_on
from autograd_ref.selftest.naming import Naming, all_of, named_in
from autograd_ref.selftest.other_models import OTHER_MODELS
from autograd_ref.selftest.smallest_error import KINDS, Error, smallest_found
from autograd_ref.selftest.trials import DTYPES, CheckedMistakes, DType, pairs, planted_in, trial

PAIRS, RIGHT = 20, 20
"""Pairs of mistakes, and problems for the correct gradients, for each problem of a mistake and each
number format."""

POINTS = 10
"""Points of each other model at most: there is one search for each of its mistakes."""

NAMED = {"float64": 0.98, "float32": 0.9}
PAIRS_NAMED = 0.85
OTHERS_NAMED = 0.9
LEFT_OUT = 0.01
"""The largest share of the problems of a mistake; one problem in any case."""

T = TypeVar("T")

Watch = Callable[[str], object]
"""Told before every step what it is."""


class Detection(NamedTuple):
    """The detection of one mistake, or of the pairs of mistakes, in one number format."""

    mistake: str
    problems: int
    left_out: int
    """Problems on which it makes no difference, or too small a one."""
    found: int
    named: int
    confused: tuple[CheckedMistakes, ...]
    """The checks that named another mistake, or none."""


class Smallest(NamedTuple):
    """The smallest relative errors that are found, one for each problem."""

    kind: Error
    dtype: str
    errors: tuple[float, ...]


class Measured(NamedTuple):
    """All measurements."""

    single: dict[str, tuple[Detection, ...]]
    """By number format, one for each mistake of the catalogue."""
    pairs: dict[str, Detection]
    smallest: tuple[Smallest, ...]
    right: dict[str, Count]
    others: Naming
    """Counts of mistakes in other models, in float64."""

    @property
    def confused(self) -> list[CheckedMistakes]:
        """All checks, of mistakes alone and in pairs, that named another mistake, or none."""
        rows = [row for rows in self.single.values() for row in rows]
        return [t for row in (*rows, *self.pairs.values()) for t in row.confused]


class Bound(NamedTuple):
    """A promise, and the measurement that it is compared with."""

    what: str
    dtype: str
    found: str
    needed: str
    holds: bool


def steps(problems: int) -> int:
    """The number of steps that a measurement announces."""
    mistakes = sum(len(planted_in(dtype)) for dtype in DTYPES)
    others = len(OTHER_MODELS) * min(problems, POINTS)
    return mistakes + len(DTYPES) * (PAIRS + RIGHT + len(KINDS)) * problems + others


def measured(problems: int, seed: int, watch: Watch) -> Measured:
    """Measure on this number of problems for each mistake, number format and kind of error."""
    return Measured(
        {_name(dtype): _single(problems, seed, dtype, watch) for dtype in DTYPES},
        {_name(dtype): _pairs(PAIRS * problems, seed, dtype, watch) for dtype in DTYPES},
        tuple(_smallest(kind, problems, seed, dtype, watch) for dtype in DTYPES for kind in KINDS),
        {
            _name(dtype): _right(dtype, range(RIGHT * seed, RIGHT * (seed + problems)), watch)
            for dtype in DTYPES
        },
        _others(min(problems, POINTS), seed, watch),
    )


def bounds(found: Measured) -> list[Bound]:
    """All that is promised."""
    return [
        *(_detected(n, [*rows, found.pairs[n]]) for n, rows in found.single.items()),
        *(_few_left_out(name, rows) for name, rows in found.single.items()),
        *(_named("mistakes", name, rows, NAMED[name]) for name, rows in found.single.items()),
        *(_named("pairs of mistakes", n, [row], PAIRS_NAMED) for n, row in found.pairs.items()),
        *(_small_enough(row) for row in found.smallest),
        *(_nobody_accused(name, count) for name, count in found.right.items()),
        *_in_other_models(found.others),
    ]


def _single(problems: int, seed: int, dtype: DType, watch: Watch) -> tuple[Detection, ...]:
    seeds = range(seed, seed + problems)
    return tuple(
        _counted(one.title, [trial([one], *problem_for(one.shows, s, dtype)) for s in seeds])
        for one in _told(f"mistakes, {_name(dtype)}", planted_in(dtype), watch)
    )


def _pairs(count: int, seed: int, dtype: DType, watch: Watch) -> Detection:
    trials = islice(pairs(seed, dtype), count)
    return _counted("two", [*_told(f"pairs of mistakes, {_name(dtype)}", trials, watch)])


def _counted(mistake: str, trials: Sequence[CheckedMistakes | None]) -> Detection:
    made = [t for t in trials if t is not None]
    found = [t for t in made if t.found]
    confused = tuple(t for t in found if not t.named)
    return Detection(
        mistake,
        problems=len(trials),
        left_out=len(trials) - len(made),
        found=len(found),
        named=len(found) - len(confused),
        confused=confused,
    )


def _smallest(kind: Error, problems: int, seed: int, dtype: DType, watch: Watch) -> Smallest:
    seeds = _told(f"smallest error, {_name(dtype)}", range(seed, seed + problems), watch)
    return Smallest(kind, _name(dtype), tuple(smallest_found(kind, s, dtype) for s in seeds))


def _right(dtype: DType, seeds: Iterable[int], watch: Watch) -> Count:
    told = _told(f"right gradients, {_name(dtype)}", seeds, watch)
    return added_up(verdicts_on(seed, dtype) for seed in told)


def _told(step: str, items: Iterable[T], watch: Watch) -> Iterator[T]:
    """The items, each announced as a step before it is worked on."""
    for item in items:
        watch(step)
        yield item


def _others(points: int, seed: int, watch: Watch) -> Naming:
    counts: list[Naming] = []
    for model in OTHER_MODELS:
        for s in range(seed, seed + points):
            watch(f"mistakes in other models: {model.name}")
            counts.append(named_in(model, s))
    return all_of(counts)


def _detected(dtype: str, rows: Sequence[Detection]) -> Bound:
    made = sum(row.problems - row.left_out for row in rows)
    found = sum(row.found for row in rows)
    return Bound("mistakes and pairs found", dtype, f"{found} of {made}", "all", found == made > 0)


def _few_left_out(dtype: str, rows: Sequence[Detection]) -> Bound:
    most, problems = max(row.left_out for row in rows), rows[0].problems
    allowed = max(1, int(LEFT_OUT * problems))
    count = str(sum(row.left_out for row in rows))
    needed = f"at most {allowed} of {problems}"
    return Bound("left out: no difference to see", dtype, count, needed, most <= allowed)


def _named(what: str, dtype: str, rows: Sequence[Detection], needed: float) -> Bound:
    found, named = sum(row.found for row in rows), sum(row.named for row in rows)
    share = f"{needed:.0%}"
    return Bound(f"{what} named", dtype, f"{named} of {found}", share, named >= needed * found)


def _small_enough(row: Smallest) -> Bound:
    needed, largest = row.kind.needed[row.dtype], max(row.errors)
    return Bound(row.kind.name, row.dtype, f"{largest:.0e}", f"{needed:.0e}", largest <= needed)


def _nobody_accused(dtype: str, count: Count) -> Bound:
    found = f"{len(count.accused)} of {count.checks.total()}"
    return Bound("right gradients called wrong", dtype, found, "none", not count.accused)


def _in_other_models(count: Naming) -> tuple[Bound, Bound]:
    found, named = f"{count.found} of {count.checks}", f"{count.named} of {count.checks}"
    all_found, enough = count.found == count.checks, count.named >= OTHERS_NAMED * count.checks
    return (
        Bound("mistakes in other models found", "float64", found, "all", all_found),
        Bound("mistakes in other models named", "float64", named, f"{OTHERS_NAMED:.0%}", enough),
    )


def _name(dtype: DType) -> str:
    return dtype.__name__
