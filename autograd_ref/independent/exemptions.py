"""What excuses a difference: a kink, between whose slopes it lies; a symmetry, which hides it."""

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Call
from autograd_ref.reference.protocol import Evaluation, Point, Reference, Results
from autograd_ref.tree.nest import as_array, leaves
from autograd_ref.verdict.judge import Judgement

JUMP = 0.5
"""Of what a gradient does over some distance, a smooth one does less than this over a hundredth of
it; one that jumps does all of it."""

NOISE = 10.0
"""How many tolerances a jump has to have, in order to be none of rounding's."""

DISTANCES = 1e-10, 1e-12
"""By how much the point moves, relative to each entry."""

ROUNDED = 1e-3
"""How far beyond a jump a gradient may be, that has taken the one side and rounded."""

KINK = "lies between the slopes of a kink, where either is right"
SYMMETRIC = "agrees in its symmetric part, which is all that a symmetric parameter determines"

AT_A_KINK = (
    "The loss has a kink here, as ReLU has at exactly 0: its gradient jumps when the point moves by"
    " a hair, and what is under test lies between. Neither side is wrong; check at another point."
)


def excuses(
    result: Judgement, reference: Reference, point: Point, exact: Evaluation, call: Call
) -> dict[str, str]:
    """The blocks that are wrong in value and cannot be blamed, and why.

    Args:
        result: what the call was found to be.
        reference: what it was held against.
        point: where.
        exact: the reference there.
        call: of the function under test.
    """
    wrong = [name for name in result.wrong if name in result.shares]
    hand = {name: call.answer.gradients[name].astype(np.float64) for name in wrong}
    found = {
        name: SYMMETRIC
        for name in wrong
        if _is_symmetric(as_array(leaves(point.parameters)[name]))
        and _agrees_in_part(hand[name] - exact.gradients[name], result.shares[name])
    }
    around = _around(reference, point) if wrong else None
    if around is not None:
        far, near = around
        for name in wrong:
            error, share = hand[name] - exact.gradients[name], result.shares[name]
            tolerance = _tolerance(error, share)
            here = exact.gradients[name]
            wide, close = (np.stack([here, *(g[name] for g in side)]) for side in (far, near))
            if _between(hand[name], wide, close, NOISE * tolerance, share > 1):
                found[name] = KINK
    return found


def _around(reference: Reference, point: Point) -> list[list[Results]] | None:
    """The gradients nearby; None where there can be no kink, or the loss is not defined there."""
    if reference.around is None:
        return None
    try:
        return [list(reference.around(point, distance)) for distance in DISTANCES]
    except Exception:  # what asks for more than the user did has nothing to raise
        return None


def _between(
    hand: NDArray[np.float64],
    far: NDArray[np.float64],
    near: NDArray[np.float64],
    noise: NDArray[np.float64],
    off: NDArray[np.bool_],
) -> bool:
    """Whether all entries that are off lie between slopes that jump."""
    low, high = near.min(axis=0), near.max(axis=0)
    width = high - low
    jumps = (width > JUMP * np.ptp(far, axis=0)) & (width > noise)
    slack = noise + ROUNDED * width
    return bool((jumps & (hand >= low - slack) & (hand <= high + slack))[off].all())


def _tolerance(error: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """The one of which an error is such a share; 0 where there is no error."""
    return np.divide(np.abs(error), share, out=np.zeros_like(error), where=share > 0)


def _is_symmetric(parameter: NDArray[np.generic]) -> bool:
    """A square matrix, and larger than one number."""
    shape = parameter.shape
    square = len(shape) == 2 and shape[0] == shape[1] > 1
    return square and np.array_equal(parameter, parameter.T) and bool(np.count_nonzero(parameter))


def _agrees_in_part(error: NDArray[np.float64], share: NDArray[np.float64]) -> bool:
    """Whether the error is antisymmetric, to the tolerance of which it is such a share."""
    tolerance = _tolerance(error, share)
    return bool((np.abs(error + error.T) <= tolerance + tolerance.T).all())
