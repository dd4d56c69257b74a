"""One block against its reference: shape, dtype, finiteness, then closeness. Nothing broadcasts."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd_ref.report import Block, Verdict
from autograd_ref.tolerance import ALLOWED_UNITS


def compare_block(
    name: str,
    hand: NDArray[Any],
    reference: NDArray[Any],
    tolerance: NDArray[Any],
    *,
    dtype: DTypeLike,
) -> Block:
    """Judge the values under test against the reference.

    Args:
        name: the quantity's.
        hand: the values under test.
        reference: what they should be, of the shape that they need to have.
        tolerance: the absolute difference that rounding explains, entry by entry.
        dtype: the one that hand needs to have.

    Raises:
        ValueError: tolerance and reference differ in shape.

    Returns:
        The block; its worst entry is the one with the largest share of its tolerance used up.
    """
    if tolerance.shape != reference.shape:
        raise ValueError(
            f"tolerance has shape {tolerance.shape}; it needs that of reference, {reference.shape}"
        )
    needed = np.dtype(dtype)
    if hand.shape != reference.shape:
        return _refused(name, hand, f"has shape {hand.shape}; it needs {reference.shape}")
    if hand.dtype != needed:
        return _refused(name, hand, f"has dtype {hand.dtype}; it needs {needed}")
    for side, values in (("", hand), ("the reference ", reference)):
        if not np.isfinite(values).all():
            index = _first(~np.isfinite(values))
            return _refused(name, hand, f"{side}is {values[index]} at {list(index)}")

    error = np.abs(hand.astype(np.float64) - reference)
    # no difference is no error, also where the tolerance is zero
    used = np.divide(error, tolerance, out=np.where(error > 0, np.inf, 0.0), where=tolerance > 0)
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(used), used.shape))
    verdict, reason = _judged(float(used[worst]), reference)
    return Block(
        name=name,
        shape=hand.shape,
        dtype=str(hand.dtype),
        verdict=verdict,
        reason=reason,
        max_abs_error=float(error.max()),
        units=ALLOWED_UNITS * float(used[worst]),
        tolerance=float(tolerance[worst]),
        worst_index=worst,
        hand=float(hand[worst]),
        reference=float(reference[worst]),
    )


def _judged(used: float, reference: NDArray[Any]) -> tuple[Verdict, str]:
    if used > 1:
        return "mismatch", f"differs by {used:.3g} times its tolerance"
    if not reference.any():
        return "inconclusive", "the reference is zero everywhere, so nothing could have shown"
    return "match", ""


def _refused(name: str, hand: NDArray[Any], reason: str) -> Block:
    return Block(
        name, hand.shape, str(hand.dtype), "mismatch", reason, None, None, None, None, None, None
    )


def _first(where: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(where)[0])
