"""Relations of what an optimiser makes of a gradient: a step, updated parameters, a clipped one.

They are in no model's catalogue of mistakes, by which the power of a check is counted; they are
tried on any gradient, before a factor without a name.
"""

from collections.abc import Callable

import numpy as np

from autograd_ref.diagnosis.relations.fitted import slope_of
from autograd_ref.diagnosis.relations.relation import Around, Array, Claim, Relation, Variant, plain
from autograd_ref.diagnosis.relations.scales import SCALES

LARGEST_RATE = 0.5
"""Learning rates are smaller; -1/2 and -2 are signs and factors. Chosen."""

TOLD_APART = 1e-5
"""Numbers that differ by so much have to be told apart, or all have three digits. Chosen."""

ALMOST_ONE = 1e-3
"""What is left of g / (|g| + 1e-8), the first step of Adam, beside 1. Chosen."""

PYTORCH = 1e-6
"""What torch.nn.utils.clip_grad_norm_ adds to a norm before it divides by it."""

USE_CHECK_STEP = (
    "return the gradient; code that only updates parameters is what check_step(step, parameters,"
    " *data, rate=..., loss=...) is for"
)


def _round(number: float) -> float:
    """The number in three digits, as people type learning rates and thresholds."""
    return float(f"{number:.3g}")


def _shows_digits(around: Around) -> bool:
    """True where rounding leaves so many digits that a round number is no accident."""
    return not around.close(around.right, around.right * (1 + TOLD_APART))


def _step(hand: Array, around: Around) -> Claim | None:
    right = around.right
    rate = _round(-slope_of(hand, right)) if hand.shape == right.shape else 0.0
    sizes = [n for n in (around.samples, *around.counts.values()) if n]
    if not 0 < rate < LARGEST_RATE or any(_round(1 / n) == rate for n in sizes):
        return None
    if not _shows_digits(around):
        return None
    return Claim(hand, -rate * right, f"-{rate:g}")


def _updated(hand: Array, around: Around) -> Claim | None:
    right, parameter = around.right, around.parameter
    if not hand.shape == right.shape == parameter.shape:
        return None
    rate = _round(slope_of(parameter - hand, right))
    if rate == 0 or not _shows_digits(around):
        return None
    sign = "minus" if rate > 0 else "plus"
    return Claim(hand, parameter - rate * right, f"{sign} {abs(rate):g}")


def _sign(hand: Array, around: Around) -> Claim | None:
    if hand.shape != around.right.shape or np.abs(np.abs(hand) - 1).max() > ALMOST_ONE:
        return None
    return Claim(np.sign(hand), np.sign(around.right))


def _clipped(hand: Array, around: Around) -> Claim | None:
    """Claim that all larger entries are one number, which is round, or is several entries."""
    if hand.shape != around.right.shape:
        return None
    most = float(np.abs(hand).max())
    at_most = int((np.abs(hand) == most).sum())
    if most == 0 or (at_most < 2 and _round(most) != most):
        return None
    return Claim(hand, np.clip(around.right, -most, most), f"+-{most:.4g}")


def _norm_clipped(hand: Array, around: Around) -> Claim | None:
    right = around.right
    factor = slope_of(hand, right) if hand.shape == right.shape else 0.0
    if not 0 < factor < 1 or not _shows_digits(around):
        return None
    here = float(np.linalg.norm(right))
    everywhere = float(np.sqrt(here**2 + sum(np.sum(a**2) for a in around.others.values())))
    for norm, of in ((here, "its norm"), (everywhere, "the norm of all parameters together")):
        for size in (norm, norm + PYTORCH):
            limit = _round(factor * size)
            claim = Claim(hand, limit / size * right, f"{of} is {limit:g}")
            if around.close(hand, claim.right):
                return claim
    return None


def _one_number(hand: Array, around: Around) -> Claim | None:
    right = around.right
    if hand.size != 1 or right.size < 2:
        return None
    one = hand.reshape(())
    if right.ndim == 2 and right.shape[0] == right.shape[1]:
        trace = np.asarray(np.trace(right))
        if around.close(one, trace):
            return Claim(one, trace, "the sum of its diagonal, as np.dot gives for np.outer")
    return Claim(one, np.asarray(right.sum()), "the sum of all its entries")


def _none_planted(_around: Around) -> tuple[Variant, ...]:
    """Return nothing: no catalogue has them to be injected."""
    return ()


def _negative(scale: Relation) -> Callable[[Around], Array | None]:
    return lambda around: next((-variant.block for variant in scale.variants(around)), None)


SIGNED = tuple(
    plain(
        f"sign flipped + {scale.name}",
        f"of the wrong sign, and {scale.what}",
        f"flip the sign; {scale.fix}",
        _negative(scale),
    )
    for scale in SCALES[1:]
)

UPDATES: tuple[Relation, ...] = (
    plain(
        "the parameter itself",
        "the parameter, not its gradient",
        "return what is computed, not what it is computed for",
        lambda around: around.parameter,
        wipes=True,
    ),
    *SIGNED,
    Relation(
        "a step",
        "{} times what it should be, as the step that is added to parameters is",
        USE_CHECK_STEP,
        _step,
        _none_planted,
    ),
    Relation(
        "updated parameters",
        "the updated parameter, {} times the gradient",
        USE_CHECK_STEP,
        _updated,
        _none_planted,
    ),
    Relation(
        "the sign of the gradient",
        "made of the signs of what it should be: the first step of Adam, or of sign descent",
        USE_CHECK_STEP,
        _sign,
        _none_planted,
    ),
    Relation(
        "clipped",
        "right, but clipped at {}",
        "return the gradient as it is before it is clipped",
        _clipped,
        _none_planted,
    ),
    Relation(
        "clipped by its norm",
        "right, but shortened, so that {}",
        "return the gradient as it is before it is clipped",
        _norm_clipped,
        _none_planted,
    ),
    Relation(
        "one number",
        "one number, {}",
        "sum over the samples only (axis=0); use np.outer for the gradient by a matrix",
        _one_number,
        _none_planted,
    ),
)
