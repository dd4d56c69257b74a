"""The gradient at a point that is moved by little, by one difference for every entry.

Its steps are far smaller than the move, so that no kink that the move leaves behind is met again.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.directional import along, moved
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results

STEP = 1e-3
"""The step of an entry, relative to its own move. Chosen: entries that were equal are then about a
hundredth of it apart."""


def nearby(
    value: Callable[[Point], float], point: Point, by: Results
) -> Callable[[Path], NDArray[np.float64]]:
    """The gradient by each block, taken when it is asked for.

    Args:
        value: the loss at a point.
        point: where all begins.
        by: how far each entry moves.
    """
    there = moved(point, by, 1.0)

    def of_block(path: Path) -> NDArray[np.float64]:
        found = np.empty(by[path].shape)
        steps = STEP * np.where(by[path] == 0, np.abs(by[path]).max(initial=0.0), np.abs(by[path]))
        for index in np.ndindex(found.shape):
            step = float(steps[index])
            direction = np.zeros(found.shape)
            direction[index] = step
            line = along(value, there, {path: direction})
            found[index] = (line(1.0) - line(-1.0)) / (2 * step)
        return found

    return of_block
