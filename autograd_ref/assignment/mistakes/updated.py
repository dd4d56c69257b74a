"""W1 already updated when e2 goes back through it: wrong by a step of unknown length."""

from collections.abc import Mapping

import numpy as np

from autograd_ref.assignment.mistakes.derivation import RIGHT, A, gradients_by
from autograd_ref.assignment.mistakes.mistake import Mistake, step
from autograd_ref.diagnosis.relations.relation import FEWEST
from manual_backprop.parameters import Parameters


def updated_by(rate: float) -> Mistake:
    """With the rate of the descent."""
    return Mistake(
        "W1 already updated",
        f"e2 goes back through W1 - {rate:.4g} dW1, already updated",
        "work out all gradients first, then change the parameters",
        step("back", lambda r: r.p.W1 - r.p.W1.dtype.type(rate) * r.W1),
        hides="the gradient of W1 is small",
    )


def updated(hand: Mapping[str, A], p: Parameters, X: A, Y: A) -> Mistake | None:
    """With the rate that explains the gradient of W0 best; None where there is no such rate.

    W0 is the right one, minus the rate times what it would be if e2 went back through the gradient
    of W1. Where delta1 has too few entries, any error in it would be of this kind.
    """
    if min(len(X), X.shape[1] + 1) * len(p.b0) < FEWEST:
        return None
    right = gradients_by(RIGHT, p, X, Y)
    wrong = gradients_by(step("back", lambda r: r.W1)(RIGHT), p, X, Y)
    assert right is not None, "the right derivation runs on any problem"
    assert wrong is not None, "and so does one with a matrix of the same shape"
    W0 = hand.get("W0")
    square = float(np.vdot(wrong.W0, wrong.W0))
    # the gradient of b0 then shows whether it is so
    if W0 is None or W0.shape != right.W0.shape or "b0" not in hand or not square > 0:
        return None
    rate = float(np.vdot(right.W0 - W0, wrong.W0)) / square
    return updated_by(rate)._replace(fitted=True) if np.isfinite(rate) and rate > 0 else None
