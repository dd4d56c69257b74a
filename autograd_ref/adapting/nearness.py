"""How near a gradient is to that of a network."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.calling.problem_to_try import RightFor, SmallProblem
from autograd_ref.adapting.calling.programs import CallProgram
from autograd_ref.adapting.calling.readings import WhereRead
from autograd_ref.adapting.calling.trying import GradientRead
from autograd_ref.networks.architecture import Architecture

Array = NDArray[Any]

EQUAL = 1e-6
"""How close, relative to its largest entry, a right gradient is. Chosen: codes differ in rounding
and in constants that keep logarithms finite."""

FEWEST = 3
"""Entries of a block that can tell: two of a softmax's bias are always each other's opposites."""


class Near(NamedTuple):
    """A gradient that was read, and the reference that it is nearest to."""

    program: CallProgram
    reading: WhereRead
    sizes: tuple[int, ...]
    labels: bool
    """True where Y has integer labels (S,), False where it has numbers (S, N_O)."""
    network: Architecture
    """The one that it is right for, or nearest to."""
    error: float
    """The largest difference, relative to the largest entry, beside the factor."""
    factor: float
    """How many times the reference it is."""
    blocks: int
    """How many blocks are right by themselves, each but for a factor: of entries enough to tell."""
    cosine: float
    """The mean cosine over the blocks."""

    @property
    def is_right(self) -> bool:
        """True where it is the reference, but for a factor."""
        return self.error <= EQUAL


def right_first(near: Near) -> tuple[bool, bool, int, float]:
    """Return what the best gradient is the smallest by.

    What is not right is taken with the sign with which the code uses it. A block that is right is
    no accident; a cosine may be, where the others point the other way.

    Args:
        near: a gradient.
    """
    against = not near.is_right and near.program.entry.is_added and not near.reading.is_minus
    return not near.is_right, against, -near.blocks, -round(near.cosine, 9)  # rounding tells none


def itself_first(near: Near) -> tuple[bool, bool]:
    """Return what is the smallest, of right ones, for a gradient itself: then comes its update.

    Args:
        near: a gradient that is right.
    """
    is_itself = near.reading.kind == "gradient" and abs(near.factor - 1) <= EQUAL
    return near.factor < 0, not is_itself


def nearest_network(program: CallProgram, read: GradientRead, problem: SmallProblem) -> Near:
    """Return the network that a gradient is nearest to, that which is meant first.

    Args:
        program: that gave it.
        read: the gradient.
        problem: on which it was.
    """
    bias, near = any(name[0] == "b" for name in read.reading.of), list[Near]()
    for references in (problem.references.meant, problem.references.usual):
        near += _beside(references(bias), program, read, problem)
        if any(one.is_right for one in near):
            break
    return min(near, key=right_first)


def _beside(
    references: Sequence[RightFor], program: CallProgram, read: GradientRead, problem: SmallProblem
) -> list[Near]:
    """How near a gradient is to each of some references, all of them at once."""
    if not references:
        return []
    blocks = [*read.gradients]
    mine = [read.gradients[name].ravel() for name in blocks]
    right = [np.stack([one.gradients[name].ravel() for one in references]) for name in blocks]
    factors, errors = _proportions(np.concatenate(mine), np.concatenate(right, axis=1))
    count = len(read.reading.of)
    if len(blocks) != count:
        errors[:] = np.inf  # some have no shape that would do
    pairs = [*zip(mine, right, strict=True)]
    told = [_proportions(*pair)[1] <= EQUAL for pair in pairs if pair[0].size >= FEWEST]
    equal = np.sum(told, axis=0) if told else np.zeros(len(references))
    cosines = np.sum([_cosines(*pair) for pair in pairs], axis=0) / count
    labels = problem.Y.ndim == 1
    near: list[Near] = []
    for i, one in enumerate(references):
        numbers = float(errors[i]), float(factors[i]), int(equal[i]), float(cosines[i])
        near.append(Near(program, read.reading, problem.sizes, labels, one.network, *numbers))
    return near


def _proportions(one: Array, rows: Array) -> tuple[Array, Array]:
    """How many times each row an array is, and the largest difference beside that."""
    squares = (rows * rows).sum(axis=1)
    factors = (one * rows).sum(axis=1) / np.where(squares, squares, 1.0)
    multiples = factors[:, np.newaxis] * rows
    sizes = np.abs(multiples).max(axis=1, initial=0.0)
    errors = np.abs(one - multiples).max(axis=1, initial=0.0)
    return factors, np.divide(errors, sizes, out=np.full_like(errors, np.inf), where=sizes != 0)


def _cosines(one: Array, rows: Array) -> Array:
    sizes = np.linalg.norm(one) * np.linalg.norm(rows, axis=1)
    return np.divide((one * rows).sum(axis=1), sizes, out=np.zeros_like(sizes), where=sizes != 0)
