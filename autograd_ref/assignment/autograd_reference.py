"""The network at a point by PyTorch's autograd, and its loss step by step.

Tolerances are derived, not measured.
"""

from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, log, softmax
from torch.nn import functional

from autograd_ref.assignment.bounds import bounds_around
from autograd_ref.network import SOFTPLUS_THRESHOLD, AutogradPass, exact_loss_of, exact_pass_of
from autograd_ref.reference.protocol import Evaluation, Tolerances
from autograd_ref.report.data import Note
from autograd_ref.rounding.arithmetic import Level, arithmetic_at
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.number_format import NumberFormat
from autograd_ref.tree.point import Point
from autograd_ref.user_code import user_code
from manual_backprop.parameters import Parameters
from manual_backprop.validation import Batch, checked_batch, checked_parameters

CALLED = {"e2": "dz2", "delta1": "dz1"}
"""The derivation's names of derivatives by values of the loss."""

softplus = partial(functional.softplus, threshold=SOFTPLUS_THRESHOLD[torch.float64])


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


def network_loss(parameters: Any, X: Tensor, Y: Tensor) -> Tensor:
    """Return the cross-entropy, averaged over the samples.

    Args:
        parameters: W0, b0, W1 and b1, in float64, by these names or in this order.
        X: (S, N_I).
        Y: labels (S,), or rows (S, N_O).
    """
    found: Any = leaves(parameters)
    W0, b0, W1, b1 = (found[path] for path in network_paths(parameters))
    S, X = len(X), X.double()
    Y = (Y if Y.ndim > 1 else functional.one_hot(Y.long(), len(b1))).double()
    z1 = X @ W0.T + b0
    a1 = softplus(z1)
    z2 = a1 @ W1.T + b1
    y_hat = softmax(z2, dim=1)
    if not y_hat.all():  # one has underflowed, and has no logarithm
        return functional.cross_entropy(z2, Y)
    return -(Y * log(y_hat)).sum() / S
