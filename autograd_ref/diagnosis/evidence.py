"""What a diagnosis looks at: the gradient under test, the right one, and when two are the same."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

from autograd_ref.assignment.autograd_reference import network_problem
from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.assignment.mistakes.earlier_call import kept_from
from autograd_ref.assignment.mistakes.mistake import Mistake
from autograd_ref.calls.answer import Answer
from autograd_ref.diagnosis.relations.relation import Around
from autograd_ref.diagnosis.wording import Part
from autograd_ref.reference.protocol import Evaluation, Level, Reference
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, is_real
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Point, Results, sample_count, with_samples
from manual_backprop.parameters import Parameters
from manual_backprop.validation import Batch

NAMEABLE = 20.0
"""Errors of fewer tolerances may have many causes."""

MOST_SAMPLES = 400
MOST_ENTRIES = 5_000_000
"""Of more samples, or where all of them together have more entries (40 MB), the gradient of each
sample is not worked out."""

SPREADS = 8.0
"""How many times the rounding of one evaluation another may be off."""

FLOAT32 = float(np.finfo(np.float32).eps) / 2


class Guess(NamedTuple):
    """What the gradients would be, had certain mistakes been made."""

    parts: tuple[Part, ...]
    """Those mistakes, and the blocks that they touch."""
    gradients: Results
    coarse: Callable[[], Results | None] = lambda: None
    """The same in float32: how far that is off says how much rounding matters."""


class Scene(NamedTuple):
    """One answer that is wrong, block by block, in float64."""

    hand: Results
    right: Results
    wrong: tuple[Path, ...]
    """Blocks that are off by so much, or in such a way, that their mistake can be told."""
    allowed: dict[Path, float]
    """What rounding can do to the largest entry of each block."""
    unit: float
    parameters: Results
    samples: int
    """In the batch; 0 where there is none."""
    problem: tuple[Parameters, Batch] | None
    """That of the assignment's network, where it is one."""
    sizes: dict[Path, float]
    """The largest entry of each block of the right gradient."""
    each: Callable[[], Results | None]
    """The gradients of every sample, divided by their number; None where that is not known."""
    near: Results
    """Blocks that are wrong by so little that many mistakes could be the cause."""
    earlier: Results | None = None
    """The right gradients of an earlier call, where this one is with other arguments."""
    kept: tuple[Mistake, ...] = ()
    """What can be kept from that call, of the assignment's network."""

    def close(self, name: Path, one: A, two: A, coarser: float = 1.0) -> bool:
        """Whether two arrays of the size of a block are equal to rounding."""
        return _apart(one, two) <= coarser * self._allowed(name, two)

    def explains(self, guess: Guess, name: Path) -> bool:
        """Whether the block under test is what the guess says it is."""
        hand, guessed = self.hand[name], guess.gradients[name]
        if hand.shape != guessed.shape:
            return False
        error, allowed = _apart(hand, guessed), self._allowed(name, guessed)
        if error <= allowed or not error <= _size(guessed) * self.unit**0.25:
            return error <= allowed
        coarse = guess.coarse()
        if coarse is None:
            return False
        spread = SPREADS * _apart(coarse[name], guessed) * self.unit / FLOAT32
        return error <= allowed + spread or _apart(hand, coarse[name]) <= allowed

    def contradicts(self, guess: Guess, touched: Iterable[Path]) -> bool:
        """Whether a block that is nearly right is not what the guess makes of it."""
        pairs = [(n, self.near[n], guess.gradients[n]) for n in touched if n in self.near]
        return any(a.shape != b.shape or not self.close(n, a, b) for n, a, b in pairs)

    def unexplained(self, guess: Guess) -> list[Path]:
        """The blocks that are not what the guess says."""
        return [name for name in self.hand if not self.explains(guess, name)]

    def touched(self, guess: Guess) -> list[Path]:
        """The blocks in which the guess is not right."""
        return [
            name
            for name, right in self.right.items()
            if right.shape != guess.gradients[name].shape
            or not self.close(name, guess.gradients[name], right)
        ]

    def around(self, name: Path, guess: Guess) -> Around:
        """A block of the guess, for a further mistake in it."""
        is_right = guess.gradients is self.right

        def each() -> A | None:
            found = self.each() if is_right else None
            return None if found is None else found[name]

        def close(one: A, two: A, coarser: float = 1.0) -> bool:
            return self.close(name, one, two, coarser)

        others = {other: a for other, a in guess.gradients.items() if other != name}
        return Around(
            right=guess.gradients[name],
            parameter=self.parameters[name],
            others=others,
            samples=self.samples,
            counts=self._counts(),
            each=each,
            close=close,
            unit=self.unit,
            earlier=None if self.earlier is None else self.earlier[name],
        )

    def relative(self, name: Path, one: A, two: A) -> float:
        """The largest difference, relative to the largest entry of the right block."""
        return _apart(one, two) / (self.sizes[name] or 1.0)

    def _counts(self) -> dict[str, int]:
        if self.problem is None:
            return {}
        shape = self.problem[0].shape
        return {"N_I": shape.inputs, "N_H": shape.hidden, "N_O": shape.outputs}

    def _allowed(self, name: Path, guessed: A) -> float:
        right = self.sizes[name]
        return self.allowed[name] * max(1.0, _size(guessed) / right if right > 0 else 1.0)


def seen(
    answer: Answer,
    wrong: Iterable[Path],
    reference: Reference,
    point: Point,
    exact: Evaluation,
    earlier: tuple[Point, Evaluation] | None = None,
) -> Scene:
    """The scene of an answer in which some blocks are wrong; earlier is where one was right."""
    tolerances, parameters = exact.tolerances(Level.TEXTBOOK).gradients, leaves(point.parameters)
    hand = {
        name: answer.gradients[name].astype(np.float64)
        for name in exact.gradients
        if name in answer.gradients and is_real(answer.gradients[name])
    }
    hand = {name: values for name, values in hand.items() if np.isfinite(values).all()}
    allowed = {name: float(tolerances[name].max()) for name in exact.gradients}

    def nameable(name: Path) -> bool:
        right = exact.gradients[name]
        if hand[name].shape != right.shape:
            return True
        return not _apart(hand[name], right) <= NAMEABLE * allowed[name]

    in_question = [name for name in wrong if name in hand]
    too_near = {name for name in in_question if not nameable(name)}
    return Scene(
        hand={name: values for name, values in hand.items() if name not in too_near},
        right=exact.gradients,
        wrong=tuple(name for name in in_question if name not in too_near),
        allowed=allowed,
        unit=number_format.coarsest(point.parameters).unit,
        parameters={name: as_array(a).astype(np.float64) for name, a in parameters.items()},
        samples=sample_count(point),
        problem=network_problem(point) if reference.of_network else None,
        sizes={name: _size(right) for name, right in exact.gradients.items()},
        near={name: hand[name] for name in too_near},
        each=cache(lambda: _of_every_sample(reference, point, exact)),
        earlier=earlier and earlier[1].gradients,
        kept=_kept_from(earlier[0]) if earlier and reference.of_network else (),
    )


def _kept_from(point: Point) -> tuple[Mistake, ...]:
    parameters, batch = network_problem(point)
    return kept_from(parameters, *batch)


def _of_every_sample(reference: Reference, point: Point, exact: Evaluation) -> Results | None:
    """By the reference on one sample at a time; None where these do not add up to the whole."""
    samples = sample_count(point)
    entries = samples * sum(right.size for right in exact.gradients.values())
    if not 1 < samples <= MOST_SAMPLES or entries > MOST_ENTRIES:
        return None
    try:
        alone = [
            reference.evaluate(with_samples(point, np.array([i]))).gradients for i in range(samples)
        ]
    except Exception:  # a loss need not be able to do that
        return None
    found = {name: np.stack([one[name] for one in alone]) for name in exact.gradients}
    for share in (1.0, 1.0 / samples):  # a sum over the batch, or a mean
        each = {name: share * values for name, values in found.items()}
        if all(_adds_up(each[name], right) for name, right in exact.gradients.items()):
            return each
    return None


def _adds_up(each: A, right: A) -> bool:
    return _apart(each.sum(axis=0), right) <= 1e-9 * _size(np.abs(each).sum(axis=0))


def _size(block: A) -> float:
    return float(np.abs(block).max(initial=0.0))


@np.errstate(all="ignore")
def _apart(one: A, two: A) -> float:
    """The largest difference; NaN where there is one among them."""
    return float(np.abs(one - two).max(initial=0.0))
