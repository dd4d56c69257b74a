"""The seam: knowledge of a model beyond its loss and its gradients.

The diagnosis asks a `Model` and imports none. `UNKNOWN` knows nothing: what is found with it holds
for the gradient of any function.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from autograd_ref.reference.effort.budget import Budget
from autograd_ref.report.data import Note, Power, Step
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results


class Hypothesis(NamedTuple):
    """A wrong derivation of the model, and the gradients that it gives."""

    name: str
    what: str
    """The mistake: the end of the sentence "what comes out if ..."."""
    fix: str
    gradients: Results
    in_float32: Callable[[], Results | None]
    """The gradients in float32, None where that fails: how far they are off is due to rounding."""
    fitted: bool = False
    """True where a number in it was chosen to explain the gradient under test."""
    derivation: object = None
    """The form in which the model composes it with another; None where pairs cost too much."""
    at_home: bool = False
    """True for a number that stands at the place where it is wrong: a 2 at a square."""


NAMEABLE = 20.0
"""Errors of fewer tolerances may have many causes."""


class WrongGradient(NamedTuple):
    """A gradient that is wrong, as far as it can be compared."""

    point: Point
    hand: Results
    """The gradient under test."""
    right: Results
    allowed: Mapping[Path, float]
    """The largest error that rounding explains, in each block."""
    wrong: tuple[Path, ...]
    """The blocks that are wrong."""
    again: Callable[[], tuple[Point, Results, Results] | None]
    """Another point, with the gradient under test and the right one there; None where there is
    none."""
    on_few_samples: "Callable[[float], WrongGradient | None]" = lambda _part: None
    """The gradient under test of a few samples, of a part of the data; None where it is not to be
    had."""
    budget: Budget | None = None
    """The budget of a search; None for one of its own."""


class Discrepancy(NamedTuple):
    """A gradient that is wrong, as far as it is finite, whatever its shape."""

    point: Point
    hand: Results
    """The gradient under test; blocks may be missing."""
    right: Results
    allowed: Mapping[Path, float]
    """The largest error that rounding explains, in each block."""
    earlier: Point | None = None
    """Where the same function was called before, and was right."""


class ReturnedBeside(NamedTuple):
    """The quantities that a function returned beside its gradients, and what they belong to."""

    point: Point
    quantities: Mapping[Path, NDArray[Any]]
    hand: Results
    """The gradients under test that can be compared."""
    right: Results
    called: Mapping[str, str] = {}
    """Names that a derivative has besides those made of the name of its value: dz for delta."""


class Judged(NamedTuple):
    """The steps of a derivation with their verdicts, and what could not be judged."""

    steps: tuple[Step, ...] = ()
    notes: tuple[Note, ...] = ()


class Model(Protocol):
    """Knowledge of the function behind a loss."""

    def axes(self, point: Point, key: Path, /) -> tuple[str, ...]:
        """Return a word for an index along each axis of a parameter."""
        ...

    def counts(self, point: Point, /) -> Mapping[str, int]:
        """Return sizes, by name, that one might have divided by instead of the batch size."""
        ...

    def fixes(self) -> Mapping[str, str]:
        """Return how to fix mistakes of any gradient in the model's own words, by their names."""
        ...

    def hypotheses(self, seen: Discrepancy, /) -> Iterable[Hypothesis]:
        """Yield wrong derivations, one at a time: together they may not fit into memory.

        Args:
            seen: the gradient that is wrong.
        """
        ...

    def compose(self, one: Hypothesis, two: Hypothesis, /) -> Hypothesis | None:
        """Return the derivation that is wrong in both ways; None where it cannot be computed."""
        ...

    def slips(self, wrong: WrongGradient, most: int, /) -> Iterable[Hypothesis]:
        """Yield the wrong steps that give a gradient, each confirmed at a second point.

        Args:
            wrong: the gradient.
            most: how many at once.
        """
        ...

    def half_right(self, wrong: WrongGradient, /) -> Iterable[str]:
        """Yield what is right of a gradient without a known cause, as sentences.

        Args:
            wrong: the gradient; its wrong blocks are those without a cause.
        """
        ...

    def not_followed(self, point: Point, right: Results, /) -> str:
        """Return why no step can be named, as the end of a sentence; empty where steps can be.

        Args:
            point: where.
            right: the right gradient there.
        """
        ...

    def advice(self, point: Point, wrong: Sequence[Path], loss_is_right: bool, /) -> str:
        """Return what follows if exactly these parameters are wrong; empty where nothing does."""
        ...

    def steps(
        self,
        found: ReturnedBeside,
        matching: Collection[Path],
        again: Callable[[], ReturnedBeside | None],
        /,
    ) -> Judged:
        """Return the verdict on each quantity, judged on those that it is computed from.

        Args:
            found: the quantities.
            matching: the parameters whose gradients match.
            again: the same at another point; None where there is none.
        """
        ...

    def detectable(self, point: Point, /) -> Callable[[], Power] | None:
        """Return a function that lists the known mistakes that a check here can show, or None."""
        ...


class UnknownModel:
    """A model of which nothing is known, so that everything found holds for any gradient."""

    def axes(self, _point: Point, _key: Path, /) -> tuple[str, ...]:
        """Return the words for a matrix."""
        return ("row", "column")

    def counts(self, _point: Point, /) -> Mapping[str, int]:
        """Return nothing."""
        return {}

    def fixes(self) -> Mapping[str, str]:
        """Return nothing: the general words stand."""
        return {}

    def hypotheses(self, _seen: Discrepancy, /) -> Iterable[Hypothesis]:
        """Yield nothing."""
        return ()

    def compose(self, _one: Hypothesis, _two: Hypothesis, /) -> Hypothesis | None:
        """Return None: there is nothing to compose."""
        return None

    def slips(self, _wrong: WrongGradient, _most: int, /) -> Iterable[Hypothesis]:
        """Yield nothing: no step is known."""
        return ()

    def half_right(self, _wrong: WrongGradient, /) -> Iterable[str]:
        """Yield nothing: no step is known."""
        return ()

    def not_followed(self, _point: Point, _right: Results, /) -> str:
        """Return nothing: no step is known."""
        return ""

    def advice(self, _point: Point, _wrong: Sequence[Path], _loss_is_right: bool, /) -> str:
        """Return nothing."""
        return ""

    def steps(
        self,
        _found: ReturnedBeside,
        _matching: Collection[Path],
        _again: Callable[[], ReturnedBeside | None],
        /,
    ) -> Judged:
        """Return nothing: no quantity is known."""
        return Judged()

    def detectable(self, _point: Point, /) -> Callable[[], Power] | None:
        """Return None: no mistakes are listed."""
        return None


UNKNOWN = UnknownModel()
