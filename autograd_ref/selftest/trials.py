"""A mistake is planted, alone or with another, and the check is asked."""

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.planted import (
    PLANTED,
    Planted,
    go_together,
    gradient_with,
    problem_for,
)
from autograd_ref.check import check_gradients
from autograd_ref.report.report import Report
from manual_backprop.parameters import Parameters

DType = type[np.floating[Any]]
DTYPES: tuple[DType, ...] = (np.float64, np.float32)

VISIBLE: dict[DType, float] = {np.float64: 1e-10, np.float32: 1e-3}
"""What changes the gradient by less, relative to the right one, may stay unseen."""


class Why(Enum):
    """What to think of a cause that is not the mistake that was made."""

    SAME = "explains everything that is wrong, to rounding: nothing tells the two apart here"
    PART = "explains some of the wrong blocks; of the others the cause is unknown"
    UNKNOWN = "is that the cause is unknown"


class Trial(NamedTuple):
    """What a check said of a gradient with these mistakes."""

    mistakes: tuple[Planted, ...]
    report: Report

    @property
    def made(self) -> str:
        """The mistakes, and where."""
        return " + ".join(planted.title for planted in self.mistakes)

    @property
    def found(self) -> bool:
        """Whether the gradient was said to be wrong."""
        return self.report.verdict == "mismatch"

    @property
    def named(self) -> bool:
        """Whether these mistakes are the first cause, or among those that are the same here."""
        return {planted.of.name for planted in self.mistakes} in kinds(self.report)

    @property
    def said(self) -> str:
        """The first cause, or that it is unknown."""
        return self.report.causes[0].kind if self.report.causes else "unknown cause"

    @property
    def why(self) -> Why:
        """Where something else was said than what was made: what to think of that."""
        if not self.report.causes:
            return Why.UNKNOWN
        return Why.SAME if self.report.causes[0].blocks == wrong_blocks(self.report) else Why.PART


def kinds(report: Report) -> list[set[str]]:
    """The mistakes of each cause."""
    return [set(cause.kind.split(" + ")) for cause in report.causes]


def wrong_blocks(report: Report) -> tuple[str, ...]:
    """At the problem itself."""
    wrong = [block for block in report.blocks if block.verdict == "mismatch"]
    return tuple(block.name for block in wrong if "agrees here" not in block.reason)


def trial(mistakes: Sequence[Planted], p: Parameters, X: A, Y: A) -> Trial | None:
    """A check of the gradient with these mistakes.

    None where they cannot be made on this problem, or where one of them makes no difference, to the
    right gradient or beside the others. That is worked out without the check.
    """
    gradient = gradient_with(*mistakes)
    wrong = gradient(p, X, Y)
    fewer = {(), *combinations(mistakes, len(mistakes) - 1)}
    others = [gradient_with(*some)(p, X, Y) for some in fewer]
    by = VISIBLE[p.W0.dtype.type]
    if wrong is None or any(other is None or not differ(wrong, other, by) for other in others):
        return None
    return Trial(tuple(mistakes), check_gradients(gradient, p, X, Y))


def planted_in(dtype: DType) -> list[Planted]:
    """The mistakes that can be made in a number format: float32 has no digits to lose."""
    return [p for p in PLANTED if dtype is np.float64 or not p.loses_digits]


def pairs(seed: int, dtype: DType) -> Iterator[Trial]:
    """Two mistakes at a time, chosen at random, each on a problem of its own, without end."""
    random = np.random.default_rng(seed)
    candidates = [planted for planted in PLANTED if not planted.loses_digits]
    while True:
        one, two = (candidates[int(i)] for i in random.integers(len(candidates), size=2))
        problem = problem_for(Shows.ANY, int(random.integers(1 << 30)), dtype)
        found = trial((one, two), *problem) if go_together(one, two) else None
        if found is not None:
            yield found


def differ(one: Parameters, two: Parameters, by: float) -> bool:
    """Whether two gradients are further apart than that, relative to the second."""
    if any(a.shape != b.shape for a, b in zip(one, two, strict=True)):
        return True
    flat = [np.concatenate([block.ravel() for block in p]).astype("f8") for p in (one, two)]
    return bool(np.linalg.norm(flat[0] - flat[1]) > by * np.linalg.norm(flat[1]))
