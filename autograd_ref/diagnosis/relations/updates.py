"""Relations of what an optimiser makes of a gradient: a step, updated parameters, a clipped one.

They are in no model's catalogue of mistakes, by which the power of a check is counted; they are
tried on any gradient, before a factor without a name. Beside a factor that people type, which
explains the same where the gradient is proportional to the parameter, say, they need a number that
optimisers are run with.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from autograd_ref.diagnosis.relations.fitted import A_CONSTANT_FACTOR, WEIGHT_DECAY, slope_of
from autograd_ref.diagnosis.relations.relation import (
    FEWEST,
    Around,
    Array,
    Claim,
    Relation,
    Variant,
    fits,
    plain,
)
from autograd_ref.diagnosis.relations.scales import SCALES

LARGEST_RATE = 0.5
"""Learning rates are smaller; -1/2 and -2 are signs and factors. Chosen."""

TOLD_APART = 1e-5
"""Numbers that differ by so much have to be told apart, or all have three digits. Chosen."""

ALMOST_ONE = 1e-3
"""The distance of g / (|g| + 1e-8), the first step of Adam, from 1 or -1. Chosen."""

PYTORCH = 1e-6
"""The number that torch.nn.utils.clip_grad_norm_ adds to a norm before it divides by it."""

USE_CHECK_STEP = (
    "return the gradient; code that only updates parameters is what check_step(step, parameters,"
    " *data, rate=..., loss=...) is for"
)


def _round(number: float, digits: int = 3) -> float:
    """The number in few digits, as people type learning rates and thresholds."""
    return float(f"{number:.{digits}g}")


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


def _updated(hand: Array, around: Around, digits: int = 3) -> Claim | None:
    right, parameter = around.right, around.parameter
    if not hand.shape == right.shape == parameter.shape:
        return None
    rate = _round(slope_of(parameter - hand, right), digits)
    if rate == 0 or not _shows_digits(around):
        return None
    usual = 0 < rate < LARGEST_RATE and rate == _round(rate, 1)
    if digits == 1 and not usual:
        return None
    # of so few entries, any other number may be a factor's
    weak = hand.size < FEWEST and not (usual and _typed_factor(hand, around) is None)
    sign = "minus" if rate > 0 else "plus"
    return Claim(hand, parameter - rate * right, f"{sign} {abs(rate):g}", weak=weak)


def _typed_factor(hand: Array, around: Around) -> Claim | None:
    """Claim a factor of three digits, or one that has two beyond 1."""
    claim = A_CONSTANT_FACTOR.claim(hand, around)
    if claim is None or not _shows_digits(around):
        return None
    factor = slope_of(hand, around.right)
    for typed in (_round(factor), 1 + _round(factor - 1, 2)):
        if around.close(hand, typed * around.right):
            return claim._replace(right=typed * around.right)
    return None


def _sign(hand: Array, around: Around) -> Claim | None:
    if hand.shape != around.right.shape or np.abs(np.abs(hand) - 1).max() > ALMOST_ONE:
        return None
    return Claim(np.sign(hand), np.sign(around.right))


def _clipped(hand: Array, around: Around, digits: int = 3) -> Claim | None:
    """Claim that all larger entries are one number, which is round, or is several entries."""
    if hand.shape != around.right.shape:
        return None
    most = float(np.abs(hand).max())
    at_most = int((np.abs(hand) == most).sum())
    if most == 0 or ((at_most < 2 or digits == 1) and _round(most, digits) != most):
        return None
    # of so few entries, another number may be a factor's
    weak = hand.size < FEWEST and _round(most, 1) != most
    return Claim(hand, np.clip(around.right, -most, most), f"+-{most:.4g}", weak=weak)


def _norm_clipped(hand: Array, around: Around, digits: int = 3) -> Claim | None:
    right = around.right
    factor = slope_of(hand, right) if hand.shape == right.shape else 0.0
    if not 0 < factor < 1 or not _shows_digits(around):
        return None
    here = float(np.linalg.norm(right))
    everywhere = float(np.sqrt(here**2 + sum(np.sum(a**2) for a in around.others.values())))
    for norm, of in ((here, "its norm"), (everywhere, "the norm of all parameters together")):
        for size in (norm, norm + PYTORCH):
            limit = _round(factor * size, digits)
            weak = hand.size < FEWEST and _round(limit, 1) != limit
            claim = Claim(hand, limit / size * right, f"{of} is {limit:g}", weak=weak)
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

NEGATIVE: tuple[Relation, ...] = (
    *SIGNED,
    Relation(
        "a step",
        "{} times what it should be, as the step that is added to parameters is",
        USE_CHECK_STEP,
        _step,
        _none_planted,
    ),
)
"""Negative factors with a name: no other factor has to be said beside them."""

A_TYPED_FACTOR = replace(A_CONSTANT_FACTOR, claim=_typed_factor)


def _others(digits: int) -> tuple[Relation, ...]:
    """The relations whose numbers have so many digits at most."""
    return (
        Relation(
            "updated parameters",
            "the updated parameter, {} times the gradient",
            USE_CHECK_STEP,
            partial(_updated, digits=digits),
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
            partial(_clipped, digits=digits),
            _none_planted,
        ),
        Relation(
            "clipped by its norm",
            "right, but shortened, so that {}",
            "return the gradient as it is before it is clipped",
            partial(_norm_clipped, digits=digits),
            _none_planted,
        ),
    )


THE_PARAMETER = plain(
    "the parameter itself",
    "the parameter, not its gradient",
    "return what is computed, not what it is computed for",
    lambda around: around.parameter,
    wipes=True,
)

TYPICAL: tuple[Relation, ...] = (THE_PARAMETER, *_others(1))
"""Updates that are said beside a factor that explains the same."""

_OTHERS = _others(3)

UNLESS_A_FACTOR: tuple[Relation, ...] = (WEIGHT_DECAY, THE_PARAMETER, *_OTHERS)
"""Updates that are not said of one block among others, where a factor that people type explains it
as well."""

LINEAR: tuple[Relation, ...] = (THE_PARAMETER, *NEGATIVE, _OTHERS[0])
"""Updates that are the same of every component of a gradient."""

UPDATES: tuple[Relation, ...] = (
    THE_PARAMETER,
    *NEGATIVE,
    *_OTHERS,
    Relation(
        "one number",
        "one number, {}",
        "sum over the samples only (axis=0); use np.outer for the gradient by a matrix",
        _one_number,
        _none_planted,
    ),
)


def fits_by_itself(relation: Relation, hand: Array, around: Around) -> Claim | None:
    """Return a relation's claim about one block among others, where no plainer one holds."""
    claim = fits(relation, hand, around)
    if claim is None or relation not in UNLESS_A_FACTOR:
        return claim
    return None if fits(A_TYPED_FACTOR, hand, around) else claim
