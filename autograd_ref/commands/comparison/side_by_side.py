"""One problem through the hand-derived gradient, autograd, and a forward difference."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import manual_backprop
from autograd_ref.assignment.bounds import rounding_tolerances
from autograd_ref.assignment.finite_difference import NetworkLoss, forward_difference
from autograd_ref.network import exact_pass
from autograd_ref.observe.compare import Values, compare
from autograd_ref.report.data import Block, Verdict, overall
from autograd_ref.verdict.block import block_by
from manual_backprop.network import backward
from manual_backprop.parameters import Parameters

A = NDArray[Any]


class Compared(NamedTuple):
    """One quantity: by hand against autograd, and for gradients against the forward difference."""

    by_autograd: Block
    by_difference: Block | None


class SideBySide(NamedTuple):
    """All quantities, and the verdict over them."""

    quantities: tuple[Compared, ...]
    verdict: Verdict


def side_by_side(
    parameters: Parameters, X: A, Y: A, *, loss: NetworkLoss = manual_backprop.loss
) -> SideBySide:
    """Compare loss, y_hat, e2 and the four gradients.

    Autograd works in float64 on the values given, whatever their dtype; the forward difference is
    that of `loss`, which may report its progress.
    """
    reference = exact_pass(parameters, X, Y)
    tolerances = rounding_tolerances(parameters, X, Y)
    difference = forward_difference(loss, parameters, X, Y)
    dtype = parameters.W0.dtype

    def against_autograd(name: str, hand: A, autograd: A) -> Block:
        # the loss is a Python float in either number format
        needed = np.float64 if name == "loss" else dtype
        return block_by(name, compare(Values(hand, autograd, needed), tolerances[name]))

    def against_difference(name: str, hand: A) -> Block:
        accuracy = getattr(difference.accuracy, name) + tolerances[name]
        estimate = getattr(difference.gradients, name)
        return block_by(name, compare(Values(hand, estimate, dtype), accuracy))

    value, gradients = manual_backprop.loss_and_gradients(parameters, X, Y)
    y_hat, e2 = manual_backprop.forward(parameters, X).y_hat, backward(parameters, X, Y).e2
    quantities = (
        Compared(against_autograd("loss", np.asarray(value), np.asarray(reference.loss)), None),
        Compared(against_autograd("y_hat", y_hat, reference.y_hat), None),
        Compared(against_autograd("e2", e2, reference.e2), None),
        *(
            Compared(
                against_autograd(name, block, getattr(reference.gradients, name)),
                against_difference(name, block),
            )
            for name, block in gradients._asdict().items()
        ),
    )
    # a forward difference may be too coarse to confirm anything; it can only contradict
    contradicted = any(
        one.by_difference and one.by_difference.verdict == "mismatch" for one in quantities
    )
    verdict = overall(one.by_autograd.verdict for one in quantities)
    return SideBySide(quantities, "mismatch" if contradicted else verdict)
