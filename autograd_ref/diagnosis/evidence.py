"""The evidence of a diagnosis: the gradient under test, the right one, and when two are equal."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from autograd_ref.diagnosis.relations.relation import Around, Array
from autograd_ref.diagnosis.wording import Statement
from autograd_ref.observe.other_calls import NO_OTHERS, OtherCalls
from autograd_ref.reference.effort.budget import Budget
from autograd_ref.reference.model import NAMEABLE, Model, WrongGradient
from autograd_ref.reference.protocol import Evaluation, Level, Reference
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, is_real, largest
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Point, Results, sample_count, with_samples
from autograd_ref.user_code import Raised, attempt

MOST_SAMPLES = 400
MOST_ENTRIES = 5_000_000
"""With more samples, or where all of them together have more entries (40 MB), the gradient of each
sample is not computed."""

SPREADS = 8.0
"""How many times the rounding of one evaluation another may be off."""

LOST = 16.0
"""How many times its rounding a block has to be, to tell how much a larger one rounds. Chosen."""

UNITS = 1e3
"""Units of roundoff that a block may be off by, where that is not told. Chosen."""

FLOAT32 = float(np.finfo(np.float32).eps) / 2


class Predicted(NamedTuple):
    """The gradients that certain mistakes would give."""

    statements: tuple[Statement, ...]
    """The mistakes, and the blocks that they change."""
    gradients: Results
    in_float32: Callable[[], Results | None] = lambda: None
    """The gradients in float32; their error shows how much rounding matters."""


class Evidence(NamedTuple):
    """One answer that is wrong, block by block, in float64."""

    hand: Results
    right: Results
    wrong: tuple[Path, ...]
    """Blocks that are off by so much, or in such a way, that their mistake can be told."""
    near: Results
    """Blocks that are wrong by so little that many mistakes could be the cause."""
    allowed: dict[Path, float]
    """The largest error that rounding explains, in each block."""
    sizes: dict[Path, float]
    """The largest entry of each block of the right gradient."""
    unit: float
    point: Point
    parameters: Results
    samples: int
    """In the batch; 0 where there is none."""
    each: Callable[[], Results | None]
    """The gradients of every sample, divided by their number; None where that is not known."""
    model: Model
    counts: Mapping[str, int]
    """Sizes in the model, by name."""
    earlier: Point | None
    """Where the function was called before and was right, if that was with other arguments."""
    right_earlier: Results | None
    """The right gradients there."""
    others: OtherCalls
    """Gradients under test besides this one, for those who ask."""
    budget: Budget
    """The time and memory of the searches for wrong steps."""

    def close(self, key: Path, one: Array, two: Array, coarser: float = 1.0) -> bool:
        """Return whether two arrays of the size of a block are equal to rounding."""
        return _apart(one, two) <= coarser * self._allowed(key, two)

    def explains(self, prediction: Predicted, key: Path) -> bool:
        """Return whether the block under test is what the prediction says it is."""
        hand, predicted = self.hand[key], prediction.gradients[key]
        if hand.shape != predicted.shape:
            return False
        error, allowed = _apart(hand, predicted), self._allowed(key, predicted)
        if error <= allowed or not error <= _size(predicted) * self.unit**0.25:
            return error <= allowed
        coarse = prediction.in_float32()
        if coarse is None:
            return False
        spread = SPREADS * _apart(coarse[key], predicted) * self.unit / FLOAT32
        return error <= allowed + spread or _apart(hand, coarse[key]) <= allowed

    def contradicts(self, prediction: Predicted, touched: Iterable[Path]) -> bool:
        """Return whether a block that is nearly right is not what the prediction makes of it."""
        pairs = [(k, self.near[k], prediction.gradients[k]) for k in touched if k in self.near]
        return any(a.shape != b.shape or not self.close(k, a, b) for k, a, b in pairs)

    def unexplained(self, prediction: Predicted) -> list[Path]:
        """Return the blocks that are not what the prediction says."""
        return [key for key in self.hand if not self.explains(prediction, key)]

    def touched(self, prediction: Predicted) -> list[Path]:
        """Return the blocks in which the prediction is not right."""
        return [
            key
            for key, right in self.right.items()
            if right.shape != prediction.gradients[key].shape
            or not self.close(key, prediction.gradients[key], right)
        ]

    def around(self, key: Path, prediction: Predicted) -> Around:
        """Return a block of the prediction, for a further mistake in it."""
        is_right = prediction.gradients is self.right

        def each() -> Array | None:
            found = self.each() if is_right else None
            return None if found is None else found[key]

        def close(one: Array, two: Array, coarser: float = 1.0) -> bool:
            return self.close(key, one, two, coarser)

        return Around(
            right=prediction.gradients[key],
            parameter=self.parameters[key],
            others={other: a for other, a in prediction.gradients.items() if other != key},
            samples=self.samples,
            counts=self.counts,
            each=each,
            close=close,
            unit=self.unit,
            earlier=None if self.right_earlier is None else self.right_earlier[key],
        )

    def asked(self, wrong: tuple[Path, ...]) -> WrongGradient | None:
        """Return the gradient as a model is asked about it; None where blocks have other shapes.

        Args:
            wrong: the blocks that it is asked about.
        """
        hand, others = {**self.hand, **self.near}, self.others
        if any(k not in hand or hand[k].shape != right.shape for k, right in self.right.items()):
            return None
        return WrongGradient(
            self.point,
            hand,
            self.right,
            self.allowed,
            wrong,
            others.again,
            others.on_few_samples,
            self.budget,
        )

    def relative(self, key: Path, one: Array, two: Array) -> float:
        """Return the largest difference, relative to the largest entry of the right block."""
        return _apart(one, two) / (self.sizes[key] or 1.0)

    def _allowed(self, key: Path, predicted: Array) -> float:
        """The error that rounding explains: the larger the prediction, the more.

        How much more is not told by a right block of which nothing is left but rounding.
        """
        allowed, size = self.allowed[key], _size(predicted)
        if self.is_lost(key):
            return max(allowed, UNITS * self.unit * size)
        return allowed * max(1.0, size / self.sizes[key])

    def is_lost(self, key: Path) -> bool:
        """Return whether little more than rounding is left of a right block, or nothing."""
        return self.sizes[key] <= LOST * self.allowed[key]


@np.errstate(all="ignore")
def gathered(
    hand: Mapping[Path, Array],
    wrong: Iterable[Path],
    reference: Reference,
    at: tuple[Point, Evaluation],
    earlier: tuple[Point, Evaluation] | None = None,
    others: OtherCalls = NO_OTHERS,
) -> Evidence:
    """Return the evidence of a gradient in which some blocks are wrong.

    Args:
        hand: the gradient under test, as it was returned.
        wrong: the blocks that are wrong.
        reference: what it was compared with.
        at: where it is wrong, and what the reference says there.
        earlier: where the function was called before and was right, and the reference there.
        others: further calls, for those who ask.
    """
    point, exact = at
    tolerances = exact.tolerances(Level.TEXTBOOK).gradients
    allowed = {key: largest(tolerances[key]) for key in exact.gradients}
    usable = _finite(hand, exact.gradients)
    in_question = [key for key in wrong if key in usable]
    near = {
        key: usable[key]
        for key in in_question
        if usable[key].shape == exact.gradients[key].shape
        and _apart(usable[key], exact.gradients[key]) <= NAMEABLE * allowed[key]
    }
    parameters = leaves(point.parameters)
    samples = 0 if reference.copies else sample_count(point)  # those of a Jacobian are outputs
    return Evidence(
        hand={key: values for key, values in usable.items() if key not in near},
        right=exact.gradients,
        wrong=tuple(key for key in in_question if key not in near),
        near=near,
        allowed=allowed,
        sizes={key: _size(right) for key, right in exact.gradients.items()},
        unit=number_format.coarsest(point.parameters).unit,
        point=point,
        parameters={key: as_array(a).astype(np.float64) for key, a in parameters.items()},
        samples=samples,
        each=cache(lambda: _of_every_sample(reference, point, exact, samples)),
        model=reference.model,
        counts=reference.model.counts(point),
        earlier=earlier and earlier[0],
        right_earlier=earlier and earlier[1].gradients,
        others=others,
        budget=Budget(),
    )


def _finite(hand: Mapping[Path, Array], right: Results) -> Results:
    """Return the blocks that have only real, finite numbers, in float64, in the order of right."""
    real = {key: hand[key] for key in right if key in hand and is_real(hand[key])}
    wide = {key: values.astype(np.float64) for key, values in real.items()}
    return {key: values for key, values in wide.items() if np.isfinite(values).all()}


def _of_every_sample(
    reference: Reference, point: Point, exact: Evaluation, samples: int
) -> Results | None:
    """Return the gradients of one sample at a time; None where these do not add up to the whole."""
    entries = samples * sum(right.size for right in exact.gradients.values())
    if not 1 < samples <= MOST_SAMPLES or entries > MOST_ENTRIES:
        return None
    batches = (with_samples(point, np.array([i])) for i in range(samples))
    alone = attempt(lambda: [reference.evaluate(batch).gradients for batch in batches])
    if isinstance(alone, Raised):  # a loss need not be able to do that
        return None
    found = {key: np.stack([one[key] for one in alone]) for key in exact.gradients}
    for share in (1.0, 1.0 / samples):  # a sum over the batch, or a mean
        each = {key: share * values for key, values in found.items()}
        if all(_adds_up(each[key], right) for key, right in exact.gradients.items()):
            return each
    return None


def _adds_up(each: Array, right: Array) -> bool:
    return _apart(each.sum(axis=0), right) <= 1e-9 * _size(np.abs(each).sum(axis=0))


def _size(block: Array) -> float:
    return float(np.abs(block).max(initial=0.0))


def _apart(one: Array, two: Array) -> float:
    """Return the largest difference; NaN where there is one among them."""
    return float(np.abs(one - two).max(initial=0.0))
