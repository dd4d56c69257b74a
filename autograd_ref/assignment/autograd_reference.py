"""The network at a point by PyTorch's autograd: loss, gradients, intermediate quantities.

Tolerances are derived, not measured.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.assignment.bounds import bounds_around
from autograd_ref.assignment.mistakes.derivation import sigma
from autograd_ref.network import AutogradPass, exact_loss_of, exact_pass_of
from autograd_ref.observe.compare import Values, compare, share_of_tolerance
from autograd_ref.reference.protocol import Evaluation, Tolerances
from autograd_ref.report.data import Block, Note
from autograd_ref.rounding.arithmetic import Level, arithmetic_at
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, is_real
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.number_format import NumberFormat
from autograd_ref.tree.point import Point
from autograd_ref.user_code import user_code
from autograd_ref.verdict.block import block_by
from manual_backprop.parameters import Parameters
from manual_backprop.validation import Batch, checked_batch, checked_parameters


def network_paths(parameters: object) -> list[Path]:
    """Return the paths of W0, b0, W1 and b1, in this order: by these names, or four in a row.

    Raises:
        TypeError: they are not there.
    """
    found = list(leaves(parameters))
    by_name: list[Path] = [(name,) for name in Parameters._fields]
    if set(found) == set(by_name):
        return by_name
    if found == [(i,) for i in range(4)]:
        return found
    names = ", ".join(name_of(path, root="parameters") for path in found)
    raise TypeError(
        f"parameters has the leaves {names or 'none'}; without loss= they need to be"
        " those of the built-in network, W0, b0, W1, b1; any other model needs loss="
    )


def network_problem(point: Point) -> tuple[Parameters, Batch]:
    """Return equal values in float64, fit for the network.

    Raises:
        TypeError, ValueError: parameters or data are not those of the network.
    """
    found = leaves(point.parameters)
    paths = network_paths(point.parameters)
    blocks = [as_array(found[path]).astype(np.float64) for path in paths]
    if len(point.data) != 2:
        raise TypeError(
            f"data has {len(point.data)} items; without loss= it needs to be X and Y, those of the"
            " built-in network"
        )
    parameters = checked_parameters(Parameters(*blocks))
    X, Y = (as_array(item) for item in point.data)
    wide = X.astype(np.float64) if X.dtype.kind in "iuf" else X
    return parameters, checked_batch(parameters, wide, Y)


def _fit(point: Point) -> tuple[Parameters, Batch]:
    """Return the problem; what does not fit the network is the caller's, as an exception would be.

    Rows that sum to one in float32 need not do so in float64, where nearby losses are taken.
    """
    with user_code():
        return network_problem(point)


def loss_at(point: Point) -> float:
    """Return the loss."""
    return exact_loss_of(*_fit(point))


def evaluated(point: Point) -> Evaluation:
    """Return the loss, the gradients and their tolerances."""
    parameters, batch = _fit(point)
    paths = network_paths(point.parameters)
    found = exact_pass_of(parameters, batch)
    number = number_format.coarsest(point.parameters)

    @cache
    def tolerances(level: Level) -> Tolerances:
        return _tolerances(found, parameters, batch, number, level, paths)

    blocks = (block.astype(np.float64, copy=False) for block in found.gradients)
    gradients = dict(zip(paths, blocks, strict=True))
    return Evaluation(found.loss, gradients, tolerances, _saturation(found, number))


def _saturation(found: AutogradPass, number: NumberFormat) -> tuple[Note, ...]:
    """Return a warning where softplus is the identity for all units and samples, to rounding."""
    if found.z1.min() < -np.log(number.unit):
        return ()
    text = (
        "Every hidden unit is saturated on every sample: softplus has the slope 1 there, to"
        " rounding, so that a slope forgotten, or evaluated at a1, would look the same."
    )
    return (Note("saturated units", text),)


def _tolerances(
    found: AutogradPass,
    parameters: Parameters,
    batch: Batch,
    number: NumberFormat,
    level: Level,
    paths: list[Path],
) -> Tolerances:
    """Return how far the side under test and PyTorch in float64 may round."""
    arithmetic = arithmetic_at(level, number).beside_the_reference()
    bounds = bounds_around(found, parameters, batch, arithmetic)
    wide = {name: np.asarray(bound, dtype=np.float64) for name, bound in bounds.items()}
    blocks = {path: wide[name] for path, name in zip(paths, Parameters._fields, strict=True)}
    return Tolerances(wide["loss"], blocks)


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
    return block_by(name, compare(Values(hand.astype(dtype), right, dtype), tolerance))
