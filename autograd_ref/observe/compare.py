"""One block against its reference: shape, dtype, finiteness, then closeness. Nothing broadcasts."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd_ref.report.data import Block, Verdict
from autograd_ref.tree.number_format import BFLOAT16, of_dtype

COARSEST, COARSEST_UNITS = 1e-2, 128
"""Where a gradient wrong by this factor throughout would still pass, nothing has been shown.

It is what the checkers in use today let pass. In formats of two or three digits, float16 and
bfloat16, so many units of roundoff, which is more.
"""


@np.errstate(over="ignore")  # what is beyond all numbers is infinite, and rightly so
def compare_block(
    name: str,
    hand: NDArray[Any],
    reference: NDArray[Any],
    tolerance: NDArray[Any],
    *,
    dtype: DTypeLike,
    found: str | None = None,
) -> Block:
    """Judge the values under test against the reference.

    Args:
        name: the quantity's.
        hand: the values under test.
        reference: what they should be, of the shape that they need to have.
        tolerance: the absolute difference that rounding explains, entry by entry.
        dtype: the one that hand needs to have.
        found: the one that hand had before it became an array, where NumPy does not know it.

    Raises:
        ValueError: tolerance and reference differ in shape.

    Returns:
        The block; its worst entry is the one with the largest share of its tolerance used up.
    """
    if tolerance.shape != reference.shape:
        raise ValueError(
            f"tolerance has shape {tolerance.shape}; it needs that of reference, {reference.shape}"
        )
    needed = str(dtype) if dtype == BFLOAT16.name else np.dtype(dtype).name
    has = found or hand.dtype.name
    if hand.shape != reference.shape:
        return refused(name, hand, f"has shape {hand.shape}; it needs {reference.shape}")
    if has != needed:
        only = _is_within(hand, reference, tolerance)
        right = ", with which its values agree" if only else ""
        return refused(name, hand, f"has dtype {has}; it needs {needed}{right}")
    known = _known(hand, reference, tolerance)
    lost = known & ~np.isfinite(hand)
    if lost.any():
        index = _first(lost)
        return _at(index, "mismatch", f"is {hand[index]}{_place(index)}", name, hand, reference)

    wide, unknown = hand.astype(np.float64), ~known
    if unknown.any():  # what is known can be wrong all the same
        index = _first(unknown)
        reason = f"the reference is {reference[index]}{_place(index)}"
        if np.isfinite(reference[index]):
            beyond = f"rounding may take beyond {has}"
            known_size = np.isfinite(tolerance[index])
            reason += f", which {beyond if known_size else 'rounding may make anything of'}"
        open_ = _at(index, "inconclusive", reason, name, hand, reference)
        wide, reference = np.where(known, wide, 0.0), np.where(known, reference, 0.0)
        tolerance = np.where(known, tolerance, 1.0)
        if not (share_of_tolerance(wide, reference, tolerance) > 1).any():
            return open_
    error = np.abs(wide - reference)
    used = share_of_tolerance(wide, reference, tolerance)
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(used), used.shape))
    size = float(np.abs(reference).max())
    resolution = _resolution(reference, tolerance)
    coarsest = max(COARSEST, COARSEST_UNITS * of_dtype(needed).unit)
    verdict, reason = _judged(float(used[worst]), size, resolution, coarsest)
    cosine, norm_ratio = _as_vectors(wide, reference)
    return Block(
        name=name,
        shape=hand.shape,
        dtype=has,
        verdict=verdict,
        reason=reason,
        max_abs_error=float(error.max()),
        max_rel_error=float(error.max()) / size if size > 0 else None,
        share=float(used[worst]),
        tolerance=float(tolerance[worst]),
        worst_index=worst,
        hand=float(hand[worst]),
        reference=float(reference[worst]),
        cosine=cosine,
        norm_ratio=norm_ratio,
        resolution=resolution,
    )


def refused(name: str, hand: NDArray[Any], reason: str) -> Block:
    """A mismatch before any value is compared."""
    return Block(name, hand.shape, str(hand.dtype), "mismatch", reason)


def _known(
    hand: NDArray[Any], reference: NDArray[Any], tolerance: NDArray[Any]
) -> NDArray[np.bool_]:
    """Where the reference is a number, in the format of hand, whatever rounding does.

    NaN equals nothing; but where the reference has no number either, nobody is wrong.
    """
    with np.errstate(over="ignore"):
        return np.isfinite((np.abs(reference) + tolerance).astype(hand.dtype))


def _is_within(hand: NDArray[Any], reference: NDArray[Any], tolerance: NDArray[Any]) -> bool:
    """Whether all values are within the tolerance, whatever their dtype."""
    if hand.dtype.kind not in "iuf":
        return False
    share = share_of_tolerance(hand.astype(np.float64), reference, tolerance)
    return bool((share <= 1).all())


def _at(
    index: tuple[int, ...],
    verdict: Verdict,
    reason: str,
    name: str,
    hand: NDArray[Any],
    reference: NDArray[Any],
) -> Block:
    """Because of one entry, without a comparison of the others."""
    return refused(name, hand, reason)._replace(
        verdict=verdict,
        worst_index=index,
        hand=float(hand[index]),
        reference=float(reference[index]),
    )


@np.errstate(over="ignore", invalid="ignore")
def share_of_tolerance(
    hand: NDArray[Any], reference: NDArray[Any], tolerance: NDArray[Any]
) -> NDArray[np.float64]:
    """How much of its tolerance the difference uses up, entry by entry; above 1 it is too much.

    No difference is no error, also where the tolerance is zero.
    """
    error = np.abs(hand - reference)
    return np.divide(error, tolerance, out=np.where(error > 0, np.inf, 0.0), where=tolerance > 0)


def _judged(used: float, size: float, resolution: float, coarsest: float) -> tuple[Verdict, str]:
    if used > 1:
        return "mismatch", f"differs by {used:.3g} times its tolerance"
    if size == 0:
        return "inconclusive", "the reference is zero everywhere, so nothing could have shown"
    if resolution > coarsest:
        return "inconclusive", (
            f"its tolerance leaves room for an error of {resolution:.1g} times the block itself:"
            " try other data, or float64"
        )
    return "match", ""


def _resolution(reference: NDArray[Any], tolerance: NDArray[Any]) -> float:
    """The largest error within the tolerance, relative to the reference, in Euclidean norms."""
    largest = float(np.abs(reference).max())
    if largest == 0:
        return float("inf")
    with np.errstate(over="ignore", under="ignore"):
        room, size = (float(np.linalg.norm((v / largest).ravel())) for v in (tolerance, reference))
    return room / size


def _as_vectors(hand: NDArray[Any], reference: NDArray[Any]) -> tuple[float | None, float | None]:
    """The cosine between the two and the ratio of their norms, where both are defined."""
    sizes = float(np.abs(hand).max()), float(np.abs(reference).max())
    if sizes[1] == 0:
        return None, None
    if sizes[0] == 0:
        return None, 0.0
    # scaled first, so that no square overflows or vanishes
    h, r = hand.ravel() / sizes[0], reference.ravel() / sizes[1]
    norms = float(np.linalg.norm(h)), float(np.linalg.norm(r))
    cosine = float(h @ r) / (norms[0] * norms[1])
    return max(-1.0, min(1.0, cosine)), norms[0] / norms[1] * (sizes[0] / sizes[1])


def _place(index: tuple[int, ...]) -> str:
    return f" at {list(index)}" if index else ""


def _first(where: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(where)[0])
