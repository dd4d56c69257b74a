"""The remainders of a Taylor test, of the gradient under test and the loss of the reference."""

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Call
from autograd_ref.calls.trial import Trial
from autograd_ref.reference.directional import along, in_proportion
from autograd_ref.report.taylor.remainders import Taylor
from autograd_ref.tree.leaf import as_array, is_real
from autograd_ref.tree.nest import Path, leaves, name_of

STEPS = 2.0 ** -np.arange(3.0, 23.0)
"""The steps, as parts of the size of every parameter. Chosen."""


def remainders_along(trial: Trial, call: Call, seed: int) -> Taylor:
    """The Taylor test at the point of a call, along a direction in which all blocks move.

    Args:
        trial: what was called, and the reference.
        call: what came back; blocks that do not have the form of their parameter do not move.
        seed: for the direction.

    Raises:
        ValueError: no block has the form of its parameter.
    """
    random = np.random.default_rng(seed)
    direction = dict[Path, NDArray[np.float64]]()
    derivative = 0.0
    for path, leaf in leaves(trial.point.parameters).items():
        hand = call.answer.gradients.get(path)
        shape: tuple[int, ...] = as_array(leaf).shape
        if path in trial.unasked or hand is None or hand.shape != shape or not is_real(hand):
            continue
        by = random.choice([-1.0, 1.0], shape) * (0.5 + random.random(shape))
        direction[path] = in_proportion(leaf, by)
        derivative += float((hand.astype(np.float64) * direction[path]).sum())
    if not direction:
        raise ValueError("no gradient has the form of its parameter; a Taylor test needs one")
    at = along(trial.reference.value, trial.point, direction)
    here = at(0.0)
    moved = np.array([at(float(h)) for h in STEPS]) - here
    return Taylor(
        STEPS.copy(),
        np.abs(moved),
        np.abs(moved - STEPS * derivative),
        here,
        derivative,
        tuple(map(name_of, direction)),
    )
