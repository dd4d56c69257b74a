"""Checks of gradients with injected mistakes, alone and in pairs."""

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
"""A mistake that changes the gradient by less, relative to the right one, may stay unseen."""


class Why(Enum):
    """The relation of a cause to the injected mistake, where they differ."""

    SAME = "explains everything that is wrong, to rounding: nothing tells the two apart here"
    PART = "explains some of the wrong blocks, and the others are left unexplained"
    UNKNOWN = "is none: the report says that it is unknown"


class CheckedMistakes(NamedTuple):
    """A report on a gradient with injected mistakes."""

    mistakes: tuple[Planted, ...]
    report: Report

    @property
    def made(self) -> str:
        """The injected mistakes and their places."""
        return " + ".join(planted.title for planted in self.mistakes)

    @property
    def found(self) -> bool:
        """True if the verdict is a mismatch."""
        return self.report.verdict == "mismatch"

    @property
    def named(self) -> bool:
        """True if the injected mistakes are the first cause, or one equally consistent with it."""
        return {planted.of.name for planted in self.mistakes} in kinds(self.report)

    @property
    def said(self) -> str:
        """The first cause that the report names, or "unknown cause"."""
        return self.report.causes[0].kind if self.report.causes else "unknown cause"

    @property
    def why(self) -> Why:
        """The relation of the first cause to the injected mistakes, where it is another."""
        if not self.report.causes:
            return Why.UNKNOWN
        return Why.SAME if self.report.causes[0].blocks == wrong_blocks(self.report) else Why.PART


def kinds(report: Report) -> list[set[str]]:
    """The mistakes of each cause."""
    return [set(cause.kind.split(" + ")) for cause in report.causes]


def wrong_blocks(report: Report) -> tuple[str, ...]:
    """The names of the blocks whose values are wrong at the problem itself."""
    wrong = [block for block in report.blocks if block.verdict == "mismatch"]
    agreeing = ("agrees here", "its values agree")  # wrong elsewhere, or in their dtype, alone
    return tuple(b.name for b in wrong if not any(said in b.reason for said in agreeing))


def trial(mistakes: Sequence[Planted], p: Parameters, X: A, Y: A) -> CheckedMistakes | None:
    """The report on the gradient with these mistakes.

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
    return CheckedMistakes(tuple(mistakes), check_gradients(gradient, p, X, Y))


def planted_in(dtype: DType) -> list[Planted]:
    """The mistakes that can be made in a number format: float32 has no digits to lose."""
    return [p for p in PLANTED if dtype is np.float64 or not p.loses_digits]


def pairs(seed: int, dtype: DType) -> Iterator[CheckedMistakes]:
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
    """True if two gradients are further apart than that, relative to the second."""
    if any(a.shape != b.shape for a, b in zip(one, two, strict=True)):
        return True
    flat = [np.concatenate([block.ravel() for block in p]).astype("f8") for p in (one, two)]
    return bool(np.linalg.norm(flat[0] - flat[1]) > by * np.linalg.norm(flat[1]))
