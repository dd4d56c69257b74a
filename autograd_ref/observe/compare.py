"""One quantity beside its reference: form, finiteness, then closeness. Nothing broadcasts."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd_ref.tree.number_format import BFLOAT16, NumberFormat, of_dtype
from autograd_ref.verdict.facts import Comparison

COARSEST, COARSEST_UNITS = 1e-2, 128
"""The largest relative error that a tolerance may allow; beyond it nothing is shown.

It is what the checkers in use today let pass. In formats of two or three digits, float16 and
bfloat16, so many units of roundoff, which is more. Chosen.
"""

UNRESOLVED = (
    "has nothing to be compared with{place}: within the smallest steps of a numerical derivative"
    " the loss leaps, or rounding scatters its values, so that its slope is not known (is it not"
    " differentiable there, or a matrix nearly singular?)"
)


class Values(NamedTuple):
    """One quantity under test, and the reference for it."""

    hand: NDArray[Any]
    reference: NDArray[Any]
    """It has the shape that hand needs to have."""
    dtype: DTypeLike
    """The one that hand needs to have."""
    found: str = ""
    """The one that it had before it became an array, where NumPy does not know it."""
    kink: str = ""
    """Where the loss has a kink, in words; empty where it has none."""
    through: NumberFormat | None = None
    """The coarsest format that its computation goes through; None where that is its own."""
    by_differences: bool = False
    """True where the reference is a numerical derivative, which may be unknown for its own sake."""

    @property
    def has(self) -> str:
        """The dtype that it has, by its name."""
        return self.found or self.hand.dtype.name

    @property
    def needs(self) -> str:
        """The dtype that it needs, by its name."""
        return str(self.dtype) if self.dtype == BFLOAT16.name else np.dtype(self.dtype).name


@np.errstate(over="ignore")  # what is beyond all numbers is infinite, and rightly so
def compare(values: Values, tolerance: NDArray[Any], stated: float = 0.0) -> Comparison:
    """The values under test beside the reference.

    Args:
        values: both sides.
        tolerance: the absolute difference that is allowed, entry by entry.
        stated: the part of the largest entry that the caller allows in it beside rounding: what
            that lets pass is no reason to decide nothing.

    Raises:
        ValueError: tolerance and reference differ in shape.
    """
    found = _compared(values, tolerance)
    if not stated or not found.size:
        return found
    room = np.full(values.reference.shape, stated * found.size)
    return found._replace(coarsest=found.coarsest + _resolution(values.reference, room))


def _compared(values: Values, tolerance: NDArray[Any]) -> Comparison:
    hand, reference = values.hand, values.reference
    if tolerance.shape != reference.shape:
        raise ValueError(
            f"tolerance has shape {tolerance.shape}; it needs that of reference, {reference.shape}"
        )
    found = Comparison(hand.shape, values.has, kink=values.kink)
    form = _form(values, tolerance)
    if form:
        return found._replace(dtype=str(hand.dtype), form=form)
    if not hand.size:
        return found._replace(share=0.0)
    known = _known(hand, reference, tolerance)
    lost = known & ~np.isfinite(hand)
    if lost.any():
        index = _first(lost)
        return _at(index, values)._replace(not_finite=f"is {hand[index]}{_place(index)}")
    wide = hand.astype(np.float64)
    if known.all():
        return _measured(found, wide, reference, tolerance)._replace(coarsest=_coarsest(values))
    # what is known can be wrong all the same
    wide, reference = np.where(known, wide, 0.0), np.where(known, reference, 0.0)
    tolerances = np.where(known, tolerance, 0.0)
    if (share_of_tolerance(wide, reference, tolerances) > 1).any():
        return _measured(found, wide, reference, tolerances)
    index = _first(~known)
    relative = _relative(hand, values.reference)
    unknown = _why_unknown(index, values, tolerance)
    found = _at(index, values)._replace(unknown=unknown, max_rel_error=relative)
    return found._replace(coarsest=_coarsest(values))


@np.errstate(over="ignore", invalid="ignore")
def share_of_tolerance(
    hand: NDArray[Any], reference: NDArray[Any], tolerance: NDArray[Any]
) -> NDArray[np.float64]:
    """Error / tolerance, entry by entry; no difference is no error, also at tolerance zero."""
    error = np.abs(hand - reference)
    return np.divide(error, tolerance, out=np.where(error > 0, np.inf, 0.0), where=tolerance > 0)


def _form(values: Values, tolerance: NDArray[Any]) -> str:
    """Why no value can be compared."""
    hand, reference = values.hand, values.reference
    if hand.shape != reference.shape:
        return f"has shape {hand.shape}; it needs {reference.shape}"
    if values.has == values.needs:
        return ""
    is_number = hand.dtype.kind in "iuf"
    share = share_of_tolerance(hand.astype(np.float64), reference, tolerance) if is_number else None
    agrees = share is not None and bool((share <= 1).all())
    right = ", with which its values agree" if agrees else ""
    return f"has dtype {values.has}; it needs {values.needs}{right}"


def _measured(
    found: Comparison, hand: NDArray[Any], reference: NDArray[Any], tolerance: NDArray[Any]
) -> Comparison:
    """The comparison of values in float64, all of them known."""
    error = np.abs(hand - reference)
    shares = share_of_tolerance(hand, reference, tolerance)
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(shares), shares.shape))
    size = float(np.abs(reference).max())
    cosine, norm_ratio = _as_vectors(hand, reference)
    return found._replace(
        share=float(shares[worst]),
        shares=np.nan_to_num(shares, nan=np.inf, posinf=np.inf),
        size=size,
        max_abs_error=float(error.max()),
        max_rel_error=float(error.max()) / size if size > 0 else None,
        tolerance=float(tolerance[worst]),
        allowed=float(tolerance.max()),
        worst_index=worst,
        hand=float(hand[worst]),
        reference=float(reference[worst]),
        cosine=cosine,
        norm_ratio=norm_ratio,
        resolution=_resolution(reference, tolerance),
    )


def _coarsest(values: Values) -> float:
    """The largest resolution that shows anything."""
    formats = [of_dtype(values.has), *([values.through] if values.through else [])]
    units = (max(number.unit, number.factors) for number in formats)
    return max(COARSEST, *(COARSEST_UNITS * unit for unit in units))


def _known(
    hand: NDArray[Any], reference: NDArray[Any], tolerance: NDArray[Any]
) -> NDArray[np.bool_]:
    """Where the reference is a number, in the format of hand, whatever rounding does.

    NaN equals nothing; but where the reference has no number either, nobody is wrong.
    """
    with np.errstate(over="ignore"):
        return np.isfinite((np.abs(reference) + tolerance).astype(hand.dtype))


def _relative(hand: NDArray[Any], reference: NDArray[Any]) -> float | None:
    """The largest error of all entries that are finite, relative to the largest of them."""
    finite = np.isfinite(hand) & np.isfinite(reference)
    size = float(np.abs(reference[finite]).max(initial=0.0))
    error = np.abs(hand[finite].astype(np.float64) - reference[finite])
    return float(error.max()) / size if size > 0 else None


def _why_unknown(index: tuple[int, ...], values: Values, tolerance: NDArray[Any]) -> str:
    """How it comes that the reference is not known at this entry."""
    unresolved = not (np.isfinite(values.reference[index]) and np.isfinite(tolerance[index]))
    if values.by_differences and unresolved:
        return UNRESOLVED.format(place=_place(index))
    reason = f"the reference is {values.reference[index]}{_place(index)}"
    if not np.isfinite(values.reference[index]):
        return reason
    beyond = f"may overflow {values.has} after rounding"
    known_size = np.isfinite(tolerance[index])
    return f"{reason}, which {beyond if known_size else 'has no bound on its rounding error'}"


def _at(index: tuple[int, ...], values: Values) -> Comparison:
    """One entry, without a comparison of the others."""
    return Comparison(
        values.hand.shape,
        str(values.hand.dtype),
        worst_index=index,
        hand=float(values.hand[index]),
        reference=float(values.reference[index]),
    )


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
