"""A symmetric parameter determines its gradient in the symmetric part only.

A slope may be divided between an entry and its mirror image in any way.
"""

import numpy as np
from numpy.typing import NDArray


def agrees_in_symmetric_part(
    parameter: NDArray[np.generic], error: NDArray[np.float64], tolerance: NDArray[np.float64]
) -> bool:
    """True where a parameter is a symmetric matrix and its error antisymmetric, to rounding."""
    if not _is_symmetric(parameter):
        return False
    return bool((np.abs(error + error.T) <= tolerance + tolerance.T).all())


def _is_symmetric(parameter: NDArray[np.generic]) -> bool:
    """True for a square matrix that is larger than one number and not zero."""
    shape = parameter.shape
    square = len(shape) == 2 and shape[0] == shape[1] > 1
    return square and np.array_equal(parameter, parameter.T) and bool(np.count_nonzero(parameter))
