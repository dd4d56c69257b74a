"""The relation of two losses: a constant, a factor, or weight decay between them."""

from collections.abc import Callable

import numpy as np

from autograd_ref.reference.protocol import Reference
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import leaves, name_of
from autograd_ref.tree.point import Point, sample_count, with_other_parameters

POINTS = 6
"""Points, besides one for every block, where the losses are compared. Chosen."""

SAME = 1e-6
"""How constant a factor or a residual has to be for a relation between two losses to be named.
Chosen."""


def related(hand_loss: Callable[[Point], float], reference: Reference, point: Point) -> str:
    """The relation in a sentence.

    Args:
        hand_loss: the loss under test.
        reference: the reference, whose loss it is compared with.
        point: where they differ; they are compared there and nearby.
    """
    paths = list(leaves(point.parameters))
    points = [point, *(with_other_parameters(point, i) for i in range(POINTS + len(paths)))]
    hand = np.array([hand_loss(where) for where in points])
    theirs = np.array([reference.value(where) for where in points])
    difference = hand - theirs
    if not np.isfinite(difference).all():
        return "One of the two losses is not finite there, or nearby."
    if np.ptp(difference) <= SAME * float(np.abs(difference).max()):
        return f"The loss under test is the reference's plus the constant {difference[0]:.6g}."
    if theirs.all():
        ratio = hand / theirs
        if np.abs(ratio - 1).max() <= SAME:
            return f"The relative difference of the two losses is below {SAME:g}, there and nearby."
        if np.ptp(ratio) <= SAME * float(np.abs(ratio).max()):
            return f"The loss under test is {_factor(ratio[0], point)} times the reference's."
    squares = np.array(
        [
            [float((as_array(leaf).astype("f8") ** 2).sum()) for leaf in leaves(w[0]).values()]
            for w in points
        ]
    )
    weights = np.linalg.lstsq(squares, difference, rcond=None)[0]
    if float(np.abs(squares @ weights - difference).max()) > SAME * float(np.abs(difference).max()):
        return "The two losses differ neither by a constant, nor by a factor, nor by weight decay."
    largest = float(np.abs(weights).max())
    terms = [
        f"{weight:+.6g} |{name_of(path, root='parameters')}|^2"
        for path, weight in zip(paths, weights, strict=True)
        if abs(weight) > SAME * largest
    ]
    return f"The loss under test is the reference's plus weight decay: {' '.join(terms)}."


def _factor(ratio: float, point: Point) -> str:
    """The factor, with its name where it is the number of samples or its inverse."""
    samples = sample_count(point)
    for name, value in (("S", samples), ("1/S", 1 / samples if samples else 0)):
        if samples > 1 and abs(ratio / value - 1) < SAME:
            return f"{ratio:.6g} ({name}: a sum where the other has a mean)"
    return f"{ratio:.6g}"
