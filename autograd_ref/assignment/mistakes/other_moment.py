"""Values of another moment: W1 after its update, or what an earlier call has computed."""

from collections.abc import Sequence

import numpy as np

from autograd_ref.assignment.mistakes.derivation import RIGHT, A, Run, gradients_by
from autograd_ref.assignment.mistakes.mistake import Change, Mistake, both, step
from autograd_ref.diagnosis.relations.known import ANEW
from autograd_ref.diagnosis.relations.relation import FEWEST
from manual_backprop.parameters import Parameters


def updated_by(rate: float) -> Mistake:
    """Return the mistake of going back through W1 after a step with this rate."""
    return Mistake(
        "W1 already updated",
        f"e2 goes back through W1 - {rate:.4g} dW1, already updated",
        "compute all gradients first, then change the parameters",
        step("back", lambda r: r.p.W1 - r.p.W1.dtype.type(rate) * r.W1),
        hides="the gradient of W1 is small",
    )


def updated(hand: Sequence[A | None], p: Parameters, X: A, Y: A) -> Mistake | None:
    """Return it with the rate that explains the gradient of W0 best; None without such a rate.

    The gradient of W0 is then the right one, minus the rate times what it would be if e2 went back
    through the gradient of W1. Where delta1 has too few entries, any error in it would be of this
    kind.

    Args:
        hand: the gradients under test of W0, b0, W1 and b1; None for one that is not there.
        p: the parameters.
        X: the features.
        Y: the targets, one-hot.
    """
    if min(len(X), X.shape[1] + 1) * len(p.b0) < FEWEST:
        return None
    right = gradients_by(RIGHT, p, X, Y)
    wrong = gradients_by(step("back", lambda r: r.W1)(RIGHT), p, X, Y)
    assert right is not None, "the right derivation runs on any problem"
    assert wrong is not None, "and so does one with a matrix of the same shape"
    W0, b0, *_others = hand
    square = float(np.vdot(wrong.W0, wrong.W0))
    # the gradient of b0 then shows whether it is so
    if W0 is None or W0.shape != right.W0.shape or b0 is None or not square > 0:
        return None
    rate = float(np.vdot(right.W0 - W0, wrong.W0)) / square
    return updated_by(rate)._replace(fitted=True) if np.isfinite(rate) and rate > 0 else None


def kept_from(p: Parameters, X: A, Y: A) -> tuple[Mistake, ...]:
    """Return derivations that use what an earlier call, with these arguments, has computed."""
    old = Run(RIGHT, p, X, Y)

    def kept(name: str, what: str, change: Change) -> Mistake:
        return Mistake(f"{name} of an earlier call", f"{what} of an earlier call", ANEW, change)

    def quantity(name: str) -> Change:
        return step(name, lambda _r: getattr(old, name))

    activations = both(quantity("a1"), both(quantity("y_hat"), quantity("slope")))
    return (
        kept("activations", "the backward pass goes through the activations", activations),
        *(kept(n, f"{n} is that", quantity(n)) for n in ("z1", "a1", "y_hat", "e2", "delta1")),
        kept("slope", "the slope of the activation is that", quantity("slope")),
        kept("W1", "e2 goes back through the parameter W1", quantity("back")),
        kept(
            "a1 in W1", "the gradient of W1 is made with a1", step("W1", lambda r: r.e2.T @ old.a1)
        ),
        kept("X", "the gradient of W0 is made with X", step("W0", lambda r: r.delta1.T @ old.X)),
        kept("Y", "the targets are those", step("e2", lambda r: (r.y_hat - old.Y) / r.S)),
    )
