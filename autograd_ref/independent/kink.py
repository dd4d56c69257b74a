"""A kink of the loss: its gradient jumps when the point moves by a hair.

Neither side is wrong that lies between the slopes on the two sides of a kink.
"""

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.trial import Trial
from autograd_ref.tree.point import Results
from autograd_ref.user_code import Raised, attempt

JUMP = 0.5
"""The part of its change over a distance that a gradient has to make over a hundredth of it in
order to jump: a smooth one makes less, one that jumps makes all of it. Chosen."""

NOISE = 10.0
"""How many tolerances a jump has to have, in order to be none of rounding's. Chosen."""

DISTANCES = 1e-10, 1e-12
"""By how much the point moves, relative to each entry. Chosen."""

ROUNDED = 1e-3
"""How far beyond a jump a gradient may be that has taken the one side and rounded. Chosen."""

AT_A_KINK = (
    "The loss has a kink here, as ReLU has at exactly 0: its gradient jumps when the point moves by"
    " a hair, and the gradient under test lies between. Neither side is wrong; check at another"
    " point."
)

A = NDArray[np.float64]


def gradients_around(trial: Trial) -> tuple[list[Results], list[Results]] | None:
    """The reference gradients at two distances; None where there is no kink, or no loss nearby."""
    around = trial.reference.around
    if around is None:
        return None
    far, near = DISTANCES
    found = attempt(lambda: (list(around(trial.point, far)), list(around(trial.point, near))))
    return None if isinstance(found, Raised) else found


def lies_between_slopes(
    hand: A, reference: A, slopes: tuple[list[A], list[A]], tolerance: A, off: NDArray[np.bool_]
) -> bool:
    """True where all entries that are off lie between slopes that jump.

    Args:
        hand: the gradient under test.
        reference: the gradient of the reference.
        slopes: gradients at the larger and at the smaller of two distances.
        tolerance: of each entry.
        off: the entries beyond it.
    """
    far, near = (np.stack([reference, *side]) for side in slopes)
    low, high = near.min(axis=0), near.max(axis=0)
    width, noise = high - low, NOISE * tolerance
    jumps = (width > JUMP * np.ptp(far, axis=0)) & (width > noise)
    slack = noise + ROUNDED * width
    return bool((jumps & (hand >= low - slack) & (hand <= high + slack))[off].all())
