"""How near a gradient is to that of a network."""

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
        near += [_beside(one, program, read, problem) for one in references(bias)]
        if any(one.is_right for one in near):
            break
    return min(near, key=right_first)


def _beside(one: RightFor, program: CallProgram, read: GradientRead, problem: SmallProblem) -> Near:
    blocks = [*read.gradients]
    mine = np.concatenate([read.gradients[name].ravel() for name in blocks])
    right = np.concatenate([one.gradients[name].ravel() for name in blocks])
    factor, error = _proportion(mine, right)
    count = len(read.reading.of)
    error = error if len(blocks) == count else np.inf  # some have no shape that would do
    pairs = [(read.gradients[n], one.gradients[n]) for n in blocks]
    equal = sum(_proportion(*pair)[1] <= EQUAL for pair in pairs if pair[0].size >= FEWEST)
    cosine = sum(_cosine(*pair) for pair in pairs) / count
    labels = problem.Y.ndim == 1
    return Near(
        program, read.reading, problem.sizes, labels, one.network, error, factor, equal, cosine
    )


def _proportion(one: Array, two: Array) -> tuple[float, float]:
    """How many times the other an array is, and the largest difference beside that."""
    factor = float((one * two).sum()) / (float((two * two).sum()) or 1.0)
    size = float(np.abs(factor * two).max(initial=0.0))
    error = float(np.abs(one - factor * two).max(initial=0.0)) / size if size else np.inf
    return factor, error


def _cosine(one: Array, two: Array) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float((one * two).sum()) / size if size else 0.0
