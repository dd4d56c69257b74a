"""Intermediate quantities of the network: the first that goes wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.assignment.autograd_reference import network_problem
from autograd_ref.assignment.bounds import bounds_around
from autograd_ref.assignment.mistakes.derivation import sigma
from autograd_ref.network import exact_pass_of
from autograd_ref.observe.compare import Values, compared_block, share_of_tolerance
from autograd_ref.report.data import Block
from autograd_ref.rounding.arithmetic import Level, arithmetic_at
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import is_real
from autograd_ref.tree.point import Point

ORDER = ("z1", "a1", "z2", "y_hat", "e2", "delta1")
"""In which they are computed."""

SUMMED = ("e2", "delta1")
"""Some divide these by S, others what follows from them: either is right."""


def compared(found: Mapping[str, NDArray[Any]], point: Point) -> tuple[Block, ...]:
    """Return those with a name of the derivation, in its order; samples as rows or columns."""
    names = [name for name in ORDER if name in found and is_real(found[name])]
    if not names:
        return ()
    parameters, batch = network_problem(point)
    exact = exact_pass_of(parameters, batch)
    number = number_format.coarsest(point.parameters)
    arithmetic = arithmetic_at(Level.TEXTBOOK, number).beside_the_reference()
    bounds = bounds_around(exact, parameters, batch, arithmetic)
    right = {name: getattr(exact, name) for name in ORDER[:-1]}
    right["delta1"] = (exact.e2 @ parameters.W1) * sigma(exact.z1)
    return tuple(
        _block(name, found[name], right[name], bounds[name], len(batch.X)) for name in names
    )


def _block(
    name: str, hand: NDArray[Any], right: NDArray[Any], tolerance: NDArray[Any], samples: int
) -> Block:
    if hand.shape == right.shape[::-1] != right.shape:
        hand = hand.T
    if name in SUMMED and hand.shape == right.shape:
        share = share_of_tolerance(hand, samples * right, samples * tolerance)
        if (share <= 1).all():
            right, tolerance = samples * right, samples * tolerance
    dtype = hand.dtype if hand.dtype.kind == "f" else np.dtype(np.float64)
    return compared_block(name, Values(hand.astype(dtype), right, dtype), tolerance)
