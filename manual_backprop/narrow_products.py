"""Products and sums that Numba compiles; BLAS is slow where a matrix is narrow.

They run as plain Python, too.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

FEW = 4
"""Loops are faster than BLAS where a product has at most so many rows, columns or terms."""


@register_jitable
def product(A: Any, B: Any) -> Any:
    """Return A B, for a B with long rows."""
    if min(A.shape) > FEW:
        return np.dot(A, B)
    rows, total = np.ascontiguousarray(B), np.zeros((len(A), B.shape[1]), B.dtype)
    for i in range(len(A)):
        for k in range(len(rows)):
            for s in range(rows.shape[1]):
                total[i, s] += A[i, k] * rows[k, s]
    return total


@register_jitable(fastmath={"contract", "reassoc", "nsz"})
def products_of_rows(A: Any, B: Any) -> Any:
    """Return A B^T, for an A and a B with long rows."""
    if min(len(A), len(B)) > FEW:
        return np.dot(A, B.T)
    rows, total = np.ascontiguousarray(B), np.empty((len(A), len(B)), B.dtype)
    for i in range(len(A)):
        for k in range(len(rows)):
            added = total.dtype.type(0)
            for s in range(rows.shape[1]):
                added += A[i, s] * rows[k, s]
            total[i, k] = added
    return total


@register_jitable
def sum_in_pairs(terms: Any) -> Any:
    """Return the sum, with an error that grows as their number's logarithm; overwrites them."""
    left = len(terms)
    while left > 1:
        half = (left + 1) // 2
        for s in range(left - half):
            terms[s] += terms[half + s]
        left = half
    return terms[0]
